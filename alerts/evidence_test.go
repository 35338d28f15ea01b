package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ronde/cards"
	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

// watched is a desk that looks at what breaks, over checks that take a while.
type watched struct {
	inboxDesk
	checks *slowChecks
	under  *underCards
	mails  uint32
	stop   context.CancelFunc // as kill -9 would
}

// slowChecks are made in the given time, and count.
type slowChecks struct {
	mu    sync.Mutex
	takes time.Duration
	made  []string // the references, in the order in which they were asked for
}

func (c *slowChecks) Run(ctx context.Context, refs []string, _ *text.Language) []checks.Outcome {
	c.mu.Lock()
	c.made = append(c.made, refs...)
	takes := c.takes
	c.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
	}
	var all []checks.Outcome
	for _, ref := range refs {
		kind, host, _ := strings.Cut(ref, " ")
		all = append(all, checks.Outcome{Ref: ref, Result: checks.Result{Check: kind, Host: host, Status: checks.OK, At: time.Now()}})
	}
	return all
}

// taking changes how long the next ones take.
func (c *slowChecks) taking(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.takes = d
}

func (c *slowChecks) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.made)
}

// underCards keeps what is said under cards.
type underCards struct {
	mu   sync.Mutex
	keys []string
	said []cards.Message
	err  error
}

func (u *underCards) AddUnder(_ *store.Tx, key string, _ store.Card, m cards.Message) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if strings.HasPrefix(key, "evidence-") && u.err != nil {
		return u.err
	}
	u.keys, u.said = append(u.keys, key), append(u.said, m)
	return nil
}

// AddNotice and Withdraw are of no interest here.
func (u *underCards) AddNotice(*store.Tx, string, string, cards.Message) error { return nil }

func (u *underCards) Withdraw(*store.Tx, string) (bool, error) { return false, nil }

// evidence returns the keys of what was found out.
func (u *underCards) evidence() (keys []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, key := range u.keys {
		if strings.HasPrefix(key, "evidence-") {
			keys = append(keys, key)
		}
	}
	return keys
}

func newWatched(t *testing.T, takes time.Duration) *watched {
	t.Helper()
	time.Sleep(time.Until(today(t, "10:00")))
	w := &watched{inboxDesk: newInboxDesk(t), checks: &slowChecks{takes: takes}, under: &underCards{}}
	w.Settings = Settings{
		Reopen: 15 * time.Minute, Hosts: map[string][]string{"antigone": {"cloud", "forge"}, "balearica": {"mail"}},
		Checks: map[string][]string{"antigone": {"containers antigone", "reboot antigone"}, "balearica": {"containers balearica"}},
	}
	w.Notices, w.Checks = w.under, w.checks
	w.start()
	t.Cleanup(func() { w.stop(); _ = w.Store.Close() })
	return w
}

// start runs a desk over the store, as a new process does.
func (w *watched) start() {
	w.Desk = NewDesk(w.Desk)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = w.Answer(ctx); close(ended) }()
	w.stop = func() { cancel(); <-ended }
}

// hears has a mail about a thing come in now: down or up.
func (w *watched) hears(thing, word string) {
	w.t.Helper()
	w.mails++
	status := map[string]string{"down": "🔴 Down", "up": "✅ Up"}[word]
	now := time.Now().UTC()
	w.take(fmt.Sprintf("Authentication-Results: mx.example.org; dkim=pass header.d=example.org\n"+
		"From: kuma@example.org\nDate: %s\nSubject: [%s] [%s] 502\nMessage-ID: <%d@example.org>\n\nmail\n",
		now.Format(time.RFC1123Z), thing, status, w.mails), now.Format("15:04"), w.mails)
}

// expect compares what was found out with the keys of the notices.
func (w *watched) expect(story string, keys ...string) {
	w.t.Helper()
	synctest.Wait()
	if got := w.under.evidence(); !slices.Equal(got, keys) {
		w.t.Errorf("%s: said %v, want %v", story, got, keys)
	}
}

func TestTheCardWaitsForNoCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, 20*time.Second)
		began := time.Now()
		w.hears("Cloud", "down")
		if took := time.Since(began); took != 0 {
			t.Errorf("folding took %s", took)
		}
		w.expect("while the checks are made")
		time.Sleep(21 * time.Second)
		w.expect("after them", "evidence-1-0")
		m := w.under.said[0]
		if m.Rings || m.Thread != cards.TheCard || len(m.Mentions) > 0 {
			t.Errorf("it is to lie in the thread and ring nobody: %+v", m)
		}
	})
}

// TestAKillCostsNoEvidence: what was wanted is looked up by the next process, and what was
// said is not said again.
func TestAKillCostsNoEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, 5*time.Second)
		w.hears("Cloud", "down")
		time.Sleep(2 * time.Second)
		w.stop()
		w.expect("killed in the middle")
		w.start()
		time.Sleep(6 * time.Second)
		w.expect("the next process", "evidence-1-0")
		w.stop()
		w.start()
		time.Sleep(time.Hour)
		w.expect("the one after that", "evidence-1-0")
	})
}

