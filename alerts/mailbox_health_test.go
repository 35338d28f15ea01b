package alerts

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestMailboxThatWorksIsNeverSilentForLong(t *testing.T) {
	for name, prepare := range map[string]func(*mailWorld){
		"idle":              func(*mailWorld) {},
		"polling":           func(w *mailWorld) { w.hide = []string{"IDLE"} },
		"a short poll":      func(w *mailWorld) { w.box.Config.Poll = 10 * time.Second },
		"a poll of one day": func(w *mailWorld) { w.box.Config.Poll = 24 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				prepare(w)
				w.start()
				longest := time.Duration(0)
				for range 2 * 60 {
					time.Sleep(time.Minute)
					if w.box.Health().LastOK.IsZero() {
						t.Fatal("it never answered")
					}
					longest = max(longest, time.Since(w.box.Health().LastOK))
				}
				if longest+reconnecting > w.box.Silence()+time.Second || w.box.Silence() > 10*time.Minute {
					t.Errorf("silent for %s, with %s allowed", longest, w.box.Silence())
				}
			})
		})
	}
}

func TestMailboxThatDoesNotAnswerIsSilent(t *testing.T) {
	for name, breakIt := range map[string]func(*mailWorld){
		"the server is gone":                    func(w *mailWorld) { w.down.Store(true) },
		"it takes connections and says nothing": func(w *mailWorld) { w.silentAfter.Store(1) },
		"it is silent after the login":          func(w *mailWorld) { w.silentAfter.Store(120) },
		"the folder is gone":                    func(w *mailWorld) { must(w.t, w.user.Delete("INBOX")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				w.start()
				time.Sleep(time.Minute)
				breakIt(w)
				w.dropConnections()
				broken := time.Now()
				for range 60 {
					time.Sleep(time.Minute)
				}
				if last := w.box.Health().LastOK; last.IsZero() || last.After(broken) {
					t.Errorf("it answered at %s, broken at %s", last, broken)
				}
			})
		})
	}
}
