package alerts

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// What a server in memory cannot show is shown by a real Dovecot. It announces new mail half a second after delivery.
func TestMailboxOnDovecot(t *testing.T) {
	dovecot := startDovecot(t)
	for name, story := range map[string]func(*testing.T, *dovecotWorld){
		"push":              storyPush,
		"idle restarts":     storyIdleRestarts,
		"idle is hidden":    storyIdleHidden,
		"several folders":   storySeveralFolders,
		"moved":             storyMoved,
		"moves are cut":     storyMovesAreCut,
		"moved to nowhere":  storyMovedToNowhere,
		"cut connections":   storyCutConnections,
		"renumbered folder": storyRenumberedFolder,
		"deleted mail":      storyDeletedMail,
		"unreadable mail":   storyUnreadableMail,
		"flood":             storyFlood,
		"tls":               storyTLS,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, newDovecotWorld(t, dovecot))
		})
	}
}

func storyPush(t *testing.T, w *dovecotWorld) {
	w.start()
	var slowest time.Duration
	for n := range 5 {
		began := time.Now()
		w.deliver(fmt.Sprint("mail ", n))
		w.wait(n + 1)
		slowest = max(slowest, time.Since(began))
	}
	t.Logf("slowest of 5 deliveries until stored: %v", slowest)
	if slowest > time.Minute { // far below the poll
		t.Errorf("no push: %v", slowest)
	}
	for _, flags := range w.flags() {
		if slices.Contains(flags, imap.FlagSeen) {
			t.Error("reading marked a mail as seen")
		}
	}
}

func storyIdleRestarts(_ *testing.T, w *dovecotWorld) {
	w.box.Config.Poll = 30 * time.Millisecond
	w.start()
	for n := range 40 {
		w.deliver(fmt.Sprint("mail ", n))
	}
	w.wait(40)
}

// A server that a middlebox keeps from pushing.
func storyIdleHidden(t *testing.T, w *dovecotWorld) {
	proxy := startProxy(t, &faultProxy{target: w.server.imap, rewrite: func(said []byte) []byte {
		return bytes.ReplaceAll(said, []byte(" IDLE"), []byte(" XXXX"))
	}})
	w.box.Config.Address = proxy.address
	w.box.Config.Poll = 100 * time.Millisecond
	polls(t, w)
}

// IDLE is an extension, which a server may lack or have turned off.
func TestMailboxOnADovecotWithoutIdle(t *testing.T) {
	w := newDovecotWorld(t, startDovecot(t, "imap_capability = IMAP4rev1 SASL-IR LITERAL+ UIDPLUS"))
	w.box.Config.Poll = 100 * time.Millisecond
	polls(t, w)
}

func polls(t *testing.T, w *dovecotWorld) {
	t.Helper()
	w.start()
	for n := range 5 {
		w.deliver(fmt.Sprint("mail ", n))
		w.wait(n + 1)
	}
	if log := w.log.String(); !strings.Contains(log, "idle=false") || strings.Contains(log, "WARN") {
		t.Error("it is not polled, or with trouble")
	}
}

// storySeveralFolders has one with a French name, and one that a person makes later.
func storySeveralFolders(t *testing.T, w *dovecotWorld) {
	const named = "Alertes/Reçues d’ailleurs & co"
	must(t, w.client.Create(named, nil).Wait())
	w.box.Config.Folders = []string{"INBOX", named, "Kuma"}
	w.deliverTo(named, "one")
	w.start()
	w.wait(1)
	w.deliverTo("INBOX", "two")
	w.wait(2)
	w.deliverTo(named, "two") // the same, to another address of the team
	w.deliverTo(named, "three")
	w.wait(3)
	w.until("the missing folder is told", func() bool { return strings.Contains(w.box.Health().Err, `no folder "Kuma"`) })
	must(t, w.client.Create("Kuma", nil).Wait())
	w.deliverTo("Kuma", "four")
	w.wait(4)
	w.until("all are followed", func() bool { return w.box.Health().Connected })
}

