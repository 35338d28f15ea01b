package alerts

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
)

// How a server can move mails; what is left out of the list is what it does not say that it can.
var movers = map[string][]string{
	"a server with MOVE":         nil,
	"a server with UIDPLUS only": {"MOVE"},
}

func TestMailboxMarksMailsOnlyWhenTold(t *testing.T) {
	for _, mark := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newMailWorld(t)
			w.box.Config.MarkSeen = mark
			w.deliver("long ago", 100*time.Hour)
			w.deliver("one", 0)
			w.start()
			time.Sleep(time.Second)
			w.deliver("two", 0)
			time.Sleep(6 * time.Minute)
			want := []string{"long ago", "one", "two"}
			if mark {
				want = []string{"long ago", "one (seen)", "two (seen)"}
			}
			w.wantFolder("INBOX", want...)
			if opened := w.toWrite.Load(); (opened > 0) != mark {
				t.Errorf("it was opened %d times for more than reading", opened)
			}
		})
	}
}

func TestMailboxMovesWhatIsStored(t *testing.T) {
	for name, hide := range movers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				w.hide = hide
				w.box.Config.MarkSeen, w.box.Config.MoveTo = true, "Ronde"
				w.deliver("long ago, and not taken", 100*time.Hour)
				w.deliver("one", 0)
				w.deliver("two", 0)
				w.deleted("INBOX", 1) // a person's mark, and not ours to carry out
				w.start()
				time.Sleep(time.Second)
				w.deliver("three", 0)
				time.Sleep(6 * time.Minute)
				w.wantSubjects("one", "two", "three")
				w.wantFolder("INBOX", "long ago, and not taken (deleted)")
				w.wantFolder("Ronde", "one (seen)", "two (seen)", "three (seen)")
				if strings.Contains(w.log.String(), "WARN") {
					t.Error("the log warns")
				}
			})
		})
	}
}

// Whatever the step at which the connection breaks and the bot dies, before the server has done it or after: each mail
// is stored once, and in the end is in the folder for it, once.
func TestMailboxKilledWhileItMoves(t *testing.T) {
	for name, hide := range movers {
		for _, fatal := range []string{"store \\Seen", "move", "copy", "store \\Deleted", "expunge"} {
			for _, when := range []string{"before", "after"} {
				t.Run(name+", killed "+when+" "+fatal, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { killedWhileItMoves(t, hide, fatal, when) })
				})
			}
		}
	}
}

func killedWhileItMoves(t *testing.T, hide []string, fatal, when string) {
	w := newMailWorld(t)
	w.hide = hide
	w.box.Config.MarkSeen, w.box.Config.MoveTo = true, "Ronde"
	var killed atomic.Int64
	w.step = func(step string, do func() error) error {
		if !strings.HasPrefix(step, fatal) || killed.Load() == 2 {
			return do()
		}
		if killed.Add(1); when == "after" {
			_ = do()
		}
		w.dropConnections()
		return io.EOF
	}
	must(t, w.user.Create("Ronde", nil))
	w.deliverTo("Ronde", "of before")
	for n := range 3 {
		w.deliver(fmt.Sprint("mail ", n), 0)
	}
	for range 3 {
		w.start()
		time.Sleep(time.Minute)
		_ = w.stop()
	}
	possible := (hide == nil) == (fatal == "move") || strings.HasSuffix(fatal, "Seen")
	if n := killed.Load(); possible && n != 2 {
		t.Errorf("it was killed %d times, want 2", n)
	}
	w.wantSubjects("mail 0", "mail 1", "mail 2")
	w.wantFolder("INBOX")
	w.wantFolder("Ronde", "of before", "mail 0 (seen)", "mail 1 (seen)", "mail 2 (seen)")
}

func TestMailboxAMailThatCannotBeMovedStays(t *testing.T) {
	for name, hide := range movers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				w.hide = hide
				w.box.Config.MoveTo = "Ronde"
				var tries, allowed atomic.Int64
				w.step = func(step string, do func() error) error {
					verb, uids, _ := strings.Cut(step, " ")
					if set := uidSet(uids); allowed.Load() == 0 && (verb == "move" || verb == "copy") && set.Contains(2) {
						tries.Add(1)
						return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "not this one"}
					}
					return do()
				}
				for n := range 3 {
					w.deliver(fmt.Sprint("mail ", n+1), 0)
				}
				w.start()
				time.Sleep(5*time.Hour + 10*time.Minute)
				w.wantFolder("INBOX", "mail 2")
				w.wantFolder("Ronde", "mail 1", "mail 3")
				if n := tries.Load(); n < 5 || n > 8 {
					t.Errorf("it was tried %d times in five hours", n)
				}
				if n := strings.Count(w.log.String(), "level=WARN"); n != 1 || !strings.Contains(w.log.String(), "not this one") {
					t.Errorf("the log warns %d times, want once", n)
				}
				allowed.Store(1)
				time.Sleep(time.Hour + 10*time.Minute)
				w.wantFolder("INBOX")
				w.wantFolder("Ronde", "mail 1", "mail 3", "mail 2")
				w.wantSubjects("mail 1", "mail 2", "mail 3")
			})
		})
	}
}

