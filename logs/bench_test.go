package logs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// traffic is a mix of an access log and of what services say.
func traffic(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "2026-11-21T03:14:07.123456+01:00 serveur-a traefik[812] 203.0.%d.%d - - [21/Nov/2026:02:14:07 +0000] \"GET /u/%d/photo.jpg?size=%d HTTP/2.0\" 200 %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\" 1042 \"rs-short@docker\" \"http://172.18.0.9:8080\" 3ms\n", r.IntN(8), r.IntN(250), r.IntN(3000), r.IntN(9), r.IntN(90000))
		fmt.Fprintf(&b, "2026-11-21T03:14:07.123456+01:00 serveur-a mastodon_web[812]: method=GET path=/api/v1/timelines/home format=*/* controller=Api::V1::Timelines status=200 duration=%d.12 view=0.5\n", r.IntN(90))
		if r.IntN(50) == 0 {
			b.WriteString("2026-11-21T03:14:07+00:00 localhost peertube[812]: [ERROR] cannot transcode the video: an error came\n")
		}
	}
	return b.Bytes()
}

func BenchmarkTally(b *testing.B) {
	data := traffic(8 << 20)
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		t := NewTally(Auto, "own")
		for rest := data; len(rest) > 0; {
			n := len(rest)
			if n > blockSize {
				n = bytes.LastIndexByte(rest[:blockSize], '\n') + 1
			}
			t.Block(rest[:n])
			rest = rest[n:]
		}
	}
}
