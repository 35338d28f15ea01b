package logs

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Tally counts lines by service. Its memory is bounded.
type Tally struct {
	Lines uint64
	Bytes uint64 // of the lines that were counted, with their ends

	// Whole has addresses counted whole, and not their networks: the first three numbers
	// of one, or the first 48 bits. It is set before anything is counted.
	Whole bool

	network  []byte // room for one
	format   Format
	own      string // the service of lines that name none
	find     *finder
	services map[string]*count
	last     *count // of the line before, whose tag this one often has, too
	lastTag  []byte
}

// count is what is counted of one service.
type count struct {
	Service
	addresses, paths *top // nil before the first request
}

// NewTally makes an empty tally. Lines that name no service are of that called own.
func NewTally(format Format, own string) *Tally {
	return &Tally{format: format, own: own, find: newFinder(), services: map[string]*count{}}
}

// Block counts whole lines, each with its end.
func (t *Tally) Block(data []byte) {
	t.Bytes += uint64(len(data))
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			end = len(data) - 1
		}
		t.line(data[:end])
		data = data[end+1:]
	}
}

// Long counts a line of which only the head is at hand, and which has so many bytes.
func (t *Tally) Long(head []byte, size int64) {
	t.Bytes += uint64(size)
	t.line(head)
}

// Entry counts one message of a service, as a journal has them.
func (t *Tally) Entry(service, message []byte) {
	t.Bytes += uint64(len(message))
	t.count(service, message)
}

func (t *Tally) line(line []byte) {
	var tag []byte
	if t.format != Plain {
		tag, line, _ = cutHead(line, t.format)
	}
	t.count(tag, line)
}

func (t *Tally) count(tag, message []byte) {
	c := t.service(tag)
	t.Lines++
	c.Lines++
	if r, ok := readRequest(message); ok {
		if !t.Whole {
			t.network = appendNetwork(t.network[:0], r.address)
			r.address = t.network
		}
		c.request(r)
	} else if t.find.in(message) {
		c.Errors++
	}
}

// service returns the count of a tag; of no tag, that of the log itself.
func (t *Tally) service(tag []byte) *count {
	if t.last != nil && bytes.Equal(tag, t.lastTag) {
		return t.last
	}
	c := t.services[string(tag)] // makes no string
	if c == nil {
		c = t.newService(string(tag))
	}
	t.last, t.lastTag = c, append(t.lastTag[:0], tag...)
	return c
}

func (t *Tally) newService(tag string) *count {
	name := cmp.Or(cleanName(tag), t.own)
	if len(t.services) >= MostServices {
		tag, name = Others, Others
	}
	if c := t.services[tag]; c != nil {
		return c
	}
	c := &count{Service: Service{Name: name}}
	t.services[tag] = c
	return c
}

// cleanName makes a name of a tag, which anybody may have chosen.
func cleanName(tag string) string {
	tag = strings.ToValidUTF8(tag[:min(len(tag), longestName)], "")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, tag)
}

func (c *count) request(r request) {
	c.Requests++
	c.Sent += r.sent
	class := r.status / 100
	if class < 1 || class > 5 {
		class = 0
	}
	c.Classes[class]++
	if class == 5 {
		c.Errors++
	}
	if c.addresses == nil {
		c.addresses, c.paths = newTop(), newTop()
	}
	c.addresses.add(r.address)
	c.paths.add(r.path)
}

// Services returns what was counted, by name.
func (t *Tally) Services() []Service {
	merged := map[string]Service{}
	for _, c := range t.services {
		s := c.Service
		if c.addresses != nil {
			s.Addresses, s.Paths = c.addresses.ranked(), c.paths.ranked()
		}
		merged[s.Name] = Add(merged[s.Name], s)
	}
	all := make([]Service, 0, len(merged))
	for _, s := range merged {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Service) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Add adds what a service wrote later. The name is that of b.
func Add(a, b Service) Service {
	b.Lines += a.Lines
	b.Errors += a.Errors
	b.Requests += a.Requests
	b.Sent += a.Sent
	for i := range b.Classes {
		b.Classes[i] += a.Classes[i]
	}
	b.Addresses, b.Paths = addRanked(a.Addresses, b.Addresses), addRanked(a.Paths, b.Paths)
	return b
}

func addRanked(a, b []Ranked) []Ranked {
	if len(a)+len(b) == 0 {
		return nil
	}
	sums := map[string]uint64{}
	for _, r := range slices.Concat(a, b) {
		sums[r.Key] += r.Count
	}
	all := make([]Ranked, 0, len(sums))
	for key, n := range sums {
		all = append(all, Ranked{key, n})
	}
	return Rank(all)
}
