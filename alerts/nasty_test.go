package alerts

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

const nastyHead = "From: a@exemple.fr\r\nSubject: s\r\nMIME-Version: 1.0\r\n"

// typed is a mail whose only part has a type and is encoded in base64.
func typed(contentType, body string) string {
	return nastyHead + "Content-Type: " + contentType + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(body)
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func in(e encoding.Encoding, s string) string {
	out, err := e.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

// deep is a mail with a text so many multiparts down.
func deep(levels int) string {
	var b strings.Builder
	b.WriteString(nastyHead)
	for i := range levels {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Language: fr\r\n\r\ntout au fond\r\n")
	for i := levels - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "--b%d--\r\n", i)
	}
	return b.String()
}

// nasty are mails that break rules or use odd ones, and the text that a person would
// find in them.
var nasty = []struct{ name, raw, text string }{
	{"windows-1252", typed("text/plain; charset=windows-1252", in(charmap.Windows1252, "Coût 10 € – œuvre")), "Coût 10 € – œuvre"},
	{"iso-8859-15", typed("text/plain; charset=\"ISO-8859-15\"", in(charmap.ISO8859_15, "Coût 10 € œuvre")), "Coût 10 € œuvre"},
	{"koi8-r", typed("text/plain; charset=koi8-r", in(charmap.KOI8R, "Привет")), "Привет"},
	{"utf-16 with a mark", typed("text/plain; charset=utf-16", in(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "Été 10 €\r\nfin")), "Été 10 €\nfin"},
	{"utf-16 big-endian with a mark", typed("text/plain; charset=UTF-16", in(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "Été 10 €")), "Été 10 €"},
	{"utf-16 without a mark", typed("text/plain; charset=utf-16", in(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "Été 10 €")), "Été 10 €"},
	{"utf-16le", typed("text/plain; charset=utf-16le", in(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "Été")), "Été"},
	{"utf-16 cut inside a character", typed("text/plain; charset=utf-16", "\xfe\xff\x00A\x00B\x00"), "AB\uFFFD"},
	{"UTF-8 that says iso-8859-1", typed("text/plain; charset=iso-8859-1", "Été à Noël"), "Été à Noël"},
	{"UTF-8 that says us-ascii", typed("text/plain; charset=us-ascii", "Été à Noël"), "Été à Noël"},
	{"windows-1252 that says UTF-8", typed("text/plain; charset=utf-8", in(charmap.Windows1252, "Été à Noël")), "Été à Noël"},
	{"charset with a language", typed("text/plain; charset*=utf-8'fr'utf-8", "Été"), "Été"},
	{"HTML that names its charset only inside", nastyHead + "Content-Type: text/html\r\n\r\n<meta charset=windows-1252><p>\xe9t\xe9", "été"},

	{"base64 cut in the middle", typed("text/plain; charset=utf-8", "Bonjour à tous, le texte est là. Encore.")[:len(nastyHead)+120], "Bonjour à tous, le texte est l"},
	{"quoted-printable with soft breaks", nastyHead + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nune =\r\nligne =C3=A9t=C3=\r\n=A9\r\nfin", "une ligne été\nfin"},
	{"an encoding that nobody uses", nastyHead + "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a", "begin 644 a"},
	{"capitals everywhere", nastyHead + "CONTENT-TYPE: TEXT/PLAIN; CHARSET=UTF-8\r\nCONTENT-TRANSFER-ENCODING: BASE64\r\n\r\n" + b64("été"), "été"},

	{"no boundary", nastyHead + "Content-Type: multipart/alternative\r\n\r\nle texte y est", "le texte y est"},
	{"another boundary", nastyHead + "Content-Type: multipart/mixed; boundary=a\r\n\r\n--b\r\n\r\nle texte y est\r\n--b--", "--b\n\nle texte y est\n--b--"},
	{"a multipart that says base64", nastyHead + "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\ntexte\r\n--b--", "texte"},
	{"ten multiparts deep", deep(10), "tout au fond"},
	{"fifty multiparts deep", deep(50), "tout au fond"},
	{"many attachments and no text", nastyHead + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
		strings.Repeat("--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\njournal\r\n", 30) + "--b--", ""},
	{"a mail in a mail", nastyHead + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ndehors\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ndedans\r\n--b--", "dehors"},

	{"a header line of 100 kB", "X-Long: " + strings.Repeat("x", 100<<10) + "\r\n" + nastyHead + "\r\nok", "ok"},
	{"NULs", nastyHead + "\r\nu\x00n\x00\r\n\x00deux", "un\ndeux"},
	{"no body", nastyHead + "\r\n", ""},
	{"no subject", "From: a@exemple.fr\r\n\r\ntexte", "texte"},
	{"several From", nastyHead + "From: b@exemple.fr\r\n\r\ntexte", "texte"},
	{"old line ends in the body", nastyHead + "\r\nun\rdeux", "un\ndeux"},

	{"HTML with style, script and a table", nastyHead + "Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>T</title><style>p{color:red}</style><script>alert('x')</script></head>" +
		"<body><table><tr><th>Nom</th><th>État</th></tr>\r\n<tr><td>Nuage</td><td>en panne</td></tr></table><!-- c --><p>Fin<br>là</p></body></html>", "Nom État\nNuage en panne\n\nFin\nlà"},
	{"HTML cut in the middle", nastyHead + "Content-Type: text/html\r\n\r\n<table><tr><td>Nuage en pan", "Nuage en pan"},
	{"format=flowed", nastyHead + "Content-Type: text/plain; format=flowed\r\n\r\nUne phrase longue \r\nqui continue.\r\n>  cité \r\nréponse\r\n  retrait\r\n-- \r\nAna", "Une phrase longue qui continue.\n>  cité\nréponse\n retrait\n--\nAna"},
	{"format=flowed, delsp=yes", nastyHead + "Content-Type: text/plain; format=Flowed; DelSp=Yes\r\n\r\nUn mo \r\nt long.", "Un mot long."},
}

func TestReadFindsTheTextOfNastyMails(t *testing.T) {
	for _, n := range nasty {
		t.Run(n.name, func(t *testing.T) {
			r := Read([]byte(n.raw), Trust{})
			var lines []string // without spaces at their ends
			for line := range strings.Lines(r.Text) {
				lines = append(lines, strings.TrimRight(line, " \n"))
			}
			if got := strings.Join(lines, "\n"); got != n.text {
				t.Errorf("text %q, want %q; problem %q", got, n.text, r.Problem)
			}
			checkPromises(t, r)
		})
	}
}

func TestReadSaysThatAMailIsNestedTooDeep(t *testing.T) {
	if r := Read([]byte(deep(50)), Trust{}); r.Problem != "read MIME: nested too deep" {
		t.Errorf("problem %q", r.Problem)
	}
}

func TestReadDecodesTheCharsetOfASender(t *testing.T) {
	raw := "Subject: =?koi8-r?B?" + b64(in(charmap.KOI8R, "Привет")) + "?=\r\nFrom: =?utf-16?B?" +
		b64(in(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "Zoé")) + "?= <a@b.fr>\r\n\r\nok"
	if r := Read([]byte(raw), Trust{}); r.Subject != "Привет" || r.From != "Zoé <a@b.fr>" {
		t.Errorf("subject %q, from %q", r.Subject, r.From)
	}
}
