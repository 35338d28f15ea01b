package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// stopLimit is how long a peer may take to end after SIGTERM before it is killed.
const stopLimit = time.Minute

// process is a running peer.
type process struct {
	cmd  *exec.Cmd
	log  string // the file that gets what the peer prints
	done chan struct{}

	asked atomic.Bool // it is to end
}

// launch starts cmd, with what it prints added to the file log. The kernel sends the peer a SIGTERM when
// this program dies, however it dies.
func launch(cmd *exec.Cmd, log string) (*process, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", cmd.Path, err)
	}
	cmd.Stdout, cmd.Stderr = output, output
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	// A group of its own: Ctrl-C in a terminal reaches us, and we stop the peers in order.
	cmd.SysProcAttr.Setpgid = true

	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(output, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run starts the peer and stays until it ends. It keeps its thread to itself, because to the kernel it is the
// thread, not the program, whose death sends the SIGTERM.
func (p *process) run(output *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	defer func() { _ = output.Close() }()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	if _ = p.cmd.Wait(); !p.asked.Load() { // how it ended is in its log
		_, _ = fmt.Fprintf(output, "%s: nobody here asked it to end: %v\n", time.Now().Format(time.DateTime), p.cmd.ProcessState)
	}
}

// ended tells whether the peer is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop ends the peer and waits until it is gone. Stopping twice is harmless.
func (p *process) stop() {
	p.asked.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopLimit):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// ready asks until it gets no error; it gives up when the peer has ended, when ctx ends or after startLimit.
func (p *process) ready(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-pause.C:
		case <-p.done:
			return fmt.Errorf("%s ended early: %s", p.cmd.Path, tail(p.log))
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w: %s", p.cmd.Path, errors.Join(ctx.Err(), err), tail(p.log))
		}
	}
}

// tail gives the last lines of a log, for an error message.
func tail(file string) string {
	const enough = 2000 // bytes, some twenty lines
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	if len(text) > enough {
		text = text[len(text)-enough:]
	}
	return strings.TrimSpace(string(text))
}
