package config

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// kind is what a value is.
type kind string

const (
	broken  kind = "broken" // not readable; its mistake is already noted
	words   kind = "text"
	integer kind = "integer"
	decimal kind = "decimal"
	boolean kind = "boolean"
	moment  kind = "date"
	list    kind = "list"
	group   kind = "table"
)

// place is a position in the file; both count from 1, columns in characters.
type place struct{ line, column int }

// value is a value of the file and where it stands.
type value struct {
	kind  kind
	at    place
	key   place    // where its key stands
	text  string   // a text as meant; numbers, booleans and dates as written
	items []*value // of a list
	table *table   // of a group
	// sections is true for a list made of [[headers]], the only kind that grows.
	sections bool
}

// origin says how a table came to be, which decides what may be added to it.
type origin int

const (
	implied  origin = iota // by the header of a table below it
	headed                 // by its own header
	dotted                 // by a dotted key
	inlined                // by braces: closed
	detached               // by a header that could not be read: nothing in it counts
)

// table holds named values in the order of the file.
type table struct {
	at     place
	origin origin
	keys   []string
	values map[string]*value
}

func newTable(at place, from origin) *table {
	return &table{at: at, origin: from, values: make(map[string]*value)}
}

func (t *table) put(key string, v *value) {
	if _, known := t.values[key]; !known {
		t.keys = append(t.keys, key)
	}
	t.values[key] = v
}

// step is one part of a dotted key.
type step struct {
	name string
	at   place
}

// builder puts the expressions of a document together into one tree. It goes on
// after a mistake, so that one run finds them all.
type builder struct {
	lines   lines
	root    *table
	current *table
	note    func(at place, key, text string)
	parser  *unstable.Parser
	prefix  string // of the keys in the current table, for mistakes
	base    int    // offset in the document of what the parser was given
}

// child returns the table called by a step inside t, made when it is not there.
// It is nil when the name is taken by something else, which is noted.
func (b *builder) child(t *table, path []step, from origin) *table {
	s := path[len(path)-1]
	v, known := t.values[s.name]
	switch {
	case !known:
		v = &value{kind: group, at: s.at, key: s.at, table: newTable(s.at, from)}
		t.put(s.name, v)
	case v.kind == list && v.sections && from == implied:
		return v.items[len(v.items)-1].table
	case v.kind == broken:
		return newTable(s.at, detached)
	case v.kind != group || v.table.origin == inlined || from == dotted && v.table.origin == headed:
		b.note(s.at, b.prefix+join(path), fmt.Sprintf("is already set on line %d, so nothing can be added to it here", v.key.line))
		return nil
	}
	return v.table
}

// descend walks all but the last step of a path.
func (b *builder) descend(t *table, path []step, from origin) *table {
	for i := range path[:len(path)-1] {
		if t = b.child(t, path[:i+1], from); t == nil {
			return nil
		}
	}
	return t
}

// enter takes a header, [path] or [[path]] for one table of several.
func (b *builder) enter(path []step, oneOfSeveral bool) {
	b.prefix = ""
	if oneOfSeveral {
		b.current = b.add(path)
	} else {
		b.current = b.open(path)
	}
	b.prefix = join(path) + "."
}

// open makes the table of a header [path], or finds it.
func (b *builder) open(path []step) *table {
	parent := b.descend(b.root, path, implied)
	if parent == nil {
		return newTable(path[0].at, detached)
	}
	last := path[len(path)-1]
	if v := parent.values[last.name]; v != nil && v.kind == list && v.sections {
		b.note(last.at, join(path), fmt.Sprintf("line %d opens it as [[%[2]s]], with two brackets; write [[%[2]s]] here too", v.key.line, join(path)))
		return b.extend(parent, last)
	}
	t := b.child(parent, path, implied)
	if t == nil {
		return newTable(last.at, detached)
	}
	if t.origin == headed || t.origin == dotted {
		b.note(last.at, join(path), fmt.Sprintf("the table is opened twice, first on line %d; put its settings together", t.at.line))
	}
	if t.origin == implied {
		t.origin, t.at = headed, last.at
	}
	return t
}

// add makes the table of a header [[path]].
func (b *builder) add(path []step) *table {
	parent := b.descend(b.root, path, implied)
	if parent == nil {
		return newTable(path[0].at, detached)
	}
	last := path[len(path)-1]
	v, known := parent.values[last.name]
	if !known {
		v = &value{kind: list, at: last.at, key: last.at, sections: true}
		parent.put(last.name, v)
	}
	if !v.sections {
		b.note(last.at, join(path), fmt.Sprintf("line %d already sets it in another way, so [[%s]] cannot be added", v.key.line, join(path)))
		return newTable(last.at, detached)
	}
	return b.extend(parent, last)
}

func (b *builder) extend(parent *table, last step) *table {
	t := newTable(last.at, headed)
	v := parent.values[last.name]
	v.items = append(v.items, &value{kind: group, at: last.at, key: last.at, table: t})
	return t
}

// set puts a value under a dotted key inside t.
func (b *builder) set(t *table, path []step, v *value) {
	from := dotted
	if t.origin == detached {
		from = detached
	}
	parent := b.descend(t, path, from)
	if parent == nil {
		return
	}
	last := path[len(path)-1]
	if first, known := parent.values[last.name]; known {
		if v.kind != broken && first.kind != broken {
			b.note(last.at, b.prefix+join(path), fmt.Sprintf("is set twice, first on line %d; keep one", first.key.line))
		}
		return
	}
	v.key = last.at
	parent.put(last.name, v)
}

// join writes a path as people write it.
func join(path []step) string {
	names := make([]string, len(path))
	for i, s := range path {
		names[i] = shownKey(s.name)
	}
	return strings.Join(names, ".")
}
