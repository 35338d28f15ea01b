package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	blockSize = 256 << 10 // that is read at once: it stays in the processor's cache
	// longestWait is how much of a line without an end is read again and again.
	longestWait = 16 << 20
)

// read counts the whole lines of a source, and leaves its trail behind the last of them.
func (f *follower) read(in *file, s *source) error {
	var long longLine
	held := 0 // bytes in the buffer that were not counted: the beginning of a line
	for {
		if f.ctx.Err() != nil || f.left <= 0 {
			f.got.More = true
			long.commit(s)
			return nil
		}
		n, err := s.Read(f.buffer[held:])
		f.left -= int64(n)
		held = f.take(s, &long, held, n)
		switch {
		case errors.Is(err, io.EOF):
			if long.passed > longestWait {
				long.commit(s)
			}
			return nil
		case err != nil && in.packed:
			f.got.Gap = true // broken: what comes behind is lost
			return nil
		case err != nil:
			return fmt.Errorf("read %s: %w", in.path, err)
		}
	}
}

// take counts what is whole in the buffer, which holds some bytes of before and n new
// ones, and returns how many remain at its beginning.
func (f *follower) take(s *source, long *longLine, held, n int) int {
	data := f.buffer[:held+n]
	end := bytes.LastIndexByte(data[held:], '\n') + 1
	if end == 0 {
		if len(data) < len(f.buffer) {
			return len(data)
		}
		long.add(s, data)
		return 0
	}
	data = data[:held+end]
	if long.passed > 0 {
		first := bytes.IndexByte(data, '\n') + 1
		long.add(s, data[:first])
		f.tally.Long(long.head, long.passed)
		long.commit(s)
		data = data[first:]
	}
	s.trail.pass(data)
	rest := f.buffer[held+end : held+n]
	f.count(data)
	return copy(f.buffer, rest)
}

// longLine is a line that the buffer has no room for.
type longLine struct {
	head   []byte // its beginning
	passed int64  // bytes of it
	trail  trail  // behind these bytes
}

func (l *longLine) add(s *source, data []byte) {
	if l.passed == 0 {
		l.head = append(l.head[:0], data[:min(len(data), longestHead)]...)
		l.trail = s.trail.clone()
	}
	l.passed += int64(len(data))
	l.trail.pass(data)
}

// commit takes what was passed of the line for read.
func (l *longLine) commit(s *source) {
	if l.passed > 0 {
		s.trail, l.passed = l.trail, 0
	}
}
