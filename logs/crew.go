package logs

import (
	"runtime"
	"sync"
)

// worthCrew is from how many bytes on a block is counted by a crew. What comes into a log in
// a quarter of an hour mostly is less: then the other processors stay with their services.
const worthCrew = blockSize / 2

// crewSize is how many count at the same time, while whoever reads fills the next blocks.
const crewSize = 2

// crew counts blocks of whole lines at the same time. It is used by one goroutine.
type crew struct {
	full    chan block
	free    chan []byte
	tallies [crewSize]*Tally
	working sync.WaitGroup
}

// block is some whole lines and the buffer that they are in.
type block struct{ lines, buffer []byte }

// newCrew makes a crew that counts as t does.
func newCrew(t *Tally) *crew {
	c := &crew{full: make(chan block, crewSize), free: make(chan []byte, 2*crewSize)}
	for i := range c.tallies {
		c.tallies[i] = NewTally(t.format, t.own)
		c.tallies[i].Whole = t.Whole
		c.working.Go(func() { c.count(c.tallies[i]) })
		c.free <- make([]byte, blockSize) // one that is counted, and one that waits
		c.free <- make([]byte, blockSize)
	}
	return c
}

func (c *crew) count(t *Tally) {
	for b := range c.full {
		t.Block(b.lines)
		c.free <- b.buffer
	}
}

// hand gives a block away, and returns a buffer in its place.
func (c *crew) hand(b block) []byte {
	c.full <- b
	return <-c.free
}

// end waits until all is counted and adds it to t.
func (c *crew) end(t *Tally) {
	close(c.full)
	c.working.Wait()
	for _, one := range c.tallies {
		t.add(one)
	}
}

// count counts whole lines in the buffer, which may be another afterwards.
func (f *follower) count(lines []byte) {
	if len(lines) < worthCrew || runtime.GOMAXPROCS(0) == 1 {
		f.tally.Block(lines)
		return
	}
	if f.crew == nil {
		f.crew = newCrew(f.tally)
	}
	f.buffer = f.crew.hand(block{lines, f.buffer})
}

// add adds all that another tally has, which is not used again.
func (t *Tally) add(other *Tally) {
	t.Lines += other.Lines
	t.Bytes += other.Bytes
	for tag, from := range other.services {
		c := t.service([]byte(tag))
		name := c.Name
		c.Service = Add(c.Service, from.Service)
		c.Name = name
		if from.addresses == nil {
			continue
		}
		if c.addresses == nil {
			c.addresses, c.paths = from.addresses, from.paths
			continue
		}
		c.addresses.addAll(from.addresses)
		c.paths.addAll(from.paths)
	}
}
