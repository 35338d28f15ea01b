package main

import (
	"io"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// wire is a TCP proxy between one bot and the mail server. It is slow for some
// connections, and cuts some in the middle of what the server says.
type wire struct {
	address  string // where the bot connects
	server   string
	story    *story
	listener net.Listener

	mu    sync.Mutex
	lots  *rand.Rand
	cuts  int // how many are left
	conns map[net.Conn]bool
	ended bool
}

// mostCuts bounds how long the bot waits between its tries.
const mostCuts = 4

// fate is what becomes of one connection.
type fate struct {
	after int           // bytes of the server, then it is cut; 0 for never
	at    time.Duration // when it is cut; 0 for never
	slow  time.Duration // before each piece that the server says
}

func openWire(seed uint64, server string, s *story) (*wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{
		address: listener.Addr().String(), server: server, story: s, listener: listener,
		lots: rand.New(rand.NewPCG(seed, 2)), cuts: mostCuts, conns: map[net.Conn]bool{},
	}
	go w.serve()
	return w, nil
}

func (w *wire) serve() {
	for {
		bot, err := w.listener.Accept()
		if err != nil {
			return // closed
		}
		go w.join(bot)
	}
}

func (w *wire) join(bot net.Conn) {
	defer w.hangUp(bot)
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer w.hangUp(server)
	if !w.keep(bot, server) {
		return
	}
	f := w.draw()
	if f.at > 0 {
		timer := time.AfterFunc(f.at, func() { w.cut(bot, "after "+f.at.String()) })
		defer timer.Stop()
	}
	go func() {
		_, _ = io.Copy(server, bot) // how it ended, the two ends know
		w.hangUp(server)
	}()
	w.relay(bot, server, f)
}

// draw decides what becomes of the next connection.
func (w *wire) draw() (f fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lot := w.lots.IntN(10)
	switch {
	case w.cuts == 0:
	case lot < 4: // anywhere from the greeting to the texts of many mails
		f.after = int(100 * math.Exp(w.lots.Float64()*math.Log(800)))
	case lot < 5:
		f.at = 50*time.Millisecond + upTo(w.lots, 1500*time.Millisecond)
	case lot < 7:
		f.slow = upTo(w.lots, 10*time.Millisecond)
	}
	return f
}

func (w *wire) relay(bot io.Writer, server io.Reader, f fate) {
	piece := make([]byte, 2048)
	said := 0
	for {
		n, err := server.Read(piece)
		if err != nil {
			return
		}
		time.Sleep(f.slow)
		if f.after > 0 && said+n > f.after && w.mayCut() {
			w.story.tell("the connection to the mail server is cut after %d bytes", f.after)
			_, _ = bot.Write(piece[:f.after-said])
			return
		}
		if f.after > 0 && said+n > f.after {
			f.after = 0
		}
		said += n
		if _, err := bot.Write(piece[:n]); err != nil {
			return
		}
	}
}

// mayCut tells whether a cut is left, and takes it.
func (w *wire) mayCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cuts == 0 {
		return false
	}
	w.cuts--
	return true
}

func (w *wire) cut(bot net.Conn, why string) {
	if w.mayCut() {
		w.story.tell("the connection to the mail server is cut %s", why)
		w.hangUp(bot)
	}
}

// calm cuts nothing any more.
func (w *wire) calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cuts = 0
}

func (w *wire) keep(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		w.conns[c] = true
	}
	return !w.ended
}

func (w *wire) hangUp(c net.Conn) {
	w.mu.Lock()
	delete(w.conns, c)
	w.mu.Unlock()
	_ = c.Close() // perhaps once more
}

func (w *wire) close() error {
	err := w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for c := range w.conns {
		_ = c.Close()
	}
	return err
}
