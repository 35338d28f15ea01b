package alerts

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// faultProxy stands between the mailbox and a server and spoils what the server says.
type faultProxy struct {
	target  string
	rewrite func([]byte) []byte // of the same length
	delay   time.Duration       // before each piece
	budgets []int               // the nth connection breaks after so many bytes; later ones last
	cut     func([]byte) bool   // a piece that the client must not see any more: the connection breaks
	cuts    atomic.Int64

	address     string
	connections atomic.Int64
}

func startProxy(t testing.TB, p *faultProxy) *faultProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	p.address = listener.Addr().String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.join(conn)
		}
	}()
	return p
}

func (p *faultProxy) join(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	budget := -1
	if n := int(p.connections.Add(1)) - 1; n < len(p.budgets) {
		budget = p.budgets[n]
	}
	p.relay(client, server, budget)
}

func (p *faultProxy) relay(client io.Writer, server io.Reader, budget int) {
	piece := make([]byte, 1024)
	for {
		n, err := server.Read(piece)
		if err != nil {
			return
		}
		said := piece[:n]
		if p.rewrite != nil {
			said = p.rewrite(said)
		}
		time.Sleep(p.delay)
		if p.cut != nil && p.cut(said) {
			p.cuts.Add(1)
			return
		}
		if budget >= 0 && len(said) > budget {
			_, _ = client.Write(said[:budget])
			p.cuts.Add(1)
			return
		}
		if budget >= 0 {
			budget -= len(said)
		}
		if _, err := client.Write(said); err != nil {
			return
		}
	}
}
