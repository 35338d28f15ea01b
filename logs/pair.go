package logs

import (
	"bytes"
	"runtime"
	"sync"
)

// inPairs is from how many bytes on two processors count a block. What comes into a log
// in a quarter of an hour mostly is less: then the other one stays with its services.
const inPairs = 256 << 10

// both counts whole lines, the second half of many of them at the same time as the first.
func (f *follower) both(data []byte) {
	half := 0
	if len(data) >= inPairs && runtime.GOMAXPROCS(0) > 1 {
		half = bytes.IndexByte(data[len(data)/2:], '\n') + 1
	}
	if half == 0 {
		f.tally.Block(data)
		return
	}
	half += len(data) / 2
	if f.second == nil {
		f.second = NewTally(f.tally.format, f.tally.own)
		f.second.Whole = f.tally.Whole
	}
	var other sync.WaitGroup
	other.Go(func() { f.second.Block(data[half:]) })
	f.tally.Block(data[:half])
	other.Wait()
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
