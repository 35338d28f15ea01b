package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestMailboxConfigCheckNamesEveryMistake(t *testing.T) {
	good := MailboxConfig{Address: "imap.example.org:993", User: "ops", Password: "x"}
	change := func(f func(*MailboxConfig)) MailboxConfig { c := good; f(&c); return c }
	for name, c := range map[string]struct {
		conf MailboxConfig
		want []string
	}{
		"good":              {good, nil},
		"starttls":          {change(func(c *MailboxConfig) { c.TLS = TLSStart }), nil},
		"plain to loopback": {change(func(c *MailboxConfig) { c.TLS, c.Address = TLSNone, "[::1]:143" }), nil},
		"plain elsewhere":   {change(func(c *MailboxConfig) { c.TLS = TLSNone }), []string{"loopback"}},
		"unknown tls":       {change(func(c *MailboxConfig) { c.TLS = "ssl" }), []string{`"ssl"`}},
		"no port":           {change(func(c *MailboxConfig) { c.Address = "imap.example.org" }), []string{"host:port"}},
		"nothing":           {MailboxConfig{}, []string{"host:port", "password"}},
		"negative":          {change(func(c *MailboxConfig) { c.Poll = -1 }), []string{"negative"}},
		"two folders":       {change(func(c *MailboxConfig) { c.Folders = []string{"INBOX", "Inbox/Kuma", "Inbox/kuma"} }), nil},
		"one folder twice":  {change(func(c *MailboxConfig) { c.Folders = []string{"INBOX", "Inbox"} }), []string{`"Inbox" twice`}},
		"too many folders":  {change(func(c *MailboxConfig) { c.Folders = strings.Split("abcdefghi", "") }), []string{"more than 8"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.conf.Check()
			if (err == nil) != (c.want == nil) {
				t.Fatalf("Check() = %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Check() = %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestMailboxFirstReadTakesRecentMailOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.deliver("old", 30*time.Hour)
		w.deliver("recent", 23*time.Hour)
		w.deliver("moved here, old", 100*time.Hour)
		w.start()
		time.Sleep(time.Second)
		w.wantSubjects("recent")
		if c, _ := w.inbox.state("INBOX"); c.UID != 3 {
			t.Errorf("cursor stands at %d, want 3", c.UID)
		}
	})
}

func TestMailboxFirstReadOfAnEmptyFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.start()
		time.Sleep(time.Second)
		if c, known := w.inbox.state("INBOX"); !known || c.UID != 0 {
			t.Errorf("cursor = %+v, known %v, want a known one at 0", c, known)
		}
		w.deliver("first", 0)
		time.Sleep(2 * time.Minute)
		w.wantSubjects("first")
	})
}

func TestMailboxFindsNewMail(t *testing.T) {
	for name, c := range map[string]struct {
		idle   bool
		within time.Duration
	}{
		"polling when the server cannot push":           {false, pollMost},
		"looking now and then when the push is missing": {true, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				if !c.idle {
					w.hide = []string{"IDLE"}
				}
				w.start()
				time.Sleep(time.Second)
				for n := range 3 {
					w.deliver(fmt.Sprint("mail ", n), 0)
					time.Sleep(c.within + time.Second)
				}
				w.wantSubjects("mail 0", "mail 1", "mail 2")
				if w.inbox.repeated != 0 {
					t.Errorf("%d mails were fetched again", w.inbox.repeated)
				}
				if got := w.taken.Load(); got != 3 {
					t.Errorf("Taken was called %d times, want 3", got)
				}
				if h := w.box.Health(); !h.Connected || time.Since(h.LastOK) > 6*time.Minute || h.Err != "" {
					t.Errorf("health = %+v", h)
				}
			})
		})
	}
}

func TestMailboxStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.start()
		time.Sleep(time.Minute)
		before := time.Now()
		if err := w.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("stopping took %v", took)
		}
	})
}
