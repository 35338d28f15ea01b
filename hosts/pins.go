package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// pins are the host keys that people have looked at, from a file as OpenSSH writes it.
type pins struct {
	file string
	db   *knownhosts.HostKeyDB
}

// readPins reads the file; one that is not there pins nothing.
func readPins(file string) (pins, error) {
	files := []string{file}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		files = nil
	}
	db, err := knownhosts.NewDB(files...)
	if err != nil {
		return pins{}, fmt.Errorf("read the pinned host keys: %w", err)
	}
	return pins{file: file, db: db}, nil
}

// of returns what is pinned for a server.
func (p pins) of(server string) []xknownhosts.KnownKey {
	if differs, ok := errors.AsType[*xknownhosts.KeyError](p.db.HostKeyCallback()(server, noAddress(), noKey{})); ok {
		return differs.Want
	}
	return nil
}

// check returns nil for a key that is pinned, else a [*ChangedKeyError] or an
// [*UnknownKeyError].
func (p pins) check(s stop, host string, key ssh.PublicKey) error {
	err := p.db.HostKeyCallback()(s.server, noAddress(), key)
	var differs *xknownhosts.KeyError
	var revoked *xknownhosts.RevokedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return p.changed(s, host, key, revoked.Revoked)
	case errors.As(err, &differs) && len(differs.Want) > 0:
		return p.changed(s, host, key, sameKind(differs.Want, key))
	}
	return &UnknownKeyError{Host: host, Server: s.server, Trust: s.host}
}

// changed is the error of a server that shows key, nil for none that will do, in place of
// what is pinned.
func (p pins) changed(s stop, host string, key ssh.PublicKey, pinned xknownhosts.KnownKey) error {
	e := &ChangedKeyError{Host: host, Server: s.server, File: pinned.Filename, Line: pinned.Line, Trust: s.host}
	if key != nil {
		e.Shown = ssh.FingerprintSHA256(key)
	}
	return e
}

// sameKind picks the pinned key that a server's should have been.
func sameKind(pinned []xknownhosts.KnownKey, key ssh.PublicKey) xknownhosts.KnownKey {
	for _, k := range pinned {
		if k.Key.Type() == key.Type() {
			return k
		}
	}
	return pinned[0]
}

// noAddress stands for the address behind a name, which is not what keys are pinned to.
func noAddress() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

// noKey is a key that no server has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