// A copy whose original cannot be taken away must not be made again each hour.
func TestMailboxAMailThatCanOnlyBeCopiedIsCopiedOnce(t *testing.T) {
	for _, refused := range []string{"store \\Deleted", "expunge"} {
		synctest.Test(t, func(t *testing.T) {
			w := newMailWorld(t)
			w.hide = []string{"MOVE"}
			w.box.Config.MoveTo = "Ronde"
			var allowed atomic.Bool
			w.step = func(step string, do func() error) error {
				if !allowed.Load() && step == refused {
					return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "no right"}
				}
				return do()
			}
			w.deliver("one", 0)
			w.start()
			time.Sleep(5 * time.Hour)
			w.wantFolder("Ronde", "one")
			if n := strings.Count(w.log.String(), "level=WARN"); n != 1 {
				t.Errorf("the log warns %d times, want once", n)
			}
			allowed.Store(true)
			time.Sleep(time.Hour + 10*time.Minute)
			w.wantFolder("INBOX")
			w.wantFolder("Ronde", "one")
		})
	}
}

func TestMailboxWithoutASafeWayToMoveMovesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.hide = []string{"MOVE", "UIDPLUS"}
		w.box.Config.MarkSeen, w.box.Config.MoveTo = true, "Ronde"
		w.start()
		for n := range 3 {
			w.deliver(fmt.Sprint("mail ", n), 0)
			time.Sleep(6 * time.Minute)
		}
		w.wantFolder("INBOX", "mail 0 (seen)", "mail 1 (seen)", "mail 2 (seen)")
		if n := strings.Count(w.log.String(), "neither MOVE nor UIDPLUS"); n != 1 {
			t.Errorf("the log says so %d times, want once", n)
		}
	})
}

func TestMailboxLeavesWhatPeopleMove(t *testing.T) {
	for name, hide := range movers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				w.hide = hide
				w.box.Config.MoveTo = "Ronde"
				var once sync.Once
				w.step = func(step string, do func() error) error {
					if step == "move 1:2" || step == "copy 1" { // a person is faster
						once.Do(func() { w.remove("INBOX", 1) })
					}
					return do()
				}
				w.deliver("deleted by a person", 0)
				w.deliver("moved, and put back", 0)
				w.start()
				time.Sleep(time.Minute)
				w.wantFolder("Ronde", "moved, and put back")
				w.deliver("moved, and put back", 0)
				time.Sleep(time.Hour)
				w.wantFolder("INBOX", "moved, and put back")
				w.wantSubjects("deleted by a person", "moved, and put back")
			})
		})
	}
}

// A stand-in says where the mail is that could not be read: there it stays.
func TestMailboxAnUnreadableMailIsNotMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.Config.MoveTo = "Ronde"
		var readable atomic.Bool
		w.fetch = func(f fetchCall) (bool, error) {
			return !readable.Load() && f.wants(2) && len(f.options.BodySection) > 0, nil
		}
		for n := range 3 {
			w.deliver(fmt.Sprint("mail ", n), 0)
		}
		w.start()
		time.Sleep(time.Hour)
		if w.inbox.standIns() != 1 {
			t.Errorf("%d stand-ins, want 1", w.inbox.standIns())
		}
		readable.Store(true)
		w.wantFolder("INBOX", "mail 1")
		w.wantFolder("Ronde", "mail 0", "mail 2")
	})
}

func TestMailboxMovesARenumberedFolderOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.Config.MoveTo = "Ronde"
		var allowed atomic.Bool
		w.step = func(_ string, do func() error) error {
			if !allowed.Load() {
				return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "not now"}
			}
			return do()
		}
		w.deliver("one", 0)
		w.deliver("two", 0)
		w.start()
		time.Sleep(time.Minute)
		w.recreateFolder()
		w.dropConnections()
		w.deliver("two", 0)
		w.deliver("one", 0)
		allowed.Store(true)
		time.Sleep(2 * time.Hour)
		w.wantSubjects("one", "two")
		w.wantFolder("INBOX")
		w.wantFolder("Ronde", "two", "one")
	})
}

func uidSet(s string) (set imap.UIDSet) {
	for part := range strings.SplitSeq(s, ",") {
		var first, last imap.UID
		if n, _ := fmt.Sscanf(part, "%d:%d", &first, &last); n == 1 {
			last = first
		}
		set.AddRange(first, last)
	}
	return set
}
