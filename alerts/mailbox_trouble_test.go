package alerts

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
)

func TestMailboxOneBadMailDoesNotStopTheOthers(t *testing.T) {
	for name, bad := range map[string]func(f fetchCall) (bool, error){
		"text refused": func(f fetchCall) (bool, error) {
			return f.wants(3) && len(f.options.BodySection) > 0, &imap.Error{Type: imap.StatusResponseTypeNo, Text: "internal error"}
		},
		"text left out": func(f fetchCall) (bool, error) {
			return f.wants(3) && len(f.options.BodySection) > 0, nil
		},
		"connection dies at the text": func(f fetchCall) (bool, error) {
			if !f.wants(3) || len(f.options.BodySection) == 0 {
				return false, nil
			}
			f.conn.NetConn().Close()
			return true, io.EOF
		},
		"connection dies at the size": func(f fetchCall) (bool, error) {
			if !f.wants(3) || !f.options.RFC822Size {
				return false, nil
			}
			f.conn.NetConn().Close()
			return true, io.EOF
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				w.fetch = bad
				w.deliver("1", 0)
				w.deliver("2", 0)
				w.deliver("3, the bad one", 0)
				w.deliver("4", 0)
				w.start()
				time.Sleep(20 * time.Minute)
				w.deliver("5", 0)
				time.Sleep(20 * time.Minute)
				got := w.inbox.subjects()
				if w.inbox.repeated != 0 {
					t.Errorf("%d mails were fetched again", w.inbox.repeated)
				}
				if len(got) != 5 || w.inbox.standIns() != 1 || !strings.Contains(got[2], "UID 3") {
					t.Errorf("stored: %q", got)
				}
			})
		})
	}
}

// A server that has lost its storage for an hour still lists every mail.
func TestMailboxAnOutageMakesNoStandIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		var broken atomic.Bool
		broken.Store(true)
		w.fetch = func(f fetchCall) (bool, error) {
			return broken.Load() && len(f.options.BodySection) > 0, &imap.Error{Type: imap.StatusResponseTypeNo, Text: "no storage"}
		}
		for n := range 5 {
			w.deliver(fmt.Sprint("mail ", n), 0)
		}
		w.start()
		time.Sleep(time.Hour)
		w.wantSubjects()
		broken.Store(false)
		time.Sleep(10 * time.Minute)
		w.wantSubjects("mail 0", "mail 1", "mail 2", "mail 3", "mail 4")
	})
}

func TestMailboxMailDeletedWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		for n := range 4 {
			w.deliver(fmt.Sprint("mail ", n), 0)
		}
		deleted := false
		w.fetch = func(f fetchCall) (bool, error) { // after the list, before the texts
			if len(f.options.BodySection) > 0 && !deleted {
				deleted = true
				w.expunge(f, 2)
			}
			return false, nil
		}
		w.start()
		time.Sleep(time.Second)
		w.wantSubjects("mail 0", "mail 2", "mail 3")
		if h := w.box.Health(); !h.Connected {
			t.Errorf("health = %+v", h)
		}
	})
}
