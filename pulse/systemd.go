package pulse

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// Watchdog tells systemd how the process is, where systemd started it and wants to
// know (Type=notify). Its fields are to be set before Run; without systemd it does
// nothing.
type Watchdog struct {
	// Stuck names what of the process itself does not go on; "" when it is alive. A
	// homeserver that is away is none of it: a new process would not find it either.
	Stuck func() string
	// Ready returns what is closed once the bot is at work.
	Ready func() <-chan struct{}
	Log   *slog.Logger

	ready     atomic.Bool
	reloading atomic.Bool
	unheard   atomic.Bool
}

const (
	// startEvery is how often a start that waits for the homeserver asks for more time,
	// and startTime how much it asks for.
	startEvery = 20 * time.Second
	startTime  = 90 * time.Second
)

// Run works until ctx ends, and then says so.
func (w *Watchdog) Run(ctx context.Context) {
	defer w.say(daemon.SdNotifyStopping)
	if !w.starts(ctx) {
		return
	}
	w.ready.Store(true)
	w.say(daemon.SdNotifyReady)
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		w.Log.WarnContext(ctx, "systemd's watchdog cannot be understood", "err", err)
	}
	if limit <= 0 {
		<-ctx.Done()
		return
	}
	w.watch(ctx, limit/2)
}

// starts waits until the bot is at work; false means that it is to stop. As long as the
// process lives it asks for more time: an outage of the homeserver must not have it
// killed and started again and again.
func (w *Watchdog) starts(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-w.Ready():
			return true
		case <-time.After(startEvery):
		}
		if w.lives(ctx) {
			w.say(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", startTime.Microseconds()))
		}
	}
}

// watch says again and again that the process lives, as long as it does. When it does
// not, systemd ends it, with the stacks of all goroutines in the journal, and starts
// another one.
func (w *Watchdog) watch(ctx context.Context, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		if w.lives(ctx) {
			w.say(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (w *Watchdog) lives(ctx context.Context) bool {
	stuck := w.Stuck()
	if stuck != "" {
		w.Log.ErrorContext(ctx, "the bot does not go on", "parts", stuck)
	}
	return stuck == ""
}

// Reloading says that the configuration is read again, and Reloaded that this is over.
// Both are nothing before the bot is at work.
func (w *Watchdog) Reloading() {
	var now unix.Timespec
	if !w.ready.Load() || unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return
	}
	w.reloading.Store(true)
	w.say(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/1000))
}

// Reloaded ends what [Watchdog.Reloading] began, if it did.
func (w *Watchdog) Reloaded() {
	if w.reloading.Swap(false) {
		w.say(daemon.SdNotifyReady)
	}
}

// say tells systemd something, if it is there. What it does not hear is logged once.
func (w *Watchdog) say(state string) {
	if err := notify(state); err != nil && !w.unheard.Swap(true) {
		w.Log.Warn("systemd does not hear the bot", "err", err)
	}
}

// notify does what the library's SdNotify does, but waits for a manager that does not
// read for a second and not for ever: that must not keep the bot from anything.
func notify(state string) error {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("reach systemd: %w", err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return fmt.Errorf("set a limit for systemd: %w", err)
	}
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	return nil
}
