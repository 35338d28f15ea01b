package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ronde/hosts"
)

// dockerSocket is where a Docker engine listens unless it is told otherwise.
const dockerSocket = "/var/run/docker.sock"

// Here is the machine that the program runs on, with the probe.toml that is called file; one
// that is not there lets nothing be asked beyond the machine's own state.
func Here(file string) (*Machine, error) {
	c, err := Load(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	h, err := hosts.New(hosts.Config{Name: "here", Local: true, Docker: c.Docker.address(dockerSocket)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &Machine{Host: h, Root: "/", Config: c}, nil
}

// EngineAddress is where a Docker engine listens.
type EngineAddress struct {
	// Address is "unix:///run/docker.sock"; "none" for an engine that is not to be asked,
	// and "" for the usual socket, if it is there.
	Address string
}

// noEngine keeps a machine's engine from being asked.
const noEngine = "none"

// UnmarshalText takes what hosts can reach without certificates.
func (e *EngineAddress) UnmarshalText(written []byte) error {
	e.Address = string(written)
	if e.Address == noEngine {
		return nil
	}
	if wrong, ok := errors.AsType[*hosts.SettingError](hosts.Config{Name: "here", Docker: e.Address}.Check()); ok {
		return fmt.Errorf("docker %s", wrong.Reason)
	}
	return nil
}

// address returns the address to ask, "" for none; usual is the path of the usual socket.
func (e EngineAddress) address(usual string) string {
	if e.Address == noEngine {
		return ""
	}
	if e.Address != "" {
		return e.Address
	}
	if _, err := os.Stat(usual); err != nil {
		return ""
	}
	return "unix://" + usual
}
