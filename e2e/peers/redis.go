package peers

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Redis is a running Redis that asks for a password and keeps nothing on disk.
type Redis struct {
	Addr         string // host:port
	Password     string
	PasswordFile string // holds it and a line end

	dir     string
	process *process
}

// StartRedis starts a Redis that writes below dir. ctx bounds the start, not its life.
func StartRedis(ctx context.Context, dir string) (*Redis, error) {
	const install = "apt-get install redis-server"
	binary, found := find("redis-server")
	if !found {
		return nil, &MissingError{Peer: "Redis", Reason: "no redis-server in PATH", Install: install}
	}
	if _, found := find("redis-cli"); !found {
		return nil, &MissingError{Peer: "Redis", Reason: "no redis-cli in PATH", Install: install}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	r := &Redis{Addr: address, Password: rand.Text(), PasswordFile: filepath.Join(dir, "redis-password"), dir: dir}
	if err := os.WriteFile(r.PasswordFile, []byte(r.Password+"\n"), 0o600); err != nil {
		return nil, err
	}
	config := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsave \"\"\nappendonly no\nrequirepass %s\n", port, dir, r.Password)
	if err := os.WriteFile(filepath.Join(dir, "redis.conf"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	r.process, err = launch(exec.Command(binary, filepath.Join(dir, "redis.conf")), r.LogFile())
	if err != nil {
		return nil, err
	}
	if err := r.process.ready(ctx, answers(address)); err != nil {
		r.Stop()
		return nil, err
	}
	return r, nil
}

// LogFile is where what it prints is.
func (r *Redis) LogFile() string { return filepath.Join(r.dir, "redis.log") }

// Stop ends it; what it held is gone.
func (r *Redis) Stop() { r.process.stop() }

// CLI gives what redis-cli prints for a command, without the line end.
func (r *Redis) CLI(ctx context.Context, args ...string) (string, error) {
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "redis-cli", append([]string{"-h", host, "-p", port}, args...)...)
	cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+r.Password)
	said, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("redis-cli %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimRight(string(said), "\r\n"), nil
}
