package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// RedisConfig is a [[redis]] in a probe.toml: a Redis, or what speaks as it does, whose
// size may be asked for. Nothing but INFO and DBSIZE is ever sent to it.
type RedisConfig struct {
	Name string `toml:"name"` // what it is asked for by: "nitter"
	// Address is a host and a port, or the path of a socket: "127.0.0.1:6379",
	// "/run/redis/redis.sock".
	Address string `toml:"address"`
	User    string `toml:"user"` // "" for the one that there always is
	// PasswordFile holds the password and nothing else; "" for none.
	PasswordFile string `toml:"password_file"`
	TLS          bool   `toml:"tls"`
	CAFile       string `toml:"ca_file"` // who signs its certificate; "" trusts the system's
}

func (c RedisConfig) check() error {
	_, _, err := net.SplitHostPort(c.Address)
	switch {
	case err != nil && !filepath.IsAbs(c.Address):
		return fmt.Errorf("[[redis]] %q: address must be a host and a port, or the absolute path of a socket", c.Name)
	case c.User != "" && c.PasswordFile == "":
		return fmt.Errorf("[[redis]] %q: user is of no use without password_file", c.Name)
	}
	for _, path := range []string{c.PasswordFile, c.CAFile} {
		if path != "" && !filepath.IsAbs(path) {
			return fmt.Errorf("[[redis]] %q: %q must be an absolute path", c.Name, path)
		}
	}
	return nil
}

// RedisInfo is how full a Redis is.
type RedisInfo struct {
	Version   string    `json:"version"`
	Used      uint64    `json:"used"`       // bytes of memory
	Most      uint64    `json:"most"`       // bytes that it may use; 0 for no limit
	Policy    string    `json:"policy"`     // what it does when they are used up: "noeviction"
	Databases []RedisDB `json:"databases"`  // those that hold keys; never nil
	FirstKeys uint64    `json:"first_keys"` // what DBSIZE says of database 0
}

// RedisDB is one database of a Redis.
type RedisDB struct {
	Number  int    `json:"number"`
	Keys    uint64 `json:"keys"`
	Expires uint64 `json:"expires"` // keys that go by themselves
}

const (
	redisTimeout = 5 * time.Second
	maxRedis     = 1 << 20 // bytes that it may say in all
	maxPassword  = 4 << 10 // bytes
)

// Redis asks how full the Redis is that probe.toml calls so.
func Redis(name string) Question[RedisInfo] {
	return Question[RedisInfo]{Name: "redis", Args: []string{name}, answer: func(ctx context.Context, m *Machine) (RedisInfo, error) {
		root, err := m.files()
		if err != nil {
			return RedisInfo{}, err
		}
		i := slices.IndexFunc(m.Config.Redis, func(c RedisConfig) bool { return c.Name == name })
		if i < 0 || name == "" {
			return RedisInfo{}, &Error{Code: NoSuch, Text: "probe.toml has no [[redis]] of that name"}
		}
		info, err := m.Config.Redis[i].ask(ctx, root)
		if err != nil {
			return RedisInfo{}, fmt.Errorf("ask the Redis called %s: %w", name, err)
		}
		return info, nil
	}}
}

// redisRequest is that of Redis.
func redisRequest() Request {
	return Request{Name: "redis", Usage: "NAME", parse: func(args []string) (asked, error) {
		if len(args) != 1 {
			return nil, badRequest("redis takes one name")
		}
		return Redis(args[0]), nil
	}}
}

