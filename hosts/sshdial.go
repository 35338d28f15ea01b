package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// dialTimeout bounds the way to a host, log-in and jump host included.
	dialTimeout = 10 * time.Second
	// tcpKeepAlive is how soon the kernel notices that nobody is at the other end.
	tcpKeepAlive = 30 * time.Second
	// greeting is what servers see of the bot before it logs in.
	greeting = "SSH-2.0-ronde"
	// hostKeyKind is what the library calls what both sides must agree on for host keys.
	hostKeyKind = "host key"
)

// A dialer makes the first connection of a way.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// walk logs in to each server on the way, through the one before. The clients are in the
// order of the way; those that there are when one fails are closed.
func (l *link) walk(ctx context.Context, way []stop) (clients []*ssh.Client, err error) {
	defer func() {
		if err != nil {
			closeAll(clients)
		}
	}()
	for _, s := range way {
		client, err := l.logIn(ctx, s, l.through(clients))
		if err != nil {
			return clients, err
		}
		clients = append(clients, client)
	}
	return clients, nil
}

// through returns how the next server is reached.
func (l *link) through(clients []*ssh.Client) dialer {
	if len(clients) == 0 {
		return l.dial
	}
	return clients[len(clients)-1].DialContext
}

func closeAll(clients []*ssh.Client) {
	for _, client := range slices.Backward(clients) {
		client.Close()
	}
}

// logIn shows the bot's key to a server whose own key is pinned. Errors: an
// [*UnknownKeyError], [*ChangedKeyError], [*KeyFileError], [*RefusedError] or
// [*UnreachableError].
func (l *link) logIn(ctx context.Context, s stop, dial dialer) (*ssh.Client, error) {
	known, err := readPins(l.pins)
	if err != nil {
		return nil, err
	}
	kinds := known.db.HostKeyAlgorithms(s.server)
	if len(kinds) == 0 {
		return nil, &UnknownKeyError{Host: l.host, Server: s.server, Trust: s.host}
	}
	signer, err := readKey(s.keyFile)
	if err != nil {
		return nil, err
	}
	client, err := l.greet(ctx, s, dial, &ssh.ClientConfig{
		User: s.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, ClientVersion: greeting,
		// Asked for any other kind, the server would show a key that is not pinned.
		HostKeyAlgorithms: kinds,
		HostKeyCallback:   func(_ string, _ net.Addr, key ssh.PublicKey) error { return known.check(s, l.host, key) },
	})
	if _, none := errors.AsType[*ssh.AlgorithmNegotiationError](err); none {
		return nil, known.changed(s, l.host, nil, known.of(s.server)[0])
	}
	return client, err
}

// greet connects to a server and shakes hands.
func (l *link) greet(ctx context.Context, s stop, dial dialer, config *ssh.ClientConfig) (*ssh.Client, error) {
	raw, err := dial(ctx, "tcp", s.server)
	if err != nil {
		return nil, l.told(ctx, s, err)
	}
	// A connection through another server knows no deadlines, so it is closed in time.
	awake := context.AfterFunc(ctx, func() { raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(raw, s.server, config)
	if err == nil && !awake() {
		err = context.Cause(ctx)
	}
	if err != nil {
		raw.Close()
		return nil, l.told(ctx, s, err)
	}
	return ssh.NewClient(conn, channels, requests), nil
}

// told says which server on the way is the trouble, and what kind of trouble it is.
func (l *link) told(ctx context.Context, s stop, err error) error {
	var unknown *UnknownKeyError
	var changed *ChangedKeyError
	var noKind *ssh.AlgorithmNegotiationError
	var closed *ssh.OpenChannelError
	switch {
	case errors.As(err, &unknown):
		return unknown
	case errors.As(err, &changed):
		return changed
	case errors.As(err, &noKind) && noKind.What == hostKeyKind:
		return noKind
	case ctx.Err() != nil:
		err = fmt.Errorf("no answer in time: %w", context.Cause(ctx))
	case errors.As(err, &closed) && closed.Reason == ssh.Prohibited:
		return &RefusedError{Host: l.host, Server: l.way[0].server, Err: fmt.Errorf("it may not go on to %s: %w", s.server, err)}
	case strings.Contains(err.Error(), "unable to authenticate"): // the library has no type for it
		return &RefusedError{Host: l.host, Server: s.server, Err: err}
	}
	return &UnreachableError{Host: l.host, Err: fmt.Errorf("connect to %s: %w", s.server, err)}
}
