package alerts

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// decodeCharset returns b as UTF-8. Many programs declare the charset of their
// author, not that of their text: bytes that are good UTF-8 are not taken for
// Latin letters, and in what claims to be UTF-8, or claims nothing that is known,
// a line that is not is taken for windows-1252.
func decodeCharset(b []byte, charset string) string {
	enc := declared(charset)
	latin := enc == charmap.Windows1252 || enc == charmap.ISO8859_15
	if enc == nil || latin && utf8.Valid(b) {
		return guessCharset(b)
	}
	out, _ := enc.NewDecoder().Bytes(b)
	return strings.ToValidUTF8(string(out), "\uFFFD")
}

// declared returns the encoding that a name stands for, nil for UTF-8 and for names
// that are not known. us-ascii and iso-8859-1 are windows-1252, as in a browser.
func declared(charset string) encoding.Encoding {
	charset, _, _ = strings.Cut(charset, "*") // RFC 2231 adds a language
	if strings.EqualFold(strings.TrimSpace(charset), "utf-16") {
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM) // RFC 2781: big-endian without a mark
	}
	enc, err := htmlindex.Get(charset)
	if name, _ := htmlindex.Name(enc); err != nil || name == "utf-8" || name == "replacement" {
		return nil
	}
	return enc
}

func guessCharset(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for line := range bytes.Lines(b) {
		if !utf8.Valid(line) {
			line, _ = charmap.Windows1252.NewDecoder().Bytes(line)
		}
		out.Write(line)
	}
	return out.String()
}

// charsetReader is decodeCharset in the form that the standard library asks for.
func charsetReader(charset string, input io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(input)
	return strings.NewReader(decodeCharset(b, charset)), err
}
