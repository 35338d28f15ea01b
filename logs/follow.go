package logs

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
)

// Limits bound what is read at once. For the time it takes, give the context a deadline.
type Limits struct {
	Bytes int64 // at most about so many; there is More then
	First int64 // of a log that was never read before, so many bytes at its end
}

// Reading is how far somebody came.
type Reading struct {
	Cursor Cursor // where the next one goes on
	First  bool   // nothing was read before: what was counted is from an unknown time on
	More   bool   // there was no time for the rest, which is for the next reading
	// Gap says that something was gone before it could be read: truncated, deleted, or
	// packed by a program other than gzip.
	Gap bool
}

// Follow counts every whole line that came into some logs since a cursor, once. When ctx
// ends it stops where it is. Errors: that a log cannot be read; the tally is worth
// nothing then.
func Follow(ctx context.Context, paths []string, c Cursor, limits Limits, t *Tally) (Reading, error) {
	f := &follower{
		ctx: ctx, tally: t, first: limits.First, left: limits.Bytes, buffer: make([]byte, blockSize),
		got: Reading{First: c.IsZero(), Cursor: Cursor{map[uint32]place{}}},
	}
	defer f.end()
	maps.Copy(f.got.Cursor.places, c.places)
	var listed []uint32
	for _, path := range paths {
		name := crc32.ChecksumIEEE([]byte(path))
		listed = append(listed, name)
		p, known := c.places[name]
		p, err := f.log(path, p, known)
		if err != nil {
			return Reading{}, err
		}
		f.got.Cursor.places[name] = p
	}
	f.got.Cursor.forget(listed)
	return f.got, nil
}

// forget drops the places of logs that are gone, when there are too many.
func (c Cursor) forget(listed []uint32) {
	for name := range c.places {
		if len(c.places) > MostLogs && !slices.Contains(listed, name) {
			delete(c.places, name)
		}
	}
}

// follower reads on.
type follower struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one call of Follow
	tally  *Tally
	crew   *crew // counts what comes in large blocks; nil before the first
	first  int64
	left   int64 // bytes that may still be read
	buffer []byte
	got    Reading
}

// end waits until all that was read is counted.
func (f *follower) end() {
	if f.crew != nil {
		f.crew.end(f.tally)
	}
}

// next is a file to read on, from where its source begins.
type next struct {
	file   *file
	source *source // nil for the beginning
	role   role
}

// role is what a file to read on is to the place where the reading stopped.
type role int

const (
	newer  role = iota // it came after that
	late               // it was left for a newer one
	goesOn             // it is there
)

// log reads one log on.
func (f *follower) log(path string, p place, known bool) (place, error) {
	older, live, err := family(path)
	if err != nil {
		return p, err
	}
	all := append(slices.Clone(older), live)
	if live == nil {
		all = older
	}
	defer closeAll(all)
	if n := len(older); n > 0 && live != nil && older[n-1].isCopyOf(live) {
		older = older[:n-1]
		all = append(slices.Clone(older), live)
	}
	if !known && f.got.First {
		return f.begin(older, live)
	}
	queue, p, err := f.resume(all, live, p)
	if err != nil {
		return p, err
	}
	return f.readAll(queue, p)
}

// begin reads the end of a log that was never read.
func (f *follower) begin(older []*file, live *file) (p place, err error) {
	p.before = newestMark(older)
	if live == nil || live.size == 0 {
		return p, nil
	}
	n := next{file: live}
	if skip := live.size - f.first; skip > 0 {
		if n.source, err = live.behind(skip); err != nil {
			return p, err
		}
		if err := n.source.toLine(); err != nil {
			return p, err
		}
	}
	return f.readAll([]next{n}, p)
}

func newestMark(files []*file) Position {
	for _, file := range slices.Backward(files) {
		if p := file.mark(); p.Offset > 0 {
			return p
		}
	}
	return Position{}
}

