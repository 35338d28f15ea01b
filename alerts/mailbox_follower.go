package alerts

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/emersion/go-imap/v2"
)

// follower follows one folder of a mailbox.
type follower struct {
	*Mailbox
	folder string
	health Health // guarded by mu

	// Only run's goroutine touches these.
	careful int     // this many more mails are fetched one at a time: some would not be read
	trouble trouble // the mail that failed last
	told    string  // why it is not followed, as the log knows

	toldNoMove bool // the log knows that the server cannot move mails
}

// trouble counts how often the server failed to deliver one mail.
type trouble struct {
	validity uint32
	uid      imap.UID
	failures int
	proven   bool // the last failure was this mail's own
}

const (
	backoffFirst  = time.Second
	backoffMost   = 2 * time.Minute
	backoffJitter = 0.2
	// steadyAfter is how long a connection must have served before it counts as a good one; a server
	// that takes us in and throws us out again is left alone longer and longer.
	steadyAfter = time.Minute
	// reconnecting is the longest pause with the slow connection and login behind it.
	reconnecting = backoffMost + time.Minute
)

// run follows the folder until ctx ends.
func (f *follower) run(ctx context.Context) {
	pauses := &backoff.ExponentialBackOff{
		InitialInterval: cmp.Or(f.firstPause, backoffFirst), Multiplier: 2,
		// The library caps the interval before the jitter.
		RandomizationFactor: backoffJitter, MaxInterval: backoffMost * 10 / 12,
	}
	for ctx.Err() == nil {
		steady, err := f.visit(ctx)
		if ctx.Err() != nil {
			break
		}
		if steady {
			pauses.Reset()
		}
		pause := pauseAfter(err, pauses.NextBackOff())
		f.lost(err, pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	f.setConnected(false, "stopped")
}

// pauseAfter lengthens the pause after a refused login: guards such as fail2ban shut out whoever tries often.
func pauseAfter(err error, pause time.Duration) time.Duration {
	if _, ok := errors.AsType[*loginRefused](err); ok {
		return backoffMost
	}
	return pause
}

// visit is one connection: open, read what is new, wait for more, until something breaks.
// It reports whether the connection served for long enough to be a good one.
func (f *follower) visit(ctx context.Context) (steady bool, err error) {
	s, err := f.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return false, err
	}
	start := time.Now()
	f.setConnected(true, "")
	f.told = ""
	f.logger().Info("mailbox is followed", "folder", f.folder, "idle", s.canIdle,
		"uidvalidity", s.cursor.UIDValidity, "uid", s.cursor.UID)
	err = s.follow(ctx)
	return time.Since(start) >= steadyAfter, err
}

// lost notes why the folder is not followed. The log is told once for as long as that stays the same.
func (f *follower) lost(err error, pause time.Duration) {
	why, level := f.tellable(err), slog.LevelWarn
	if why == f.told {
		level = slog.LevelDebug
	}
	f.told = why
	f.setConnected(false, why)
	f.logger().Log(context.Background(), level, "mailbox is not followed", "folder", f.folder, "error", why, "retry", pause.Round(time.Millisecond))
}
