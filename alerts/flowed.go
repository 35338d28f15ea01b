package alerts

import "strings"

// unflow joins the lines that a sender broke for old screens (RFC 3676): a line
// that ends in a space goes on in the next one, unless that is a quotation. delSp
// says that the space is not part of the text.
func unflow(s string, delSp bool) string {
	var out strings.Builder
	flows := false
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\r\n")
		quoted := strings.HasPrefix(line, ">")
		if out.Len() > 0 && (!flows || quoted) {
			out.WriteByte('\n')
		}
		flows = strings.HasSuffix(line, " ") && line != "-- " && !quoted
		if flows && delSp {
			line = strings.TrimSuffix(line, " ")
		}
		out.WriteString(strings.TrimPrefix(line, " ")) // a space in front protects what follows
	}
	return out.String()
}
