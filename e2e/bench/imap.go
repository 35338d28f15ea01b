package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"sync"
	"time"
)

// What of the mail server's lines matters here. The mails of this program contain
// nothing that looks like one of them.
var (
	lineIdling  = regexp.MustCompile(`^\+ idling`)
	lineExists  = regexp.MustCompile(`^\* \d+ EXISTS`)
	lineFetched = regexp.MustCompile(`^\S+ OK Fetch completed`)
)

// mailTap is a TCP proxy in front of a mail server that notes when the server said
// what. It is for one client with one connection at a time.
type mailTap struct {
	address  string // where clients connect
	server   string
	listener net.Listener
	idling   chan struct{} // one token each time the client begins to wait, at most one kept

	mu      sync.Mutex
	waiting bool
	pushed  time.Time // when the server announced mail to the waiting client
	fetched time.Time // when it had handed out the last mail
	conns   []net.Conn
}

func openMailTap(server string) (*mailTap, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &mailTap{address: listener.Addr().String(), server: server, listener: listener, idling: make(chan struct{}, 1)}
	go p.serve()
	return p, nil
}

func (p *mailTap) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		go copyUntilClosed(server, client)
		go copyUntilClosed(client, io.TeeReader(server, &lines{take: p.line}))
	}
}

func copyUntilClosed(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from) // how it ended, the two ends know
	_ = to.Close()
}

// lines cuts what is written into lines, each taken with the moment at which its
// end came.
type lines struct {
	take func(line []byte, at time.Time)
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	now := time.Now()
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\r\n"))
		if !whole {
			return len(p), nil
		}
		l.take(line, now)
		l.rest = rest
	}
}

func (p *mailTap) line(line []byte, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case lineIdling.Match(line):
		p.waiting = true
		select {
		case p.idling <- struct{}{}:
		default:
		}
	case p.waiting && lineExists.Match(line):
		p.waiting, p.pushed = false, at
	case lineFetched.Match(line):
		p.fetched = at
	}
}

// idles waits until the client waits for mail.
func (p *mailTap) idles(ctx context.Context) error {
	select {
	case <-p.idling:
		return nil
	case <-ctx.Done():
		return errors.New("the mail client never waited for mail")
	}
}

// last returns when mail was announced last and when it had been handed out.
func (p *mailTap) last() (pushed, fetched time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pushed, p.fetched
}

func (p *mailTap) close() error {
	err := p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close() // most are closed already
	}
	return err
}
