package board

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Sockets keeps the address open while one board hands over to the next, so that
// what is sent meanwhile waits a moment instead of being refused: Uptime Kuma does
// not try again. The zero Sockets is ready to use.
type Sockets struct {
	mu      sync.Mutex
	address string
	open    *net.TCPListener // nil when none is
}

// listen opens an address, or gives on the one that is open already.
func (s *Sockets) listen(ctx context.Context, address string) (net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil && s.address == address {
		return kept{s.open}, s.open.SetDeadline(time.Time{})
	}
	if err := s.shut(); err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(errors.New("not a TCP listener"), l.Close())
	}
	s.open, s.address = tcp, address
	return kept{tcp}, nil
}

// Close closes the address.
func (s *Sockets) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shut()
}

func (s *Sockets) shut() error {
	if s.open == nil {
		return nil
	}
	err := s.open.Close()
	s.open = nil
	return err
}

// kept is a listener that stays open when a server has done with it.
type kept struct{ *net.TCPListener }

// Close ends whoever waits in Accept.
func (k kept) Close() error { return k.SetDeadline(time.Unix(1, 0)) }
