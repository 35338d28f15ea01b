package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Rsyslog is a running rsyslogd that writes what it hears to one file, as the one whose folder is the Docker volume
// local-syslog does.
type Rsyslog struct {
	Log string // the file; it has a folder of its own

	dir     string
	binary  string
	rotate  string // logrotate
	heard   *net.UnixConn
	process *process
}

// NeedRsyslog gives the test an rsyslogd of its own and stops it afterwards; see [NeedDendrite].
func NeedRsyslog(t testing.TB) *Rsyslog {
	t.Helper()
	return need(t, StartRsyslog)
}

// StartRsyslog starts an rsyslogd that keeps all in dir, which must exist and is best new. ctx bounds the start.
func StartRsyslog(ctx context.Context, dir string) (*Rsyslog, error) {
	r := &Rsyslog{dir: dir, Log: filepath.Join(dir, "volume", "services.log")}
	for program, path := range map[string]*string{"rsyslogd": &r.binary, "logrotate": &r.rotate} {
		found := false
		if *path, found = find(program); !found {
			return nil, &MissingError{Peer: "rsyslog", Reason: "no " + program, Install: "apt-get install rsyslog logrotate"}
		}
	}
	conf := fmt.Sprintf(`global(workDirectory=%[1]q)
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%[1]s/heard" CreatePath="on" RateLimit.Interval="0" UsePIDFromSystem="off")
*.* action(type="omfile" file=%[2]q template="RSYSLOG_FileFormat" flushOnTXEnd="on")
`, dir, r.Log)
	if err := errors.Join(os.Mkdir(filepath.Dir(r.Log), 0o755), os.WriteFile(r.in("rsyslog.conf"), []byte(conf), 0o600)); err != nil {
		return nil, fmt.Errorf("configure rsyslog: %w", err)
	}
	cmd := exec.Command(r.binary, "-n", "-f", r.in("rsyslog.conf"), "-i", r.in("pid"))
	var err error
	if r.process, err = launch(cmd, r.LogFile()); err != nil {
		return nil, err
	}
	if err := r.process.ready(ctx, r.listens); err != nil {
		r.Stop()
		return nil, err
	}
	return r, nil
}

func (r *Rsyslog) in(name string) string { return filepath.Join(r.dir, name) }

func (r *Rsyslog) listens(context.Context) (err error) {
	r.heard, err = net.DialUnix("unixgram", nil, &net.UnixAddr{Name: r.in("heard"), Net: "unixgram"})
	return err
}

// Hear hands in one message as Docker's driver does: tag is a container's id or name.
func (r *Rsyslog) Hear(tag, message string) error {
	_, err := fmt.Fprintf(r.heard, "<30>%s %s[812]: %s", time.Now().Format(time.Stamp), tag, message)
	return err
}

// Rotate has logrotate rotate the log now: by another name, as Debian does, or by a copy.
func (r *Rsyslog) Rotate(ctx context.Context, byCopy bool) error {
	how := fmt.Sprintf("create\n postrotate\n  kill -HUP $(cat %s)\n endscript", r.in("pid"))
	if byCopy {
		how = "copytruncate"
	}
	conf := fmt.Sprintf("%s {\n rotate 4\n missingok\n notifempty\n compress\n delaycompress\n %s\n}\n", r.Log, how)
	if err := os.WriteFile(r.in("logrotate.conf"), []byte(conf), 0o600); err != nil {
		return fmt.Errorf("configure logrotate: %w", err)
	}
	cmd := exec.CommandContext(ctx, r.rotate, "--force", "--state", r.in("logrotate.state"), r.in("logrotate.conf"))
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("logrotate: %w: %s", err, said)
	}
	return nil
}

// Wrote waits until the log has at least so many lines.
func (r *Rsyslog) Wrote(ctx context.Context, lines int) error {
	return r.process.ready(ctx, func(context.Context) error {
		written, err := os.ReadFile(r.Log)
		if n := bytes.Count(written, []byte("\n")); err == nil && n < lines {
			return fmt.Errorf("the log has %d lines of %d", n, lines)
		}
		return err
	})
}

// Stop ends it.
func (r *Rsyslog) Stop() {
	if r.heard != nil {
		_ = r.heard.Close()
	}
	r.process.stop()
}

// LogFile is where rsyslogd itself complains.
func (r *Rsyslog) LogFile() string { return r.in("rsyslogd.out") }
