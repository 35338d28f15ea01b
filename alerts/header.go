package alerts

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
)

// header is a mail's header, topmost field first. It is read here and not by a
// MIME library because the order and number of fields decide whom to trust.
type header []field

type field struct {
	name string // in lower case
	raw  []byte // what follows the colon, still folded
}

// maxField is how much of a field is looked at, in bytes.
const maxField = 64 << 10

var unfold = strings.NewReplacer("\r\n", "", "\n", "")

// value returns the field unfolded, but not decoded.
func (f field) value() string {
	raw := string(f.raw[:min(len(f.raw), maxField)])
	return strings.TrimSpace(unfold.Replace(raw))
}

// splitMail cuts a mail at its first empty line. A line that is neither a field
// nor a folded one is passed over, with what is folded below it.
func splitMail(raw []byte) (header, []byte) {
	var h header
	folds := false // whether a folded line would belong to the last field
	for at := 0; at < len(raw); {
		line, _, _ := bytes.Cut(raw[at:], []byte("\n"))
		end := min(at+len(line)+1, len(raw))
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case len(line) == 0:
			return h, raw[end:]
		case line[0] == ' ' || line[0] == '\t':
			if folds {
				last := &h[len(h)-1]
				last.raw = last.raw[:len(last.raw)+end-at]
			}
		default:
			var f field
			if f, folds = newField(line, raw[at:end]); folds {
				h = append(h, f)
			}
		}
		at = end
	}
	return h, nil
}

// newField makes a field of its first line, whose bytes are followed by those of
// the lines folded below it.
func newField(line, raw []byte) (field, bool) {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return field{}, false
	}
	name := strings.ToLower(strings.TrimRight(string(line[:colon]), " \t"))
	ok := name != "" && !strings.ContainsAny(name, " \t")
	return field{name, raw[colon+1:]}, ok
}

// get returns the topmost value of a field, given in lower case, or "".
func (h header) get(name string) string {
	for _, f := range h {
		if f.name == name {
			return f.value()
		}
	}
	return ""
}

// all returns every value of a field, given in lower case, topmost first.
func (h header) all(name string) []string {
	var values []string
	for _, f := range h {
		if f.name == name {
			values = append(values, f.value())
		}
	}
	return values
}

var encodedWord = regexp.MustCompile(`=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=`)

// decodeWords decodes the RFC 2047 words of a header value. Unlike the standard
// library's decoder it takes a character cut in two by a fold, and bytes that
// were never encoded; it has no errors.
func decodeWords(value string) string {
	value = cutBytes(value, 16<<10)
	var out strings.Builder
	var pending []byte // of words that follow each other in the same charset
	var charset string
	end := 0
	flush := func() {
		out.WriteString(decodeCharset(pending, charset))
		pending = nil
	}
	for _, at := range encodedWord.FindAllStringSubmatchIndex(value, -1) {
		between := value[end:at[0]]
		word := value[at[2]:at[3]]
		blank := end > 0 && strings.TrimSpace(between) == ""
		if !blank || !strings.EqualFold(word, charset) {
			flush()
		}
		if !blank {
			out.WriteString(decodeCharset([]byte(between), ""))
		}
		charset = word
		pending = append(pending, wordBytes(value[at[4]:at[5]], value[at[6]:at[7]])...)
		end = at[1]
	}
	flush()
	out.WriteString(decodeCharset([]byte(value[end:]), ""))
	return out.String()
}

// wordBytes undoes the B or Q encoding of one encoded word.
func wordBytes(encoding, s string) []byte {
	if strings.EqualFold(encoding, "b") {
		b, _ := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "= "))
		return b
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '_' {
			c = ' '
		} else if c == '=' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				c, i = byte(v), i+2
			}
		}
		b = append(b, c)
	}
	return b
}
