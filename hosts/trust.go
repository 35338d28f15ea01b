package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// ShownKey is the host key that a server shows to whoever connects.
type ShownKey struct {
	Server      string // "antigone.example.org:22"
	Type        string // "ssh-ed25519"
	Fingerprint string // "SHA256:…", as ssh-keygen -lf shows it
	// Pinned are the keys that are pinned for this server; [ShownKey.Known] tells whether
	// this is one of them.
	Pinned []PinnedKey

	key  ssh.PublicKey
	file string // of the pinned keys
}

// PinnedKey is a line of the file of pinned host keys.
type PinnedKey struct {
	File        string
	Line        int
	Fingerprint string
}

// Known tells whether the key is pinned already.
func (k ShownKey) Known() bool {
	return slices.ContainsFunc(k.Pinned, func(p PinnedKey) bool { return p.Fingerprint == k.Fingerprint })
}

// ErrNotRemote is the error of a question that only a host has an answer to that is
// reached over SSH.
var ErrNotRemote = errors.New("it is not reached over SSH: ssh is not set")

// Trust shows decide the key of each server on the way to the host, the host's own last, which
// may pin it. It leaves out a jump host that is a host of its own name: that must be trusted
// already. Nothing is sent to a server but a greeting, and the bot's key to a jump host whose
// key is pinned. Errors: [ErrNotRemote], that of decide, or those of [Host.Exec].
func (h *Host) Trust(ctx context.Context, decide func(ShownKey) error) error {
	if h.link == nil {
		return fmt.Errorf("trust %s: %w", h.name, ErrNotRemote)
	}
	var clients []*ssh.Client
	defer func() { closeAll(clients) }()
	for i, s := range h.link.way {
		if s.host == h.name {
			if err := h.link.decide(ctx, s, clients, decide); err != nil {
				return err
			}
		}
		if i == len(h.link.way)-1 {
			return nil
		}
		short, cancel := context.WithTimeout(ctx, dialTimeout)
		client, err := h.link.logIn(short, s, h.link.through(clients))
		cancel()
		if err != nil {
			return err
		}
		clients = append(clients, client)
	}
	return nil
}

// decide has somebody look at the key of one server.
func (l *link) decide(ctx context.Context, s stop, over []*ssh.Client, decide func(ShownKey) error) error {
	short, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	shown, err := l.look(short, s, l.through(over))
	if err != nil {
		return err
	}
	return decide(shown)
}

// look asks a server for its key and leaves before logging in.
func (l *link) look(ctx context.Context, s stop, dial dialer) (ShownKey, error) {
	known, err := readPins(l.pins)
	if err != nil {
		return ShownKey{}, err
	}
	shown := ShownKey{Server: s.server, file: l.pins}
	for _, p := range known.of(s.server) {
		shown.Pinned = append(shown.Pinned, PinnedKey{p.Filename, p.Line, ssh.FingerprintSHA256(p.Key)})
	}
	_, err = l.greet(ctx, s, dial, &ssh.ClientConfig{
		User: s.user, ClientVersion: greeting, HostKeyAlgorithms: preferred(known.db.HostKeyAlgorithms(s.server)),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			shown.key, shown.Type, shown.Fingerprint = key, key.Type(), ssh.FingerprintSHA256(key)
			return errSeen
		},
	})
	if shown.key == nil {
		return ShownKey{}, err
	}
	return shown, nil
}

// errSeen ends a connection once the server has shown its key.
var errSeen = errors.New("the key was seen")

// preferred is which kind of key is asked for: one that is pinned, else the best that the
// server has.
func preferred(pinned []string) []string {
	return append(pinned, ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
}

// Pin adds the key to the file of pinned keys, which is made when there is none.
func (k ShownKey) Pin() (err error) {
	f, err := os.OpenFile(k.file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("pin a host key: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteString(missingLineEnd(f) + knownhosts.Line([]string{k.Server}, k.key) + "\n"); err != nil {
		return fmt.Errorf("pin a host key: %w", err)
	}
	return nil
}

// missingLineEnd is what must come before a new line.
func missingLineEnd(f *os.File) string {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return ""
	}
	last := []byte{0}
	if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
		return "\n"
	}
	return ""
}

// Unpin takes the keys that are pinned for the server out of the file. It leaves lines alone
// that say something about other servers as well, or that somebody changed meanwhile, and then
// fails.
func (k ShownKey) Unpin() error {
	if len(k.Pinned) == 0 {
		return nil
	}
	doc, err := os.ReadFile(k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("unpin a host key: %w", err)
	}
	lines := bytes.SplitAfter(doc, []byte("\n"))
	for _, p := range k.Pinned {
		switch {
		case p.Line > len(lines) || fingerprintIn(lines[p.Line-1]) != p.Fingerprint:
			return fmt.Errorf("line %d of %s was changed meanwhile: try again", p.Line, p.File)
		case !aboutOne(string(lines[p.Line-1])):
			return fmt.Errorf("line %d of %s is about other servers as well: change it by hand", p.Line, p.File)
		}
		lines[p.Line-1] = nil
	}
	return replace(k.file, bytes.Join(lines, nil))
}

// fingerprintIn is that of the key in a line of the file; "" for none.
func fingerprintIn(line []byte) string {
	_, _, key, _, _, err := ssh.ParseKnownHosts(line)
	if err != nil {
		return ""
	}
	return ssh.FingerprintSHA256(key)
}

// aboutOne tells whether a line pins one key to one server.
func aboutOne(line string) bool {
	fields := strings.Fields(line)
	return len(fields) >= 3 && !strings.ContainsAny(fields[0], "@,*?!")
}

// replace writes a file anew, whole or not at all.
func replace(file string, doc []byte) error {
	fresh, err := os.CreateTemp(filepath.Dir(file), ".known_hosts-*")
	if err != nil {
		return fmt.Errorf("unpin a host key: %w", err)
	}
	defer os.Remove(fresh.Name())
	_, err = fresh.Write(doc)
	err = errors.Join(err, fresh.Chmod(0o644), fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("unpin a host key: %w", err)
	}
	return nil
}
