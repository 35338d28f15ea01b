package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
)

// source is the rest of a file, behind what was read of it.
type source struct {
	io.Reader
	trail trail // of what was read before
}

// from opens a file behind a position in it. matches is false when the file is not the
// one, or no longer holds what was read then.
func (f *file) from(ctx context.Context, p Position) (s *source, matches bool, err error) {
	switch {
	case p.Offset == 0:
		s, err = f.beginning()
		return s, err == nil, err
	case f.unreadable:
		return nil, false, nil
	case f.packed:
		return f.unpacked(ctx, p)
	case f.size < p.Offset:
		return nil, false, nil
	}
	s, err = f.behind(p.Offset)
	if errors.Is(err, io.EOF) { // truncated this moment
		return nil, false, nil
	}
	return s, err == nil && sum(s.trail.head) == p.Head && sum(s.trail.tail) == p.Tail, err
}

// behind opens a file that is not packed behind an offset.
func (f *file) behind(offset int64) (*source, error) {
	t := trail{offset: offset, head: make([]byte, min(headBytes, offset)), tail: make([]byte, min(tailBytes, offset))}
	_, errHead := f.handle.ReadAt(t.head, 0)
	_, errTail := f.handle.ReadAt(t.tail, offset-int64(len(t.tail)))
	if err := errors.Join(errHead, errTail); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	return &source{io.NewSectionReader(f.handle, offset, f.size-offset), t}, nil
}

// beginning opens all of a file, up to what it had when it was opened.
func (f *file) beginning() (*source, error) {
	if f.unreadable {
		return nil, fmt.Errorf("read %s: %w", f.path, errPacked)
	}
	whole := io.NewSectionReader(f.handle, 0, f.size)
	if !f.packed {
		return &source{Reader: whole}, nil
	}
	r, err := gzip.NewReader(bufio.NewReaderSize(whole, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w: %w", f.path, errPacked, err)
	}
	return &source{Reader: r}, nil
}

// errPacked is for a file that cannot be unpacked, now or ever.
var errPacked = errors.New("it cannot be unpacked")

// unpacked opens a packed file behind a position. A file that does not even begin so is
// known at once; otherwise all before the position has to be unpacked.
func (f *file) unpacked(ctx context.Context, p Position) (s *source, matches bool, err error) {
	s, err = f.beginning()
	if err != nil {
		return nil, false, skipPacked(err)
	}
	block := make([]byte, min(headBytes, p.Offset))
	for s.trail.offset < p.Offset {
		if ctx.Err() != nil {
			return nil, false, fmt.Errorf("look for the place in %s: %w", f.path, context.Cause(ctx))
		}
		part := block[:min(int64(len(block)), p.Offset-s.trail.offset)]
		n, err := io.ReadFull(s, part)
		s.trail.pass(part[:n])
		if err != nil || sum(s.trail.head) != p.Head {
			return nil, false, nil //nolint:nilerr // it is shorter, or broken: not the one
		}
		if len(block) == headBytes {
			block = make([]byte, 64<<10)
		}
	}
	return s, sum(s.trail.tail) == p.Tail, nil
}

// skipPacked takes a file that cannot be unpacked for one that is another.
func skipPacked(err error) error {
	if errors.Is(err, errPacked) {
		return nil
	}
	return err
}

// mark tells a file from others by its beginning alone. It is the zero Position for one
// that holds nothing, or nothing that can be read.
func (f *file) mark() Position {
	s, err := f.beginning()
	if err != nil {
		return Position{}
	}
	head := make([]byte, tailBytes)
	n, _ := io.ReadFull(s, head)
	s.trail.pass(head[:n])
	p := s.trail.position(f)
	p.Done = true
	return p
}

// beginsAs tells whether a file begins as another does of which a position is known.
func (f *file) beginsAs(p Position) bool {
	s, err := f.beginning()
	if err != nil {
		return false
	}
	head := make([]byte, min(headBytes, p.Offset))
	_, err = io.ReadFull(s, head)
	return err == nil && sum(head) == p.Head
}

// isCopyOf tells whether a file is a copy of another, which will be truncated soon, and
// may have grown since.
func (f *file) isCopyOf(live *file) bool {
	const enough = 64 << 10
	if f.packed || f.size == 0 || f.size > live.size {
		return false
	}
	for _, size := range []int64{headBytes, enough} {
		a, b := make([]byte, min(size, f.size)), make([]byte, min(size, f.size))
		_, errA := f.handle.ReadAt(a, 0)
		_, errB := live.handle.ReadAt(b, 0)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			return false
		}
	}
	return true
}
