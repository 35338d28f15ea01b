package logs

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
)

// Position is how far a file was read. What the file holds tells it from others: the
// number of an inode is soon given to another file.
type Position struct {
	Device, Inode uint64
	Offset        int64 // behind the end of the last line that was read; in a .gz, of what it unpacks to
	// Head and Tail are checksums of the first 32 bytes, which is as long as a stamp, and
	// of the 256 before Offset; of fewer where there are no more.
	Head, Tail uint32
	// Done says that there is nothing more to come.
	Done bool
}

// place is where the reading of one log stopped.
type place struct {
	at     Position // where it stopped; Offset 0 for a file without any line yet
	before Position // where it stopped in the file before that one; Offset 0 for none
}

// Cursor says where the reading of one or several logs stopped. The zero Cursor has read
// nothing yet.
type Cursor struct {
	places map[uint32]place // by the checksum of the log's path
}

// IsZero tells whether nothing was read yet.
func (c Cursor) IsZero() bool { return c.places == nil }

// MostLogs is of how many logs a cursor can keep the place.
const MostLogs = 30

// String writes a cursor without spaces, of at most 4,000 bytes of a-z, 0-9 and "-._~".
func (c Cursor) String() string {
	if c.places == nil {
		return ""
	}
	all := []string{"1"}
	for name, p := range c.places {
		all = append(all, strconv.FormatUint(uint64(name), 36)+"."+p.before.write()+"."+p.at.write())
	}
	slices.Sort(all[1:])
	return strings.Join(all, "~")
}

func (p Position) write() string {
	if p.Offset == 0 {
		return ""
	}
	done := uint64(0)
	if p.Done {
		done = 1
	}
	var words []string
	for _, n := range []uint64{p.Device, p.Inode, uint64(p.Offset), uint64(p.Head), uint64(p.Tail), done} {
		words = append(words, strconv.FormatUint(n, 36))
	}
	return strings.Join(words, "_")
}

// ParseCursor reads what [Cursor.String] writes.
func ParseCursor(s string) (c Cursor, err error) {
	if s == "" {
		return c, nil
	}
	version, rest, _ := strings.Cut(s, "~")
	if version != "1" {
		return c, fmt.Errorf("a cursor of the version %.10q is not known", version)
	}
	c.places = map[uint32]place{}
	for word := range strings.SplitSeq(rest, "~") {
		if word == "" {
			continue
		}
		if err := c.read(word); err != nil {
			return Cursor{}, fmt.Errorf("read a cursor: %w", err)
		}
	}
	return c, nil
}

func (c Cursor) read(word string) error {
	parts := strings.Split(word, ".")
	if len(parts) != 3 || len(c.places) >= MostLogs {
		return fmt.Errorf("%.80q is no place", word)
	}
	name, err := strconv.ParseUint(parts[0], 36, 32)
	before, errBefore := readPosition(parts[1])
	at, errAt := readPosition(parts[2])
	c.places[uint32(name)] = place{at: at, before: before}
	return cmp.Or(err, errBefore, errAt)
}

func readPosition(s string) (p Position, err error) {
	if s == "" {
		return p, nil
	}
	words := strings.Split(s, "_")
	if len(words) != 6 {
		return p, fmt.Errorf("%.80q is no position", s)
	}
	var n [6]uint64
	for i, bits := range []int{64, 64, 63, 32, 32, 1} {
		if n[i], err = strconv.ParseUint(words[i], 36, bits); err != nil {
			return p, err
		}
	}
	return Position{n[0], n[1], int64(n[2]), uint32(n[3]), uint32(n[4]), n[5] == 1}, nil
}

// How many bytes the checksums are of, at most. The head is short so that a copy of a
// file is known for one even when the file grew a lot since.
const (
	headBytes = 32
	tailBytes = 256
)

// trail is what has to be known of the bytes that were read to make a [Position].
type trail struct {
	offset     int64
	head, tail []byte
}

// pass goes on over some bytes.
func (t *trail) pass(data []byte) {
	t.offset += int64(len(data))
	if room := headBytes - len(t.head); room > 0 {
		t.head = append(t.head, data[:min(room, len(data))]...)
	}
	if len(data) >= tailBytes {
		t.tail = append(t.tail[:0], data[len(data)-tailBytes:]...)
		return
	}
	t.tail = append(t.tail, data...)
	if over := len(t.tail) - tailBytes; over > 0 {
		t.tail = append(t.tail[:0], t.tail[over:]...)
	}
}

func (t *trail) clone() trail {
	return trail{t.offset, slices.Clone(t.head), slices.Clone(t.tail)}
}

// position is where the trail ends in a file.
func (t *trail) position(f *file) Position {
	if t.offset == 0 {
		return Position{}
	}
	return Position{f.device, f.inode, t.offset, sum(t.head), sum(t.tail), false}
}

func sum(data []byte) uint32 { return crc32.ChecksumIEEE(data) }
