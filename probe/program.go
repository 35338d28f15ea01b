package probe

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// program is a program of the machine that a question runs: with fixed arguments, no
// shell, nothing to read and an environment of its own.
type program struct {
	path string // as seen on the machine
	args []string
	env  []string // beside plainEnv
	root string   // where the machine's files begin
	most int      // bytes kept of what it says
}

// said is what a program wrote and how it ended.
type said struct {
	out, err []byte
	code     int
	cut      bool // it wrote more than is kept
}

// mostSaid is how much is kept of what a program writes unless it says otherwise.
const mostSaid = 4 << 20

// programFolders is where the machine's programs are looked for, in this order.
var programFolders = []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"}

// plainEnv is the environment of every program: whatever its user set up for people
// must not change what it writes. Borg writes times without their zone.
func plainEnv() []string {
	return []string{"PATH=" + strings.Join(programFolders, ":"), "LC_ALL=C.UTF-8", "LANGUAGE=", "TZ=UTC", "HOME=" + cmp.Or(os.Getenv("HOME"), "/")}
}

// findProgram returns where a program is on the machine; "" for nowhere.
func findProgram(root, name string) string {
	for _, folder := range programFolders {
		info, err := os.Stat(filepath.Join(root, folder, name))
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return filepath.Join(folder, name)
		}
	}
	return ""
}

// run runs p to its end. An exit code is no error. Errors: that of ctx, or why it could
// not be started.
func (p program) run(ctx context.Context) (said, error) {
	most := p.most
	if most == 0 {
		most = mostSaid
	}
	out, errs := &bounded{most: most}, &bounded{most: 64 << 10}
	cmd := command(ctx, p.path, p.args)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(cmd.Env, p.env...), out, errs
	if p.root != "/" {
		cmd.SysProcAttr.Chroot = p.root
	}
	err := cmd.Run()
	endChildren(cmd)
	s := said{out: out.Bytes(), err: errs.Bytes(), cut: out.cut}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return s, fmt.Errorf("run %s: %w", filepath.Base(p.path), context.Cause(ctx))
	case errors.As(err, &exit):
		s.code = exit.ExitCode()
		return s, nil
	case err != nil:
		return s, fmt.Errorf("run %s: %w", filepath.Base(p.path), err)
	}
	return s, nil
}

// command is a program that is not started yet: in a plain environment, without anything to
// read, and one that ends with ctx.
func command(ctx context.Context, path string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = plainEnv(), "/", time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// endChildren ends what a program that has ended left running, so that nothing stays behind
// on the machine.
func endChildren(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // mostly there is nothing
	}
}

// linesOf yields the lines of what a program wrote, however long they are. A scanner would
// end at one that it finds too long, and the lines behind it would be missed by nobody.
func linesOf(out []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range bytes.Lines(out) {
			if !yield(string(bytes.TrimRight(line, "\r\n"))) {
				return
			}
		}
	}
}

// bounded keeps the first bytes written to it.
type bounded struct {
	bytes.Buffer
	most int
	cut  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.most - b.Len()
	if len(p) > room {
		b.cut = true
		b.Buffer.Write(p[:max(room, 0)])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}
