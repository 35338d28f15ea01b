package alerts

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestMailboxComesBackWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.down.Store(true)
		w.start()
		time.Sleep(30 * time.Minute)
		if h := w.box.Health(); h.Connected || !h.LastOK.IsZero() || h.Err == "" {
			t.Errorf("health while the server is away = %+v", h)
		}
		dials := w.dialTimes()
		if n := len(dials); n < 15 || n > 30 {
			t.Errorf("%d tries in half an hour", n)
		}
		for i := 1; i < len(dials); i++ {
			if gap := dials[i].Sub(dials[i-1]); gap < 700*time.Millisecond || gap > backoffMost {
				t.Errorf("pause %d is %v", i, gap)
			}
		}
		w.deliver("while away", 0)
		w.down.Store(false)
		time.Sleep(backoffMost)
		w.wantSubjects("while away")
		w.dropConnections()
		w.deliver("after the cut", 0)
		time.Sleep(backoffMost)
		w.wantSubjects("while away", "after the cut")
	})
}

// Whatever the byte at which the connections of some seconds break, each mail comes once.
func TestMailboxConnectionCutAnywhere(t *testing.T) {
	for after := 40; after < 9000; after += 173 {
		synctest.Test(t, func(t *testing.T) {
			w := newMailWorld(t)
			for n := range 8 {
				w.deliver(fmt.Sprintf("mail %d %s", n, strings.Repeat("-", 500)), 0)
			}
			w.cutAfter.Store(int64(after))
			w.start()
			time.Sleep(5 * time.Second)
			w.cutAfter.Store(0)
			w.dropConnections()
			time.Sleep(20 * time.Minute)
			if got := w.inbox.subjects(); len(got) != 8 {
				t.Errorf("cut after %d bytes: %d mails are stored, want 8: %q", after, len(got), got)
			}
			if got := w.inbox.standIns(); got != 0 {
				t.Errorf("cut after %d bytes: %d stand-ins", after, got)
			}
		})
	}
}

func TestMailboxASilentServerIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.dial = func(context.Context) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				_, _ = io.Copy(io.Discard, server)
				server.Close()
			}()
			return client, nil
		}
		w.start()
		time.Sleep(2 * commandTimeout)
		if h := w.box.Health(); h.Connected || !strings.Contains(h.Err, "greeting") {
			t.Errorf("health = %+v", h)
		}
	})
}

// A line that goes dead in the middle of a mail, without a reset.
func TestMailboxASilentLineIsLeft(t *testing.T) {
	for after := 300; after < 3000; after += 300 {
		synctest.Test(t, func(t *testing.T) {
			w := newMailWorld(t)
			for n := range 3 {
				w.deliver(fmt.Sprintf("mail %d %s", n, strings.Repeat("-", 500)), 0)
			}
			w.silentAfter.Store(int64(after))
			w.start()
			time.Sleep(time.Second)
			w.silentAfter.Store(0)
			time.Sleep(15 * time.Minute)
			if got := w.inbox.subjects(); len(got) != 3 || w.inbox.standIns() != 0 {
				t.Errorf("silent after %d bytes: stored are %q", after, got)
			}
		})
	}
}

func TestMailboxARefusedLoginIsNotRepeatedOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.Config.Password = "wrong-secret"
		w.start()
		time.Sleep(time.Hour)
		if n := len(w.dialTimes()); n > 31 {
			t.Errorf("%d logins in an hour", n)
		}
	})
}

func TestMailboxNeverTellsThePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.dial = func(context.Context) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				fmt.Fprint(server, "* OK [CAPABILITY IMAP4rev1] hello\r\n")
				line := make([]byte, 200)
				n, _ := server.Read(line)
				fmt.Fprintf(server, "T1 NO you sent %s\r\n", bytes.TrimSpace(line[:n]))
				_, _ = io.Copy(io.Discard, server)
			}()
			return client, nil
		}
		w.start()
		time.Sleep(time.Minute)
		h := w.box.Health()
		if !strings.Contains(h.Err, "you sent") {
			t.Errorf("health = %+v, want the server's answer in it", h)
		}
		if all := h.Err + w.log.String(); strings.Contains(all, mailPassword) {
			t.Errorf("the password is told: %s", all)
		}
	})
}