// resume finds what of all files was not read, oldest first.
func (f *follower) resume(all []*file, live *file, p place) (queue []next, _ place, err error) {
	at, src, err := f.locate(all, p.at)
	if err != nil {
		return nil, p, err
	}
	if at >= 0 {
		queue, p, err = f.belated(all[:at], p)
		return append(append(queue, next{all[at], src, goesOn}), beginnings(all[at+1:])...), p, err
	}
	before, src, err := f.locate(all, p.before)
	if err != nil {
		return nil, p, err
	}
	f.got.Gap = f.got.Gap || p.at.Offset > 0 || before < 0 && p.before.Offset > 0
	rest := all[before+1:]
	copied := slices.IndexFunc(rest, func(one *file) bool {
		// A copy that was made before the last lines that were read of what it is of.
		return one != live && p.at.Offset > 0 && one.beginsAs(p.at)
	})
	switch {
	case copied >= 0:
		return beginnings(rest[copied+1:]), place{before: rest[copied].mark()}, nil
	case before < 0:
		p = place{}
	case p.before.Done:
		p.at = Position{}
	default:
		p = place{at: p.before}
		queue = append(queue, next{all[before], src, goesOn})
	}
	return append(queue, beginnings(rest)...), p, nil
}

// belated looks for lines that came into the file before the one where the reading stopped
// after it was rotated away: until a writer hears of that it goes on there.
func (f *follower) belated(older []*file, p place) (queue []next, _ place, err error) {
	if p.before.Done {
		return nil, p, nil
	}
	i, src, err := f.locate(older, p.before)
	if err != nil {
		return nil, p, err
	}
	if i < 0 {
		p.before = newestMark(older)
		return nil, p, nil
	}
	return []next{{older[i], src, late}}, p, nil
}

func beginnings(files []*file) (all []next) {
	for _, one := range files {
		all = append(all, next{file: one})
	}
	return all
}

// locate finds the file that a position is in, and opens it there: it is sought first
// where its inode is, then in other files, the newest first, and at last in packed ones,
// which takes as long as unpacking them. -1 when it is nowhere.
func (f *follower) locate(all []*file, p Position) (int, *source, error) {
	if p.Offset == 0 {
		return -1, nil, nil
	}
	for _, likely := range []func(*file) bool{
		func(one *file) bool { return one.device == p.Device && one.inode == p.Inode },
		func(one *file) bool { return !one.packed },
		func(one *file) bool { return one.packed },
	} {
		for i, one := range slices.Backward(all) {
			if !likely(one) {
				continue
			}
			src, matches, err := one.from(f.ctx, p)
			if err != nil || matches {
				return i, src, err
			}
		}
	}
	return -1, nil, nil
}

// readAll reads files one after the other, as far as there is time, and returns the place
// where that ended.
func (f *follower) readAll(queue []next, p place) (place, error) {
	for _, n := range queue {
		src, err := n.source, error(nil)
		if src == nil {
			src, err = n.file.beginning()
		}
		if errors.Is(err, errPacked) {
			f.got.Gap = true
			continue
		}
		if err == nil {
			err = f.read(n.file, src)
		}
		if err != nil {
			return p, err
		}
		read := src.trail.position(n.file)
		read.Done = n.file.packed && !f.got.More
		p = p.then(n, read)
		if f.got.More {
			break
		}
	}
	return p, nil
}

// then is the place after some more was read. A file in which no line has ended yet is
// as good as not begun.
func (p place) then(n next, read Position) place {
	switch {
	case read.Offset == 0:
	case n.role == late:
		p.before = read
	case n.role == newer && p.at.Offset > 0:
		p.before, p.at = p.at, read
	default:
		p.at = read
	}
	return p
}

// toLine goes on to the beginning of the next line.
func (s *source) toLine() error {
	one := make([]byte, 1)
	for {
		_, err := s.Read(one)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for the end of a line: %w", err)
		}
		s.trail.pass(one)
		if one[0] == '\n' {
			return nil
		}
	}
}
