package probe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pelletier/go-toml/v2"
)

// Config is a machine's probe.toml: what it lets be asked beyond its own state. Whoever
// may ask chooses by name among what stands here, and can neither add to it nor change
// its arguments. The zero Config lets nothing.
type Config struct {
	Logs []Log `toml:"log"` // what [Logs] counts
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
	doc, err := io.ReadAll(io.LimitReader(f, maxConfig))
	if err != nil {
		return Config{}, fmt.Errorf("read what may be asked: %w", err)
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
		return Config{}, fmt.Errorf("line %d, column %d: there is no setting %s", row, column, unknown.Errors[0].Key())
	case errors.As(err, &wrong):
		row, column := wrong.Position()
		return Config{}, fmt.Errorf("line %d, column %d: %s", row, column, wrong.Error())
	case err != nil:
		return Config{}, err
	}
	if err := c.checkLogs(); err != nil {
		return Config{}, err
	}
	return c, nil
}