// ask reads. Its errors never hold the password.
func (c RedisConfig) ask(ctx context.Context, root string) (info RedisInfo, err error) {
	options, err := c.options(root)
	if err != nil {
		return info, err
	}
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	network := "tcp"
	if strings.HasPrefix(c.Address, "/") {
		network = "unix"
	}
	conn, err := redis.DialContext(ctx, network, c.Address, options...)
	if err != nil {
		return info, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	said, err := redis.String(redis.DoContext(conn, ctx, "INFO"))
	if err != nil {
		return info, err
	}
	keys, err := redis.Uint64(redis.DoContext(conn, ctx, "DBSIZE"))
	if err != nil {
		return info, err
	}
	info, err = readRedisInfo(said)
	info.FirstKeys = keys
	return info, err
}

func (c RedisConfig) options(root string) ([]redis.DialOption, error) {
	dialer := &net.Dialer{Timeout: redisTimeout}
	options := []redis.DialOption{
		redis.DialReadTimeout(redisTimeout), redis.DialWriteTimeout(redisTimeout),
		redis.DialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return atMost{conn, io.LimitReader(conn, maxRedis)}, nil
		}),
	}
	if c.PasswordFile != "" {
		password, err := readPassword(filepath.Join(root, c.PasswordFile))
		if err != nil {
			return nil, err
		}
		options = append(options, redis.DialUsername(c.User), redis.DialPassword(password))
	}
	if !c.TLS {
		return options, nil
	}
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	if host, _, err := net.SplitHostPort(c.Address); err == nil {
		trusted.ServerName = host
	}
	if c.CAFile != "" {
		doc, err := os.ReadFile(filepath.Join(root, c.CAFile))
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		trusted.RootCAs = x509.NewCertPool()
		if !trusted.RootCAs.AppendCertsFromPEM(doc) {
			return nil, errors.New("read ca_file: it holds no certificate")
		}
	}
	return append(options, redis.DialUseTLS(true), redis.DialTLSHandshakeTimeout(redisTimeout), redis.DialTLSConfig(trusted)), nil
}

// readPassword reads a file that holds a password and nothing else.
func readPassword(file string) (string, error) {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || info.Size() > maxPassword {
		return "", errors.New("the file of its password cannot be read")
	}
	doc, err := os.ReadFile(file)
	if err != nil {
		return "", errors.New("the file of its password cannot be read")
	}
	return strings.TrimRight(string(doc), "\r\n"), nil
}

// readRedisInfo reads what INFO says: lines of name:value. See redis.io/commands/info.
func readRedisInfo(said string) (RedisInfo, error) {
	info := RedisInfo{Databases: []RedisDB{}}
	known := false
	for line := range strings.Lines(said) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		switch {
		case name == "redis_version":
			info.Version = clip(value)
		case name == "used_memory":
			used, err := strconv.ParseUint(value, 10, 64)
			info.Used, known = used, err == nil
		case name == "maxmemory":
			info.Most, _ = strconv.ParseUint(value, 10, 64)
		case name == "maxmemory_policy":
			info.Policy = clip(value)
		case strings.HasPrefix(name, "db"):
			if db, ok := readRedisDB(name, value); ok && len(info.Databases) < 1000 {
				info.Databases = append(info.Databases, db)
			}
		}
	}
	if !known {
		return RedisInfo{}, errors.New("it does not say how much memory it uses")
	}
	return info, nil
}

// readRedisDB reads "db0:keys=32,expires=20,avg_ttl=3749961,subexpiry=0".
func readRedisDB(name, value string) (db RedisDB, ok bool) {
	number, err := strconv.ParseUint(strings.TrimPrefix(name, "db"), 10, 16)
	if err != nil {
		return db, false
	}
	db.Number = int(number)
	for field := range strings.SplitSeq(value, ",") {
		key, count, _ := strings.Cut(field, "=")
		n, err := strconv.ParseUint(count, 10, 64)
		switch {
		case err != nil:
		case key == "keys":
			db.Keys, ok = n, true
		case key == "expires":
			db.Expires = n
		}
	}
	return db, ok
}

// atMost is a connection of which only so much is read.
type atMost struct {
	net.Conn
	from io.Reader
}

func (c atMost) Read(p []byte) (int, error) { return c.from.Read(p) }
