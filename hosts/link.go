package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// sessions is how many requests a host answers at once; an OpenSSH server lets ten
	// into one connection unless it is told otherwise.
	sessions = 4
	// execTimeout bounds a request, however long its caller would wait. A probe gives up
	// before that.
	execTimeout = 30 * time.Second
)

// link is the way to a host over SSH: one connection that is kept, and made anew when it
// is lost.
type link struct {
	host string // its name
	way  []stop
	pins string // the file of pinned host keys
	dial dialer
	free chan struct{} // has room for each request under way

	mu      sync.Mutex
	current *connection // the last that was made; nil before the first
	attempt *attempt    // to make one; nil for none
}

// attempt is one try to connect, which everybody waits for who needs the connection.
type attempt struct {
	stop context.CancelFunc
	over chan struct{} // closed at its end, when the rest is set
	made *connection
	err  error
}

// newLink makes the way to a host; all are the hosts that there are.
func newLink(c Config, all []Config) (*link, error) {
	way, err := c.way(all)
	if err != nil {
		return nil, err
	}
	d := &net.Dialer{KeepAlive: tcpKeepAlive}
	return &link{host: c.Name, way: way, pins: c.KnownHosts, dial: d.DialContext, free: make(chan struct{}, sessions)}, nil
}

// exec runs a command line. A connection that was kept may turn out to be lost: then it is
// made anew and asked again, once, which is harmless since questions change nothing.
func (l *link) exec(ctx context.Context, line string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, execTimeout)
	defer cancel()
	select {
	case l.free <- struct{}{}:
		defer func() { <-l.free }()
	case <-ctx.Done():
		return nil, l.late(ctx)
	}
	out, kept, err := l.once(ctx, line)
	if errors.Is(err, errLost) && kept {
		out, _, err = l.once(ctx, line)
	}
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, l.late(ctx)
	case errors.Is(err, errLost):
		return nil, &UnreachableError{Host: l.host, Err: err}
	}
	return out, err
}

func (l *link) late(ctx context.Context) error {
	return fmt.Errorf("ask %s: %w", l.host, context.Cause(ctx))
}

// once runs a command line and tells whether the connection was there already.
func (l *link) once(ctx context.Context, line string) (out []byte, kept bool, err error) {
	c, kept, err := l.connect(ctx)
	if err != nil {
		return nil, kept, err
	}
	defer c.give()
	out, err = c.run(ctx, line)
	if errors.Is(err, errLost) {
		c.retire() // before it has noticed by itself
	}
	return out, kept, err
}

// connect returns the connection, taken for one request, and tells whether it was there
// already.
func (l *link) connect(ctx context.Context) (c *connection, kept bool, err error) {
	l.mu.Lock()
	if l.current != nil && l.current.take() {
		defer l.mu.Unlock()
		return l.current, true, nil
	}
	if l.attempt == nil && ctx.Err() == nil {
		l.attempt = l.try(ctx)
	}
	a := l.attempt
	l.mu.Unlock()
	if a == nil {
		return nil, false, l.late(ctx) // and leaves no connection behind that nobody asked for
	}
	select {
	case <-a.over:
	case <-ctx.Done():
		return nil, false, l.late(ctx)
	}
	switch {
	case a.err != nil:
		return nil, false, a.err
	case !a.made.take():
		return nil, false, errLost
	}
	return a.made, false, nil
}

// try begins to connect. It goes on when the one who asked for it gives up, for the others.
func (l *link) try(ctx context.Context) *attempt {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
	a := &attempt{stop: stop, over: make(chan struct{})}
	go func() {
		defer stop()
		clients, err := l.walk(ctx, l.way)
		l.settle(ctx, a, clients, err)
	}()
	return a
}

// settle ends an attempt. One that was stopped the moment it succeeded leaves nothing open:
// nobody would close that any more.
func (l *link) settle(ctx context.Context, a *attempt, clients []*ssh.Client, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && ctx.Err() != nil {
		closeAll(clients)
		err = &UnreachableError{Host: l.host, Err: context.Cause(ctx)}
	}
	if a.err = err; err == nil {
		a.made = newConnection(clients)
		l.current = a.made
	}
	l.attempt = nil
	close(a.over)
}

// close lets go of the connection, once nobody uses it.
func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.attempt != nil {
		l.attempt.stop()
	}
	if l.current != nil {
		l.current.retire()
		l.current = nil
	}
}
