package probe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Config is a machine's probe.toml: what it lets be asked beyond its own state. Whoever
// may ask chooses by name among what stands here, and can neither add to it nor change
// its arguments. The zero Config lets nothing.
type Config struct {
	Docker EngineAddress `toml:"docker"`
	// ContainerLogs lets the last lines of any container be read, which everybody in the
	// bot's rooms may then see.
	ContainerLogs bool           `toml:"container_logs"`
	Netdata       *NetdataConfig `toml:"netdata"` // nil: it may not be asked
	Redis         []RedisConfig  `toml:"redis"`
	Logs          []Log          `toml:"log"` // what [Logs] counts
	Plugins       []PluginConfig `toml:"plugin"`
	Backups       []BackupConfig `toml:"backup"`
}

// check returns the first mistake that the types do not show.
func (c Config) check() error {
	taken := map[string]bool{}
	take := func(kind, name string) error {
		if !configName.MatchString(name) || taken[kind+name] {
			return fmt.Errorf("[[%s]] %q: name must be one word of letters, digits, dots, hyphens and underscores, and no other's", kind, name)
		}
		taken[kind+name] = true
		return nil
	}
	for _, p := range c.Plugins {
		if err := errors.Join(take("plugin", p.Name), p.check()); err != nil {
			return err
		}
	}
	for _, r := range c.Redis {
		if err := errors.Join(take("redis", r.Name), r.check()); err != nil {
			return err
		}
	}
	for _, b := range c.Backups {
		if err := errors.Join(take("backup", b.Name), b.check()); err != nil {
			return err
		}
	}
	return nil
}

var configName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Length is a length of time, as in "10s".
type Length time.Duration

// UnmarshalText reads what [time.ParseDuration] does.
func (l *Length) UnmarshalText(s []byte) error {
	d, err := time.ParseDuration(string(s))
	if err == nil && d <= 0 {
		err = errors.New("a length of time must be more than nothing")
	}
	*l = Length(d)
	return err
}

// maxConfig is the longest probe.toml read, in bytes.
const maxConfig = 1 << 20

// Load reads a probe.toml. Its error names the line of each mistake.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read what may be asked: %w", err)
	}
	defer f.Close()
	doc, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	switch {
	case err != nil:
		return Config{}, fmt.Errorf("read what may be asked: %w", err)
	case len(doc) > maxConfig:
		return Config{}, fmt.Errorf("%s: it has more than %d bytes", path, maxConfig)
	}
	c, err := ReadConfig(doc)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ReadConfig reads the text of a probe.toml.
func ReadConfig(doc []byte) (Config, error) {
	var c Config
	err := toml.NewDecoder(bytes.NewReader(doc)).DisallowUnknownFields().Decode(&c)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		row, column := unknown.Errors[0].Position()
		return Config{}, fmt.Errorf("line %d, column %d: there is no setting %s", row, column, strings.Join(unknown.Errors[0].Key(), "."))
	case errors.As(err, &wrong):
		row, column := wrong.Position()
		return Config{}, fmt.Errorf("line %d, column %d: %s", row, column, wrong.Error())
	case err != nil:
		return Config{}, err
	}
	if err := errors.Join(c.check(), c.checkLogs()); err != nil {
		return Config{}, err
	}
	return c, nil
}
