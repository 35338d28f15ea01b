package pager

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ronde/store"
	"ronde/text"
)

var update = flag.Bool("update", false, "write the golden files anew")

// hostile is what a monitor may be called by whoever can write to the bot.
const hostile = "<b>@room</b>\r\nBcc: everybody@example.org\r\n\r\nhttps://ana:hunter2@evil.example/x?token=abc password=hunter2 \u2028 " + "très long, très long, très long, très long"

// TestWhatIsPagedReads writes each kind of page in both languages, to be read as on a phone.
func TestWhatIsPagedReads(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC) }
	nuage := store.Incident{Source: "kuma", Thing: "Nuage (Nextcloud)", State: store.Firing, Fault: "Request failed with status code 502, see https://nuage.example.org/status?token=hunter2", Since: at(1, 58)}
	over := nuage
	over.State, over.ResolvedAt = store.Resolved, at(2, 40)
	mail := store.Incident{Source: "healthchecks", Thing: "courriel", State: store.Firing, Since: at(2, 1)}
	odd := store.Incident{Source: "rule:Netdata", Thing: hostile, State: store.Firing, Fault: hostile, Since: at(2, 1)}
	var many []store.Incident
	for i := range 29 {
		many = append(many, store.Incident{Source: "kuma", Thing: fmt.Sprintf("Service numéro %d de l’association", i), Fault: "timeout", State: store.Firing, Since: at(1, 30+i)})
	}
	for _, code := range []string{"fr", "en"} {
		var b strings.Builder
		for _, page := range []struct {
			name      string
			what      store.PageKind
			doubts    int
			incidents []store.Incident
		}{
			{"one", store.PageDown, 1, []store.Incident{nuage}},
			{"without a fault", store.PageDown, 1, []store.Incident{mail}},
			{"hostile", store.PageDown, 1, []store.Incident{odd}},
			{"second try", store.PageDown, 2, []store.Incident{nuage}},
			{"over", store.PageUp, 1, []store.Incident{over}},
			{"two", store.PageDown, 1, []store.Incident{mail, nuage}},
			{"many", store.PageDown, 1, many},
			{"many over", store.PageUp, 1, many[:12]},
			{"the homeserver", store.PageDown, 1, nil},
			{"the homeserver is back", store.PageUp, 1, nil},
		} {
			m := written(t, code, page.what, page.doubts, page.incidents)
			if n := len([]rune(strings.TrimSuffix(strings.TrimSuffix(m.Title, " (2e envoi)"), " (2nd try)"))); n > shownTitle {
				t.Errorf("%s, %s: the title has %d runes: %s", code, page.name, n, m.Title)
			}
			if all := m.Title + m.Body; strings.Contains(all, "hunter2") || strings.Contains(all, "://") || strings.Contains(m.Title, "\n") {
				t.Errorf("%s, %s tells too much: %s\n%s", code, page.name, m.Title, m.Body)
			}
			fmt.Fprintf(&b, "== %s (calm: %v)\n%s\n\n%s\n\n", page.name, m.Calm, m.Title, m.Body)
		}
		golden(t, "pages."+code+".txt", b.String())
	}
}

// written writes a page about incidents at 03:12, in an outage since 03:05 in Paris.
func written(t *testing.T, code string, what store.PageKind, doubts int, incidents []store.Incident) (m message) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(scratch(t), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	language, err := text.In(code)
	if err != nil {
		t.Fatal(err)
	}
	p := &Pager{Config: Config{Contact: "Chloé, 06 00 00 00 00"}, Store: s, Language: language, Location: paris, Source: func(s string) string { return s }}
	outage, now := time.Date(2026, 3, 2, 2, 5, 0, 0, time.UTC), time.Date(2026, 3, 2, 2, 12, 0, 0, time.UTC)
	err = s.Update(context.Background(), func(tx *store.Tx) error {
		var pages []store.Page
		for _, i := range incidents {
			i.Newest = i.Since
			id, err := tx.AddIncident(i)
			if err != nil {
				return err
			}
			if i.ID = id; !i.ResolvedAt.IsZero() {
				if err := tx.SaveIncident(i); err != nil {
					return err
				}
			}
			pages = append(pages, store.Page{Incident: id, Batch: 1, What: what, Doubts: doubts, Outage: outage})
		}
		if incidents == nil {
			pages = []store.Page{{Batch: 1, What: what, Doubts: doubts, Outage: outage, Decided: now}}
		}
		tx.Now = now
		m, err = p.write(tx, pages)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.NewReplacer("\u00a0", "~", "\u202f", "~").Replace(got) // spaces that do not break
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test ./pager -run Reads -update writes it. Got:\n%s", path, got)
	}
}
