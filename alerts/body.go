package alerts

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/inbucket/html2text"
	"github.com/jhillyerd/enmime/v2"
	"github.com/jhillyerd/enmime/v2/mediatype"
)

// Limits on mails made to be slow to read.
const (
	maxParts      = 500       // lines that may begin a part
	maxMultiparts = 40        // times that a multipart is parsed: twice for each; time doubles with each level
	maxMediaType  = 4 << 10   // bytes of a Content-Type
	maxPart       = 256 << 10 // bytes of the part that is shown
)

// bodyText returns the text of a mail: its first text/plain part, else its first
// HTML part as text, cleaned and cut to 64 KiB; and what was wrong, or "".
func bodyText(raw, rawBody []byte) (text, problem string) {
	root, err := readParts(raw)
	if err != nil {
		return cleanText(decodeCharset(rawBody[:min(len(rawBody), maxPart)], "")), err.Error()
	}
	if root.FirstChild == nil && strings.HasPrefix(root.ContentType, "multipart/") {
		return cleanText(decodeCharset(rawBody[:min(len(rawBody), maxPart)], "")), "read MIME: a multipart without parts"
	}
	plain, html := firstPart(root, "text/plain"), firstPart(root, "text/html")
	if plain != nil {
		text, problem = cleanText(partText(plain)), severe(root, plain)
	}
	if text != "" || plain != nil && html == nil {
		return text, problem
	}
	if html == nil {
		return buriedText(rawBody)
	}
	text, err = htmlText(partText(html))
	if err != nil {
		return "", err.Error()
	}
	return cleanText(text), severe(root, html)
}

// buried begins a text in parts nested deeper than they are followed.
var buried = regexp.MustCompile(`(?is)\ncontent-type:[ \t]*text/plain\b[^\n]*\n(?:[^\r\n][^\n]*\n)*\r?\n`)

// buriedText returns the first text, as it stands there, of a mail with so many
// parts that its structure did not lead to one. An attachment is none.
func buriedText(rawBody []byte) (text, problem string) {
	if bytes.Count(rawBody, []byte("\n--")) < maxMultiparts/2 {
		return "", "no text in it"
	}
	at := buried.FindIndex(rawBody)
	if at == nil || bytes.Contains(bytes.ToLower(rawBody[at[0]:at[1]]), []byte("attachment")) {
		return "", "no text in it"
	}
	body, _, _ := bytes.Cut(rawBody[at[1]:], []byte("\n--"))
	return cleanText(decodeCharset(body[:min(len(body), maxPart)], "")), "read MIME: nested too deep"
}

// readParts parses the MIME structure. A mail from outside must not stop the bot,
// so a panic of the parser is an error too.
func readParts(raw []byte) (root *enmime.Part, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read MIME: %v", p)
		}
	}()
	multiparts := 0
	parser := enmime.NewParser(
		enmime.SkipMalformedParts(true),
		enmime.MultipartWOBoundaryAsSinglePart(true),
		enmime.MaxStoredPartErrors(10),
		enmime.SetReadPartErrorPolicy(func(*enmime.Part, error) bool { return true }),
		enmime.DisableCharacterDetection(true),
		enmime.SetCustomParseMediaType(func(s string) (string, map[string]string, []string, error) {
			return boundedMediaType(s, &multiparts)
		}),
	)
	root, err = parser.ReadParts(bytes.NewReader(boundedParts(raw)))
	if err != nil {
		return nil, fmt.Errorf("read MIME: %w", err)
	}
	return root, nil
}

// boundedParts cuts a mail before the line that begins one part too many: enmime
// walks its list of parts for each one that it adds.
func boundedParts(raw []byte) []byte {
	rest := raw
	for range maxParts {
		i := bytes.Index(rest, []byte("\n--"))
		if i < 0 {
			return raw
		}
		rest = rest[i+1:]
	}
	return raw[:len(raw)-len(rest)]
}

// boundedMediaType parses a Content-Type. Only multiparts keep their boundary, and
// only so many of them, because enmime reads each byte once for every level it is
// nested in. Text is left in its charset for [decodeCharset].
func boundedMediaType(s string, multiparts *int) (string, map[string]string, []string, error) {
	if len(s) > maxMediaType {
		return "application/octet-stream", map[string]string{}, nil, nil
	}
	kind, params, invalid, err := mediatype.Parse(s)
	if params == nil {
		params = map[string]string{}
	}
	if strings.HasPrefix(kind, "multipart/") && *multiparts < maxMultiparts {
		*multiparts++
	} else {
		delete(params, "boundary")
	}
	if strings.HasPrefix(kind, "text/") {
		params["charset"] = "utf-8"
	}
	return kind, params, invalid, err
}

// firstPart returns the first part of a kind that is not an attachment, or nil.
// A mail attached to the mail is one part, so its own parts are never found.
func firstPart(root *enmime.Part, kind string) *enmime.Part {
	return root.DepthMatchFirst(func(p *enmime.Part) bool {
		is := p.ContentType == kind || p.ContentType == "" && kind == "text/plain" && p.FirstChild == nil
		return is && !strings.EqualFold(p.Disposition, "attachment")
	})
}

// partText returns the first 256 KiB of a part's text as UTF-8.
func partText(p *enmime.Part) string {
	content := p.Content[:min(len(p.Content), maxPart)]
	_, params, _, _ := mediatype.Parse(cutBytes(p.Header.Get("Content-Type"), maxMediaType))
	text := decodeCharset(content, params["charset"])
	if strings.EqualFold(params["format"], "flowed") {
		return unflow(text, strings.EqualFold(params["delsp"], "yes"))
	}
	return text
}

// rowEnd is where a row of a table ends; the cells of one stay on one line.
var rowEnd = regexp.MustCompile(`(?i)</t[dh]>\s*</tr>`)

// htmlText turns HTML into text without the addresses of links: those that act
// hide behind them.
func htmlText(s string) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read HTML: %v", p)
		}
	}()
	s = rowEnd.ReplaceAllStringFunc(s, func(end string) string { return "<br>" + end })
	text, err = html2text.FromString(s, html2text.Options{OmitLinks: true})
	if err != nil {
		return "", fmt.Errorf("read HTML: %w", err)
	}
	return text, nil
}

// severe returns the first serious fault found in the given parts, or "".
func severe(parts ...*enmime.Part) string {
	for _, p := range parts {
		for _, e := range p.Errors {
			if e.Severe {
				return "read MIME: " + oneLine(e.Name+": "+e.Detail, maxFault)
			}
		}
	}
	return ""
}

// cleanText returns text as [Reading] promises it.
func cleanText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.TrimSpace(cutBytes(strings.Map(shown, s), maxText))
}
