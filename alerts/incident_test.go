package alerts

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// TestFolding: each case is a row of mails, oldest arrival first, and the incidents
// that they come to.
//
// A mail is "HH:MM down FAULT" or "HH:MM up": when it comes in and what it says. A
// "?" behind the word marks a mail that anyone could have written, and "@HH:MM" the
// date in the mail when it is another.
func TestFolding(t *testing.T) {
	for _, tt := range []struct{ name, mails, want string }{
		{"down", "10:00 down 502", "firing since 10:00: 502, 1 alert, verified"},
		{"a repeat counts, and the newest fault is the fault", "10:00 down 502; 10:05 down timeout",
			"firing since 10:00: timeout, 2 alerts, verified"},
		{"an older alert that comes late moves the beginning, not the fault", "10:05 down timeout; 10:06 down@10:00 502",
			"firing since 10:00: timeout, 2 alerts, verified"},
		{"up", "10:00 down 502; 10:10 up", "resolved since 10:00 until 10:10: 502, 1 alert, verified"},
		{"down again after the recovery is a new incident", "10:00 down 502; 10:10 up; 10:20 down 503",
			"resolved since 10:00 until 10:10: 502, 1 alert, verified\nfiring since 10:20: 503, 1 alert, verified"},
		{"a late twin of an alert reopens nothing", "10:00 down 502; 10:10 up; 10:11 down@10:00 502",
			"resolved since 10:00 until 10:10: 502, 1 alert, verified"},
		{"nor does another alert from before the recovery", "10:00 down 502; 10:10 up; 10:11 down@10:05 503",
			"resolved since 10:00 until 10:10: 503, 2 alerts, verified"},
		{"a late twin of the outage before belongs to that one", "10:00 down 500; 10:10 up; 10:20 down 502; 10:21 down@10:01 501; 10:22 up@10:09; 10:30 up",
			"resolved since 10:00 until 10:10: 501, 2 alerts, verified\nresolved since 10:20 until 10:30: 502, 1 alert, verified"},
		{"a late twin of a recovery changes nothing", "10:00 down 502; 10:10 up; 10:12 up@10:10; 10:13 up",
			"resolved since 10:00 until 10:13: 502, 1 alert, verified"},
		{"a recovery from before the newest alert ends nothing", "10:00 down 502; 10:20 down 503; 10:21 up@10:10",
			"firing since 10:00: 503, 2 alerts, verified"},
		{"only the recovery was seen", "10:10 up", "resolved since 10:10 until 10:10: , 0 alerts, verified"},
		{"recovery first, alert afterwards", "10:10 up; 10:11 down@10:00 502",
			"resolved since 10:00 until 10:10: 502, 1 alert, verified"},
		{"so also when the thing had an incident before", "09:00 down 500; 09:10 up; 10:10 up; 10:11 down@10:00 502",
			"resolved since 09:00 until 09:10: 500, 1 alert, verified\nresolved since 10:00 until 10:10: 502, 1 alert, verified"},
		{"and soon after it", "10:00 down 500; 10:02 up; 10:07 up; 10:08 down@10:05 502",
			"resolved since 10:00 until 10:07: 502, 2 alerts, verified"},

		{"a mail that anyone could have written begins an incident that says so", "10:00 down? 502",
			"firing since 10:00: 502, 1 alert, unverified"},
		{"and another one ends it", "10:00 down? 502; 10:10 up?", "resolved since 10:00 until 10:10: 502, 1 alert, unverified"},
		{"a certain alert takes its place", "10:00 down? nonsense; 10:05 down 502",
			"firing since 10:00: 502, 2 alerts, verified"},
		{"also when the other was dated ahead", "10:00 down?@10:50 nonsense; 10:05 down 502; 10:10 up",
			"resolved since 10:05 until 10:10: 502, 2 alerts, verified"},
		{"it does not end what is certain", "10:00 down 502; 10:10 up?; 10:11 up?",
			"firing since 10:00: 502, 1 alert, verified, doubted 2"},
		{"nor change it", "10:00 down 502; 10:05 down?@10:50 nonsense; 10:10 up",
			"resolved since 10:00 until 10:10: 502, 2 alerts, verified"},
		{"a certain recovery ends it", "10:00 down?@10:50 502; 10:10 up", "resolved since 10:50 until 10:10: 502, 1 alert, verified"},
		{"a false recovery dated ahead hides no alert", "10:00 up?@10:50; 10:05 down 502",
			"resolved since 10:50 until 10:50: , 0 alerts, unverified\nfiring since 10:05: 502, 1 alert, verified"},
		{"nor does one just after a true one", "10:00 down 502; 10:02 up; 10:03 up?@10:11; 10:05 down 503",
			"resolved since 10:00 until 10:02: 502, 1 alert, verified\nfiring since 10:05: 503, 1 alert, verified"},
		{"a date far ahead is not believed", "10:00 down@23:00 502; 10:10 up", "resolved since 10:00 until 10:10: 502, 1 alert, verified"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newInboxDesk(t)
				for n, mail := range strings.Split(tt.mails, "; ") {
					d.fold(mail, uint32(n+1))
				}
				if diff := cmp.Diff(tt.want, d.incidents()); diff != "" {
					t.Errorf("incidents (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// inboxDesk is a desk with its store.
type inboxDesk struct {
	*Desk
	t     *testing.T
	rings *[]string // the keys of what was said under cards
}

// AddUnder takes note of what rings.
func (d inboxDesk) AddUnder(_ *store.Tx, key string, _ store.Card, _ cards.Message) error {
	kind, _, _ := strings.Cut(key, "-")
	*d.rings = append(*d.rings, kind)
	return nil
}

// AddNotice takes note of what rings by itself.
func (d inboxDesk) AddNotice(tx *store.Tx, key, _ string, m cards.Message) error {
	return d.AddUnder(tx, key, store.Card{}, m)
}

// Withdraw takes back nothing: all has gone out.
func (d inboxDesk) Withdraw(*store.Tx, string) (bool, error) { return false, nil }

func newInboxDesk(t *testing.T) inboxDesk {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	l, err := text.In("en")
	if err != nil {
		t.Fatal(err)
	}
	trust := Trust{AuthServID: "mx.example.org"}
	d := inboxDesk{NewDesk(&Desk{
		Store: s, Trust: trust, Location: time.UTC, Language: l, Log: slog.New(slog.DiscardHandler), Changed: func() {},
	}), t, &[]string{}}
	d.Notices = d
	return d
}

// fold has one mail come in, as TestFolding writes it.
func (d inboxDesk) fold(line string, uid uint32) {
	d.t.Helper()
	clock, said, _ := strings.Cut(line, " ")
	word, fault, _ := strings.Cut(said, " ")
	word, sent, dated := strings.Cut(word, "@")
	if !dated {
		sent = clock
	}
	word, unverified := strings.CutSuffix(word, "?")
	status := map[string]string{"down": "🔴 Down", "up": "✅ Up"}[word]
	raw := fmt.Sprintf("From: kuma@example.org\nDate: %s\nSubject: [Cloud] [%s] %s\nMessage-ID: <%d@example.org>\n\nmail\n",
		today(d.t, sent).Format(time.RFC1123Z), status, fault, uid)
	if !unverified {
		raw = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org\n" + raw
	}
	d.take(raw, clock, uid)
}

// take has a mail come in at a time of day, and folds it.
func (d inboxDesk) take(raw, clock string, uid uint32) {
	d.t.Helper()
	m := store.Mail{Folder: "INBOX", UIDValidity: 1, UID: uid, Received: today(d.t, clock), Raw: []byte(raw), Hash: Read([]byte(raw), d.Trust).Hash}
	if _, err := d.Store.TakeMail(d.t.Context(), store.Cursor{UIDValidity: 1, UID: uid}, "INBOX", []store.Mail{m}); err != nil {
		d.t.Fatal(err)
	}
	if err := d.FoldAll(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

func today(t *testing.T, clock string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", "2026-03-02 "+clock)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// incidents writes all incidents, one on a line.
func (d inboxDesk) incidents() string {
	d.t.Helper()
	var lines []string
	err := d.Store.View(d.t.Context(), func(tx *store.Tx) error {
		for id := int64(1); ; id++ {
			i, known, err := tx.Incident(id)
			if err != nil || !known {
				return err
			}
			lines = append(lines, describe(i))
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func describe(i store.Incident) string {
	s := fmt.Sprintf("%s since %s", i.State, i.Since.UTC().Format("15:04"))
	if !i.ResolvedAt.IsZero() {
		s += " until " + i.ResolvedAt.UTC().Format("15:04")
	}
	s += fmt.Sprintf(": %s, %d alert", i.Fault, i.Alerts)
	if i.Alerts != 1 {
		s += "s"
	}
	if i.Verified {
		s += ", verified"
	} else {
		s += ", unverified"
	}
	if i.Flaps > 0 {
		s += fmt.Sprintf(", flaps %d", i.Flaps)
	}
	if i.Doubted > 0 {
		s += fmt.Sprintf(", doubted %d", i.Doubted)
	}
	return s
}

func TestAMailThatIsKnownChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDesk(t)
		d.fold("10:00 down 502", 1)
		d.fold("10:00 down 502", 1)
		if got := d.incidents(); got != "firing since 10:00: 502, 1 alert, verified" {
			t.Errorf("the same mail twice comes to %q", got)
		}
	})
}
