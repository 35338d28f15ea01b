package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// lines finds places in a document.
type lines struct {
	doc    []byte
	starts []int // the offset of each line
}

func newLines(doc []byte) lines {
	l := lines{doc: doc, starts: []int{0}}
	for i, c := range doc {
		if c == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// index returns the index of the line that an offset is on.
func (l lines) index(offset int) int {
	return sort.SearchInts(l.starts, offset+1) - 1
}

func (l lines) place(offset int) place {
	offset = max(0, min(offset, len(l.doc)))
	i := l.index(offset)
	return place{line: i + 1, column: utf8.RuneCount(l.doc[l.starts[i]:offset]) + 1}
}

// line returns a line without its end.
func (l lines) line(i int) []byte {
	end := len(l.doc)
	if i+1 < len(l.starts) {
		end = l.starts[i+1]
	}
	return bytes.TrimRight(l.doc[l.starts[i]:end], "\r\n")
}

// read parses a document and notes what is wrong with its TOML. What can be
// understood of it is always returned; clean is false when that is not all.
func read(doc []byte, note func(at place, key, text string)) (root *table, clean bool) {
	doc = slices.Clip(doc) // offsets are told from capacities below
	clean = true
	b := &builder{lines: newLines(doc), root: newTable(place{1, 1}, headed), parser: &unstable.Parser{}}
	b.note = func(at place, key, text string) {
		clean = false
		note(at, key, text)
	}
	b.current = b.root
	for start := 0; start < len(doc); {
		start = b.run(start)
	}
	return b.root, clean
}

// doubleCheck lets the library judge a whole document, for the rules that the
// tree does not know. It returns "" for one that is valid.
func doubleCheck(doc []byte) (at place, text string) {
	var all map[string]any
	err := toml.Unmarshal(doc, &all)
	if err == nil {
		return place{}, ""
	}
	at = place{1, 1}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := wrong.Position()
		l := newLines(doc)
		at = l.place(l.starts[max(1, line)-1] + max(1, column) - 1)
	}
	// What stands in quotes is a piece of the file, so perhaps of a secret.
	reason := quotedPart.ReplaceAllString(strings.TrimPrefix(err.Error(), "toml: "), "…")
	return at, "not valid TOML: " + reason
}

var quotedPart = regexp.MustCompile(`"[^"]*"`)

// run parses from an offset up to the next syntax error or the end, and returns
// the offset to go on from.
func (b *builder) run(start int) int {
	b.base = start
	b.parser.Reset(b.lines.doc[start:])
	done := start // what is behind it has been understood
	for b.parser.NextExpression() {
		e := b.parser.Expression()
		path, end := b.path(e.Key())
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			b.enter(path, e.Kind == unstable.ArrayTable)
		default:
			b.set(b.current, path, b.value(e, end))
			end = b.base + int(e.Raw.Offset+e.Raw.Length)
		}
		done = end
	}
	err := b.parser.Error()
	if err == nil {
		return len(b.lines.doc)
	}
	return b.skip(done, err)
}

// path returns the steps of a key and the offset behind it.
func (b *builder) path(key unstable.Iterator) ([]step, int) {
	var path []step
	end := b.base
	for key.Next() {
		n := key.Node()
		start := b.base + int(n.Raw.Offset)
		path = append(path, step{name: string(n.Data), at: b.lines.place(start)})
		end = start + int(n.Raw.Length)
	}
	return path, end
}

var kinds = map[unstable.Kind]kind{
	unstable.String: words, unstable.Integer: integer, unstable.Float: decimal, unstable.Bool: boolean,
	unstable.LocalDate: moment, unstable.LocalTime: moment, unstable.LocalDateTime: moment, unstable.DateTime: moment,
	unstable.Array: list, unstable.InlineTable: group,
}

// value returns the value of an expression whose key ends at keyEnd.
func (b *builder) value(e *unstable.Node, keyEnd int) *value {
	rest := b.lines.doc[keyEnd:]
	at := len(b.lines.doc) - len(bytes.TrimLeft(rest, " \t="))
	return b.node(e.Value(), b.lines.place(at))
}

// node copies a value of the parser, which stands at a place known for lists; the
// others know their own.
func (b *builder) node(n *unstable.Node, at place) *value {
	if n.Raw.Length > 0 {
		at = b.lines.place(b.base + int(n.Raw.Offset))
	}
	v := &value{kind: kinds[n.Kind], at: at, key: at, text: string(n.Data)}
	switch v.kind {
	case list:
		for it := n.Children(); it.Next(); {
			v.items = append(v.items, b.node(it.Node(), at))
		}
	case group:
		v.table = newTable(at, inlined)
		for it := n.Children(); it.Next(); {
			path, end := b.path(it.Node().Key())
			b.set(v.table, path, b.value(it.Node(), end))
		}
	}
	return v
}