// TestAStormLooksOnce: the first incidents are answered, with the same few checks.
func TestAStormLooksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, 5*time.Second)
		for n := range 100 {
			w.hears(fmt.Sprintf("Forge %d", n), "down")
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		w.expect("the storm", "evidence-1-0", "evidence-2-0", "evidence-3-0", "evidence-4-0")
		if n := w.checks.count(); n != 2 {
			t.Errorf("%d checks were made, want the 2 of the host once: %v", n, w.checks.made)
		}
		time.Sleep(evidencePause)
		w.hears("Cloud", "down")
		time.Sleep(time.Minute)
		w.expect("after it", "evidence-1-0", "evidence-2-0", "evidence-3-0", "evidence-4-0", "evidence-101-0")
	})
}

func TestWhatWasJustSeenIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, time.Second)
		w.hears("Cloud", "down")
		time.Sleep(20 * time.Second)
		w.hears("Forge", "down")
		w.expect("the second at once", "evidence-1-0", "evidence-2-0")
		if n := w.checks.count(); n != 2 {
			t.Errorf("%d checks were made, want 2", n)
		}
		time.Sleep(20 * time.Second)
		w.hears("Forge 2", "down")
		time.Sleep(2 * time.Second)
		w.expect("the third anew", "evidence-1-0", "evidence-2-0", "evidence-3-0")
		if n := w.checks.count(); n != 4 {
			t.Errorf("%d checks were made, want 4", n)
		}
	})
}

// TestOneHostWaitsForNoOther: each is answered when its own checks are made.
func TestOneHostWaitsForNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, 20*time.Second)
		w.hears("Cloud", "down")
		time.Sleep(time.Second)
		w.checks.taking(time.Second)
		w.hears("Mail", "down")
		time.Sleep(2 * time.Second)
		w.expect("the quick one", "evidence-2-0")
		time.Sleep(20 * time.Second)
		w.expect("both", "evidence-2-0", "evidence-1-0")
	})
}

func TestWhatIsOverNeedsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, 5*time.Second)
		w.hears("Cloud", "down")
		time.Sleep(2 * time.Second)
		w.hears("Cloud", "up")
		time.Sleep(time.Minute)
		w.expect("over")
		time.Sleep(time.Minute)
		w.hears("Cloud", "down")
		time.Sleep(time.Minute)
		w.expect("and again", "evidence-1-1")
	})
}

// TestWhatCannotBeSaidHoldsUpNothing: it is given up, and the next is said.
func TestWhatCannotBeSaidHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, time.Second)
		var log strings.Builder
		w.Log = slog.New(slog.NewTextHandler(&log, nil))
		w.under.err = errors.New("no such table")
		w.hears("Cloud", "down")
		time.Sleep(time.Minute)
		w.under.mu.Lock()
		w.under.err = nil
		w.under.mu.Unlock()
		w.hears("Mail", "down")
		time.Sleep(10 * time.Minute)
		w.expect("the next", "evidence-2-0")
		if n := strings.Count(log.String(), "cannot be said"); n != 1 {
			t.Errorf("the log tells it %d times:\n%s", n, log.String())
		}
	})
}

// TestAClockThatIsSetBackSilencesNothing: what was wanted in the future does not count as
// a storm.
func TestAClockThatIsSetBackSilencesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, time.Second)
		err := w.Store.Update(t.Context(), func(tx *store.Tx) error {
			tx.Now = tx.Now.Add(24 * time.Hour)
			for n := range mostEvidence {
				id, err := tx.AddIncident(store.Incident{Source: "kuma", Thing: fmt.Sprint(n), State: store.Resolved})
				if err == nil {
					_, err = tx.WantEvidence(id, 0)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.hears("Cloud", "down")
		time.Sleep(time.Minute)
		w.expect("now", "evidence-5-0")
	})
}

func TestAContainerIsKnownByItsName(t *testing.T) {
	for _, tt := range []struct {
		thing, container string
		want             bool
	}{
		{"Nuage (Nextcloud)", "nextcloud", true},
		{"Nuage (Nextcloud)", "nextcloud-app-1", true},
		{"Nuage (Nextcloud)", "nextcloud_db_1", true},
		{"Nextcloud", "infra-nextcloud-1", true},
		{"antigone · gitea", "gitea", true},
		{"Nuage", "nextcloud-app-1", false},
		{"Site web", "keycloak-web-1", false},
		{"Forge", "1", false},
		{"Forge", "", false},
	} {
		if got := IsOf(tt.thing, tt.container); got != tt.want {
			t.Errorf("%q is of %q: %v, want %v", tt.container, tt.thing, got, tt.want)
		}
	}
}

func TestChecksAreThoseOfTheHost(t *testing.T) {
	s := Settings{
		Hosts:  map[string][]string{"antigone": {"cloud"}, "balearica": {"mail", "cloud db"}, "sarus": nil},
		Checks: map[string][]string{"antigone": {"containers antigone", "oauth intra"}, "balearica": {"containers balearica", "containers antigone"}},
	}
	for _, tt := range []struct{ source, thing, want string }{
		{"kuma", "Cloud", "containers antigone, oauth intra"},
		{"kuma", "Mail", "containers antigone, containers balearica"},
		{"kuma", "Cloud DB", "containers antigone, containers balearica, oauth intra"},
		{"netdata", "antigone · ram", "containers antigone, oauth intra"},
		{"kuma", "sarus", ""},
		{"kuma", "Forge", ""},
		{string(KumaExpiry), "Cloud", ""},
	} {
		if got := strings.Join(s.checksFor(store.Incident{Source: tt.source, Thing: tt.thing}), ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.thing, got, tt.want)
		}
	}
}
