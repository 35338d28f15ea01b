package peers

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	dockerInstall = "apt-get install docker.io busybox-static; or RONDE_DOCKER_HOST=unix:///var/run/docker.sock"
	commandLimit  = 2 * time.Minute // a docker command takes seconds at most
	socketPathMax = 107             // bytes, by the kernel
)

// Docker is a Docker engine whose containers can reach nothing but this machine.
type Docker struct {
	Host string // as in DOCKER_HOST: unix://… or tcp://…

	cli     string // the docker program
	dir     string
	label   string   // marks what we made, as an engine given to us holds more
	process *process // nil when the engine was given to us
}

// ContainerStats is a container as `docker stats --no-stream` prints it: figures with their units.
type ContainerStats struct {
	Name     string
	CPUPerc  string // "12.34%"
	MemUsage string // "1.5MiB / 23.4GiB"
	MemPerc  string // "0.01%"
	PIDs     string
}

// StartDocker starts an engine that keeps everything in dir, which must exist and have a short path. This needs
// root. Where RONDE_DOCKER_HOST names an engine, that one is used instead, and only our own containers
// on it are touched. Either way the engine has the image for RunBusybox. ctx bounds the start, not the
// engine's life.
func StartDocker(ctx context.Context, dir string) (*Docker, error) {
	cli, found := find("docker")
	if !found {
		return nil, &MissingError{Peer: "Docker", Reason: "no docker in PATH", Install: dockerInstall}
	}
	d := &Docker{Host: os.Getenv("RONDE_DOCKER_HOST"), cli: cli, dir: dir, label: "ronde.peer=" + rand.Text()}
	if d.Host == "" {
		if err := d.start(ctx); err != nil {
			return nil, err
		}
	}
	if err := d.importBusybox(); err != nil {
		d.Stop()
		return nil, err
	}
	return d, nil
}

func (d *Docker) start(ctx context.Context) error {
	binary, found := find("dockerd")
	if !found {
		return &MissingError{Peer: "Docker", Reason: "no dockerd in PATH", Install: dockerInstall}
	}
	if os.Geteuid() != 0 {
		return &MissingError{Peer: "Docker", Reason: "only root can start an engine", Install: dockerInstall}
	}
	socket := filepath.Join(d.dir, "docker.sock")
	deepest := filepath.Join(d.execRoot(), "containerd", "containerd-debug.sock")
	if len(deepest) > socketPathMax {
		return fmt.Errorf("start Docker: %s is longer than a socket's path may be (%d bytes)", deepest, socketPathMax)
	}
	d.Host = "unix://" + socket
	// No bridge and no firewall rules: the machine's own network stays as it is.
	process, err := launch(exec.Command(binary, "--data-root", filepath.Join(d.dir, "data"), "--exec-root", d.execRoot(),
		"-H", d.Host, "--pidfile", filepath.Join(d.dir, "docker.pid"), "--bridge=none", "--iptables=false",
		"--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--userland-proxy=false"), d.LogFile())
	if err != nil {
		return err
	}
	d.process = process
	if err := process.ready(ctx, d.ping); err != nil {
		process.stop()
		return err
	}
	return nil
}

func (d *Docker) execRoot() string { return filepath.Join(d.dir, "exec") }

func (d *Docker) ping(context.Context) error {
	_, err := d.Command("version", "--format", "{{.Server.Version}}")
	return err
}

// LogFile is where the engine's own log is, if we started it.
func (d *Docker) LogFile() string { return filepath.Join(d.dir, "dockerd.log") }

// Stop removes the containers that RunBusybox made and, if we started it, ends the engine. It can't be started again.
func (d *Docker) Stop() {
	if ids, err := d.Command("ps", "--all", "--quiet", "--filter", "label="+d.label); err == nil && ids != "" {
		_, _ = d.Command(append([]string{"rm", "--force"}, strings.Fields(ids)...)...)
	}
	if d.process == nil {
		return
	}
	d.process.stop()
	// The engine leaves its network namespace mounted, and then dir can't be removed.
	_ = syscall.Unmount(filepath.Join(d.execRoot(), "netns", "default"), syscall.MNT_DETACH)
}

// Command runs the docker program against this engine and gives what it printed, without blanks around it.
func (d *Docker) Command(arguments ...string) (string, error) {
	return d.feed(nil, arguments...)
}

// feed is Command with something to read.
func (d *Docker) feed(input io.Reader, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.cli, arguments...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+d.Host)
	cmd.Stdin = input
	output, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("docker %s: %w: %s", arguments[0], err, lastLines(string(failed.Stderr), 3))
	}
	if err != nil {
		return "", fmt.Errorf("docker %s: %w", arguments[0], err)
	}
	return strings.TrimSpace(string(output)), nil
}

// RunBusybox starts a container of this name without network, which runs a busybox command such as
// "sleep", "1000" until it ends or Stop removes it.
func (d *Docker) RunBusybox(name string, command ...string) error {
	arguments := []string{"run", "--detach", "--init", "--network", "none", "--label", d.label, "--name", name, busyboxImage}
	_, err := d.Command(append(arguments, command...)...)
	return err
}

// Stats runs `docker stats --no-stream` over all running containers, which takes two to three seconds.
func (d *Docker) Stats() ([]ContainerStats, error) {
	output, err := d.Command("stats", "--no-stream", "--format", "{{json .}}")
	if err != nil {
		return nil, err
	}
	var all []ContainerStats
	for line := range strings.Lines(output) {
		var one ContainerStats
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			return nil, fmt.Errorf("read docker stats: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}