// skip notes a syntax error met somewhere behind the offset done, and returns
// the offset of the line to go on with.
func (b *builder) skip(done int, err error) int {
	wrong := b.errorOffset(done, err)
	first, last := b.failedLine(done, wrong), b.lines.index(wrong)
	if wrong >= len(b.lines.doc)-1 && last > first {
		b.note(b.opening(first), b.salvage(first), "not valid TOML: the value that begins here is not closed up to the end of the file")
		return b.seek(first+1, header)
	}
	b.note(b.lines.place(wrong), b.salvage(first), b.explain(first, wrong, err))
	next := last + 1
	if last > first {
		next = last // what follows an unclosed bracket is often right in itself
	}
	if text := b.lines.doc[b.lines.starts[first]:wrong]; bytes.ContainsAny(text, "[{") && !openHeader.Match(text) {
		return b.seek(next, expression)
	}
	return b.seek(next, anything)
}

var (
	anything   = regexp.MustCompile(``)
	header     = regexp.MustCompile(`^[ \t]*\[\[?[ \t]*[A-Za-z0-9_-]+[ \t]*(\.[ \t]*[A-Za-z0-9_-]+[ \t]*)*\]`)
	expression = regexp.MustCompile(`^[ \t]*(\[\[?[ \t]*[A-Za-z_]|[A-Za-z0-9_."'-]+[ \t]*=)`)
	bareKey    = regexp.MustCompile(`^[ \t]*([A-Za-z0-9_-]+)`)
	openHeader = regexp.MustCompile(`^[ \t]*(\[\[?)[ \t]*([A-Za-z0-9_-]+)[ \t]*(\]|$)`)
)

// seek returns the offset of the first line from i on that looks as wanted, or
// the end of the document.
func (b *builder) seek(i int, wanted *regexp.Regexp) int {
	for ; i < len(b.lines.starts); i++ {
		if wanted.Match(b.lines.line(i)) {
			return b.lines.starts[i]
		}
	}
	return len(b.lines.doc)
}

// opening returns where the value of a line begins, or the line if it has none.
func (b *builder) opening(line int) place {
	text := b.lines.line(line)
	start := bytes.IndexByte(text, '=') + 1
	for start < len(text) && (text[start] == ' ' || text[start] == '\t') {
		start++
	}
	return b.lines.place(b.lines.starts[line] + start)
}

// errorOffset returns where in the document a syntax error is.
func (b *builder) errorOffset(done int, err error) int {
	var wrong *unstable.ParserError
	if !errors.As(err, &wrong) {
		return done
	}
	offset := cap(b.lines.doc) - cap(wrong.Highlight)
	return max(done, min(offset, len(b.lines.doc)-1))
}

// failedLine returns the index of the line on which the expression begins that
// was not understood: the first behind done that is neither blank nor a comment.
func (b *builder) failedLine(done, wrong int) int {
	last := b.lines.index(wrong)
	i := b.lines.index(done)
	if done > b.base {
		rest := bytes.TrimLeft(b.lines.doc[done:], " \t\r]")
		if len(rest) == 0 || rest[0] != '\n' && rest[0] != '#' {
			return min(i, last) // something stands behind a value, on its line
		}
		i++
	}
	for ; i < last; i++ {
		text := bytes.TrimSpace(b.lines.line(i))
		if len(text) > 0 && text[0] != '#' {
			return i
		}
	}
	return last
}

// salvage keeps what can be told of a line that is not valid, so that it causes
// no further mistakes: the setting counts as given, the table as opened. It
// returns the key.
func (b *builder) salvage(line int) string {
	text, start := b.lines.line(line), b.lines.starts[line]
	if m := openHeader.FindSubmatchIndex(text); m != nil {
		path := []step{{name: string(text[m[4]:m[5]]), at: b.lines.place(start + m[4])}}
		b.enter(path, m[3]-m[2] == 2)
		return ""
	}
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		b.current, b.prefix = newTable(b.lines.place(start), detached), ""
		return ""
	}
	m := bareKey.FindSubmatchIndex(text)
	if m == nil {
		return ""
	}
	at := b.lines.place(start + m[2])
	b.set(b.current, []step{{string(text[m[2]:m[3]]), at}}, &value{kind: broken, at: at})
	return b.prefix + string(text[m[2]:m[3]])
}

// explanations says in words what some messages of the parser mean here. The
// others are shown as they are; they name single characters at most.
var explanations = []struct{ message, means string }{
	{"expected newline but got", "there is more behind the value; a text needs quotes"},
	{"strings must be quoted", "a text needs quotes"},
	{"invalid escape character", `a \ between double quotes needs another one in front; between single quotes it stands for itself`},
	{"strings cannot have new lines", "the quote that opens the text is not closed on its line"},
}

// explain says in words what is wrong with the TOML.
func (b *builder) explain(first, wrong int, err error) string {
	text := "not valid TOML: " + err.Error()
	for _, e := range explanations {
		if strings.Contains(err.Error(), e.message) {
			text = "not valid TOML: " + e.means
		}
	}
	before := bytes.TrimRight(b.lines.doc[b.lines.starts[first]:wrong], " \t")
	if bytes.HasSuffix(before, []byte("=")) && b.lines.index(wrong) == first {
		text = `not valid TOML: the value is missing or has no quotes; a text is written key = "text"`
	}
	if line := b.lines.index(wrong); line > first {
		text += fmt.Sprintf(" (in what begins on line %d)", first+1)
	}
	return text
}
