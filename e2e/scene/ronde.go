package scene

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
)

// Build compiles the bot into dir, as its users run it but for further flags of go
// build, and returns the program's path.
func Build(ctx context.Context, dir string, flags ...string) (string, error) {
	program := filepath.Join(dir, "ronde")
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	args := slices.Concat([]string{"build", "-tags", "goolm,sqlite_omit_load_extension", "-trimpath", "-ldflags", "-s -w", "-o", program}, flags, []string{"."})
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=1", "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build ronde: %w\n%s", err, out)
	}
	return program, nil
}

// moduleRoot returns the folder of go.mod, which is this one or above it.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod here or above: run this inside the project")
		}
		dir = filepath.Dir(dir)
	}
}

// Ronde is the bot as a process.
type Ronde struct {
	Program string
	Config  string // path of its config.toml
	Env     []string

	cmd    *exec.Cmd
	exited chan struct{}

	mu   sync.Mutex
	log  bytes.Buffer
	more chan struct{} // closed when the log grows; nil when nobody waits for that
}

// Write appends to the bot's log; the process writes here.
func (r *Ronde) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.more != nil {
		close(r.more)
		r.more = nil
	}
	return r.log.Write(p)
}

// Says waits until the bot has written something to its log. It fails when the bot ends
// before that, or ctx does.
func (r *Ronde) Says(ctx context.Context, what string) error {
	for {
		r.mu.Lock()
		said := bytes.Contains(r.log.Bytes(), []byte(what))
		if r.more == nil {
			r.more = make(chan struct{})
		}
		more := r.more
		r.mu.Unlock()
		if said {
			return nil
		}
		select {
		case <-more:
		case <-r.exited:
			return fmt.Errorf("ronde ended and never said %q:\n%s", what, r.Log())
		case <-ctx.Done():
			return fmt.Errorf("wait for ronde to say %q: %w\n%s", what, context.Cause(ctx), r.Log())
		}
	}
}

// Log returns what the bot has written on standard error so far.
func (r *Ronde) Log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// Do runs one of the program's commands to its end and returns what it printed.
func (r *Ronde) Do(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, r.Program, append(args, "-c", r.Config)...)
	cmd.Env = append(os.Environ(), r.Env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("ronde %v: %w\n%s", args, err, errs.String())
	}
	return out.String(), nil
}

// Start starts `ronde run`.
func (r *Ronde) Start() error {
	r.cmd = exec.Command(r.Program, "run", "-c", r.Config)
	r.cmd.Env = append(os.Environ(), r.Env...)
	r.cmd.Stdout, r.cmd.Stderr = r, r
	// A group of its own: Ctrl-C in a terminal reaches us, and we stop it in order.
	// Should we die, however that is, the kernel stops it.
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	r.exited = make(chan struct{})
	started := make(chan error, 1)
	go attend(r.cmd, started, r.exited)
	if err := <-started; err != nil {
		return fmt.Errorf("start ronde: %w", err)
	}
	return nil
}

// attend starts a process and stays until it ends. It keeps its thread to itself:
// to the kernel it is the thread whose death stops the process.
func attend(cmd *exec.Cmd, started chan<- error, exited chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(exited)
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait() // how it ended is in the log
	}
}

// PID returns the process id of the running bot.
func (r *Ronde) PID() int { return r.cmd.Process.Pid }

// Exited is closed when the process has ended.
func (r *Ronde) Exited() <-chan struct{} { return r.exited }

// Kill ends the bot with SIGKILL, in the middle of whatever it does.
func (r *Ronde) Kill() error { return r.end(syscall.SIGKILL) }

// Stop asks the bot to end, and waits.
func (r *Ronde) Stop() error { return r.end(syscall.SIGTERM) }

func (r *Ronde) end(signal os.Signal) error {
	if r.cmd == nil {
		return nil
	}
	err := r.cmd.Process.Signal(signal)
	<-r.exited
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
