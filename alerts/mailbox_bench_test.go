package alerts

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkMailbox measures from the server's announcement of a mail to its commit in a real store.
func BenchmarkMailbox(b *testing.B) {
	w := newDovecotWorld(b, startDovecot(b))
	pushes := make(chan time.Time, 1)
	proxy := startProxy(b, &faultProxy{target: w.server.imap, rewrite: func(said []byte) []byte {
		if bytes.Contains(said, []byte(" EXISTS")) {
			select {
			case pushes <- time.Now():
			default:
			}
		}
		return said
	}})
	taken := make(chan time.Time, 1)
	w.box.Taken = func() { taken <- time.Now() }
	w.box.Config.Address = proxy.address
	w.start()
	w.deliver("warm up")
	<-taken
	var all []time.Duration
	for n := 0; b.Loop(); n++ {
		for len(pushes) > 0 {
			<-pushes
		}
		w.deliver(fmt.Sprint("mail ", n))
		all = append(all, -(<-pushes).Sub(<-taken))
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "ms-max")
}