func storyCutConnections(t *testing.T, w *dovecotWorld) {
	for n := range 60 {
		w.deliver(fmt.Sprint("mail ", n, " ", strings.Repeat("-", 700)))
	}
	proxy := startProxy(t, &faultProxy{target: w.server.imap, budgets: []int{700, 9000, 20000, 32000}, delay: time.Millisecond})
	w.box.Config.Address = proxy.address
	w.start()
	w.wait(60)
	w.deliver("last")
	w.wait(61)
	if n := proxy.cuts.Load(); n < 3 {
		t.Errorf("the proxy cut %d connections only", n)
	}
}

func storyRenumberedFolder(_ *testing.T, w *dovecotWorld) {
	w.box.Config.Folders = []string{"Alerts"}
	w.box.Config.Poll = time.Second // Dovecot does not tell who idles on a folder that another took its place
	must(w.t, w.client.Create("Alerts", nil).Wait())
	w.deliver("one")
	w.deliver("two")
	w.start()
	w.wait(2)
	w.stop()
	must(w.t, w.client.Delete("Alerts").Wait())
	must(w.t, w.client.Create("Alerts", nil).Wait())
	w.deliver("two")
	w.deliver("three")
	w.deliver("one")
	w.start()
	w.wait(3)
	must(w.t, w.client.Rename("Alerts", "Old", nil).Wait())
	must(w.t, w.client.Create("Alerts", nil).Wait())
	w.deliver("two")
	w.deliver("four")
	w.wait(4)
	w.deliver("five")
	w.wait(5)
	if n := strings.Count(w.log.String(), "renumbered"); n != 2 {
		w.t.Errorf("renumbered %d times, want 2", n)
	}
}

func storyDeletedMail(_ *testing.T, w *dovecotWorld) {
	w.start()
	w.deliver("one")
	w.deliver("two")
	w.wait(2)
	w.expunge()
	w.deliver("three")
	w.wait(3)
	w.expunge()
	w.stop()
	w.deliver("read by a person before the bot is back")
	w.expunge()
	w.deliver("four")
	w.start()
	w.wait(4)
}

// storyUnreadableMail takes a mail's file away from Dovecot, as a damaged disk would.
func storyUnreadableMail(t *testing.T, w *dovecotWorld) {
	w.deliver("one")
	w.deliver("two, unreadable")
	w.deliver("three")
	files, err := filepath.Glob(filepath.Join(w.server.dir, "mail", w.user, "*", "*"))
	must(t, err)
	hidden := 0
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil && bytes.Contains(raw, []byte("two, unreadable")) && !strings.Contains(file, "dovecot") {
			must(t, os.Chmod(file, 0))
			hidden++
		}
	}
	if hidden != 1 {
		t.Fatalf("hid %d files", hidden)
	}
	w.start()
	w.wait(3)
	w.deliver("four")
	w.wait(4)
	if got := w.subjects(); got[0] != "one" || !strings.Contains(got[1], "UID 2") || got[2] != "three" {
		t.Errorf("stored are %q", got)
	}
}

func storyFlood(t *testing.T, w *dovecotWorld) {
	w.box.Config.MaxBytes = 1 << 16
	for n := range 300 {
		w.deliver(fmt.Sprint("mail ", n))
	}
	w.append("INBOX", []byte("Subject: big\r\n\r\n"+strings.Repeat(strings.Repeat("x", 70)+"\r\n", 1<<16)))
	w.start()
	w.wait(301)
	mails := w.stored()
	if last := mails[300]; last.Size < 4<<20 || len(last.Raw) != 1<<16 {
		t.Errorf("the big mail: size %d, kept %d", last.Size, len(last.Raw))
	}
}

func storyTLS(t *testing.T, w *dovecotWorld) {
	w.deliver("one")
	for n, c := range []struct{ tls, address string }{{TLSImplicit, w.server.imaps}, {TLSStart, w.server.imap}} {
		w.box.Config.TLS, w.box.Config.Address, w.box.Config.CAFile = c.tls, c.address, w.server.caFile
		w.start()
		w.deliver(c.tls)
		w.wait(n + 2)
		w.stop()
		w.box.Config.CAFile = ""
		w.start()
		w.until("a certificate is refused", func() bool { return strings.Contains(w.box.Health().Err, "certificate") })
		w.stop()
	}
}
