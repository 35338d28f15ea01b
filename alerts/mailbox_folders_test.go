package alerts

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestMailboxFollowsSeveralFolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		must(t, w.user.Create("Supervision", nil))
		w.box.Config.Folders = []string{"INBOX", "Supervision"}
		w.deliverTo("Supervision", "before the start")
		w.start()
		time.Sleep(time.Second)
		w.deliverTo("INBOX", "one")
		w.deliverTo("Supervision", "two")
		time.Sleep(6 * time.Minute)
		w.deliverTo("Supervision", "in both folders")
		time.Sleep(6 * time.Minute)
		w.deliverTo("INBOX", "in both folders")
		w.deliverTo("INBOX", "last")
		time.Sleep(6 * time.Minute)
		got := strings.Join(w.inbox.subjects(), ", ")
		if got != "before the start, one, two, in both folders, last" && got != "before the start, two, one, in both folders, last" {
			t.Errorf("stored are %s", got)
		}
		inbox, _ := w.inbox.state("INBOX")
		other, _ := w.inbox.state("Supervision")
		if inbox.UID != 3 || other.UID != 3 {
			t.Errorf("the folders are read up to %d and %d, want 3 and 3", inbox.UID, other.UID)
		}
		if h := w.box.Health(); !h.Connected || time.Since(h.LastOK) > 6*time.Minute || h.Err != "" {
			t.Errorf("health = %+v", h)
		}
	})
}

func TestMailboxAMissingFolderKeepsNoOtherBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.Config.Folders = []string{"INBOX", "Supervision"}
		w.start()
		time.Sleep(time.Minute)
		w.deliver("one", 0)
		time.Sleep(2 * time.Hour)
		w.wantSubjects("one")
		if h := w.box.Health(); h.Connected || !h.LastOK.IsZero() || !strings.Contains(h.Err, `no folder "Supervision"`) {
			t.Errorf("health without the folder = %+v", h)
		}
		if n := strings.Count(w.log.String(), "level=WARN"); n != 1 || !strings.Contains(w.log.String(), "no folder") {
			t.Errorf("the log warns %d times in two hours, want once", n)
		}
		must(t, w.user.Create("Supervision", nil))
		w.deliverTo("Supervision", "two")
		time.Sleep(backoffMost + time.Second)
		w.wantSubjects("one", "two")
		if h := w.box.Health(); !h.Connected || h.LastOK.IsZero() || h.Err != "" {
			t.Errorf("health with the folder = %+v", h)
		}
	})
}

func TestMailboxIsAsSilentAsItsQuietestFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		must(t, w.user.Create("Supervision", nil))
		w.box.Config.Folders = []string{"Supervision", "INBOX"}
		w.start()
		time.Sleep(time.Minute)
		must(t, w.user.Delete("Supervision"))
		broken := time.Now()
		time.Sleep(time.Hour)
		if h := w.box.Health(); h.Connected || h.LastOK.IsZero() || h.LastOK.After(broken) || time.Since(h.Since) < 50*time.Minute {
			t.Errorf("health an hour after one of two folders went = %+v", h)
		}
	})
}

// To the server's guard against guessed passwords, the connections of a mailbox are one client.
func TestMailboxOfManyFoldersIsRefusedLikeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.Config.Folders = []string{"INBOX", "a", "b", "c", "d"}
		w.box.Config.Password = "wrong-secret"
		w.start()
		time.Sleep(time.Hour)
		if n := w.logins.Load(); n < 25 || n > 31 {
			t.Errorf("%d logins in an hour", n)
		}
		if h := w.box.Health(); h.Connected || !strings.Contains(h.Err, "log in as ops") {
			t.Errorf("health = %+v", h)
		}
	})
}

func TestHealthOfTwoFoldersIsThatOfTheWorse(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 3, 2, 3, minute, 0, 0, time.UTC) }
	well, later := Health{Connected: true, Since: at(1), LastOK: at(20)}, Health{Connected: true, Since: at(5), LastOK: at(10)}
	lost, never := Health{Since: at(7), LastOK: at(6), Err: "cut"}, Health{Since: at(3), Err: "no folder"}
	for name, c := range map[string]struct{ a, b, want Health }{
		"both well":         {well, later, Health{Connected: true, Since: at(5), LastOK: at(10)}},
		"one lost":          {well, lost, lost},
		"one never read":    {well, never, never},
		"lost and unread":   {lost, never, Health{Since: at(3), Err: "cut"}},
		"read once by both": {lost, lost, lost},
	} {
		if got := c.a.and(c.b); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if got := c.b.and(c.a); got.Connected != c.want.Connected || got.Since != c.want.Since || got.LastOK != c.want.LastOK {
			t.Errorf("%s, the other way round: %+v, want %+v", name, got, c.want)
		}
	}
}
