package alerts

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// storyMoved has a folder to move to that is to be made, and a person who deletes with a mark.
func storyMoved(t *testing.T, w *dovecotWorld) {
	w.box.Config.MarkSeen, w.box.Config.MoveTo = true, "Ronde/Déjà lus"
	w.deliver("one")
	w.deliver("two")
	w.deliver("three")
	w.start()
	w.wait(3)
	w.until("they are moved", func() bool { return len(w.mails("INBOX")) == 0 })
	w.deliverTo("INBOX", "two") // put back
	w.deliver("four")
	w.wait(4)
	w.until("the last is moved, and what was put back is left", func() bool { // a copy is there before the original is gone
		return len(w.mails("Ronde/Déjà lus")) == 4 && slices.Equal(w.mails("INBOX"), []string{"two"})
	})
	if moved := w.mails("Ronde/Déjà lus"); !slices.Equal(moved, []string{"one (seen)", "two (seen)", "three (seen)", "four (seen)"}) {
		t.Errorf("moved are %q", moved)
	}
}

// storyMovesAreCut breaks the line when Dovecot has moved or copied, and before the bot hears so.
func storyMovesAreCut(t *testing.T, w *dovecotWorld) {
	var cuts atomic.Int64
	proxy := startProxy(t, &faultProxy{target: w.server.imap, cut: func(said []byte) bool {
		return bytes.Contains(said, []byte("COPYUID")) && cuts.Add(1) <= 3
	}})
	w.box.Config.Address, w.box.Config.MoveTo = proxy.address, "Ronde"
	for n := range 5 {
		w.deliver(fmt.Sprint("mail ", n))
	}
	w.start()
	w.wait(5)
	for n := 5; cuts.Load() < 4; n++ {
		w.deliver(fmt.Sprint("mail ", n))
		w.wait(n + 1)
		w.until("all are moved", func() bool { return len(w.mails("INBOX")) == 0 })
	}
	var want []string
	for n := range w.stored() {
		want = append(want, fmt.Sprint("mail ", n))
	}
	if moved := w.mails("Ronde"); !slices.Equal(moved, want) {
		t.Errorf("moved are %q, want %q", moved, want)
	}
}

// storyMovedToNowhere names a folder that Dovecot refuses to make.
func storyMovedToNowhere(t *testing.T, w *dovecotWorld) {
	w.box.Config.MoveTo, w.box.Config.Poll = "a//b", 50*time.Millisecond
	w.start()
	w.deliver("one")
	w.wait(1)
	w.until("it is told", func() bool { return strings.Contains(w.log.String(), "stays as it is") })
	w.deliver("two")
	w.wait(2)
	w.until("it is told", func() bool { return strings.Count(w.log.String(), "stays as it is") == 2 })
	if h := w.box.Health(); !h.Connected || len(w.mails("INBOX")) != 2 {
		t.Errorf("health = %+v; INBOX holds %q", h, w.mails("INBOX"))
	}
}

// A Dovecot that does not know MOVE.
func TestMailboxMovesOnADovecotWithoutMove(t *testing.T) {
	dovecot := startDovecot(t, "imap_capability = IMAP4rev1 SASL-IR LITERAL+ IDLE UIDPLUS")
	for name, story := range map[string]func(*testing.T, *dovecotWorld){
		"copied":         storyMoved,
		"copies are cut": storyMovesAreCut,
		"copied nowhere": storyMovedToNowhere,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, newDovecotWorld(t, dovecot))
		})
	}
}
