// Package peers starts the real programs that ronde talks to: a Matrix homeserver (Dendrite), a mail
// server (Dovecot), a Docker engine, an OpenSSH server, Netdata and Redis.
//
// Each runs on loopback only, on free ports, keeps everything it writes under one directory and ends
// with the program that started it. Tests use the Need functions; the demo, the chaos runs and the
// benchmarks use the Start functions.
package peers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// startLimit is how long a peer may take until it answers. Each needs about a second on an idle machine.
const startLimit = time.Minute

// MissingError says that a peer can't be had on this machine, and what would change that.
type MissingError struct {
	Peer    string // such as "Dovecot"
	Reason  string // such as "no dovecot in PATH"
	Install string // what a person does about it, such as "apt-get install dovecot-imapd"
}

// Error gives peer, reason and remedy in one line.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is missing: %s (%s)", e.Peer, e.Reason, e.Install)
}

// IsMissing reports whether err, or one that it wraps, is a MissingError.
func IsMissing(err error) bool {
	_, missing := errors.AsType[*MissingError](err)
	return missing
}

// Ports from lowestPort on, so many, are below those that the kernel gives to whoever connects or listens anywhere
// (ip_local_port_range): so nobody gets one by chance before a peer listens there, or while it is stopped.
const (
	lowestPort = 20000
	portCount  = 12000
	portTries  = 100 // for each, before none is free
)

// freeAddresses gives different loopback addresses whose ports nobody listened on a moment ago.
func freeAddresses(count int) (addresses []string, err error) {
	for tries := 0; len(addresses) < count; tries++ {
		address := fmt.Sprintf("127.0.0.1:%d", lowestPort+rand.IntN(portCount))
		if slices.Contains(addresses, address) {
			continue
		}
		listener, err := net.Listen("tcp", address)
		switch {
		case err == nil:
			addresses = append(addresses, address)
			_ = listener.Close()
		case tries > portTries*count:
			return nil, fmt.Errorf("find a free port: %w", err)
		}
	}
	return addresses, nil
}

func freeAddress() (string, error) {
	found, err := freeAddresses(1)
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// find looks a program up in PATH, then where Debian keeps the programs that only root has in PATH.
func find(program string) (string, bool) {
	if path, err := exec.LookPath(program); err == nil {
		return path, true
	}
	path := filepath.Join("/usr/sbin", program)
	if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
		return path, true
	}
	return "", false
}

// answers waits until a TCP connection to address is accepted.
func answers(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	}
}
