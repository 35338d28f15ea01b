package pager

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"ronde/cards"
	"ronde/e2e/postbox"
	"ronde/store"
)

const (
	nuageDown = "🔴 Down · Nuage · 502 · since 00:00"
	nuageUp   = "🟢 Back up · Nuage · 00:20 · after 20 min"
)

func TestACriticalIncidentIsPagedOnce(t *testing.T) {
	story(t, "once the homeserver has been away for long enough", func(w *town) {
		w.breaks("Nuage")
		w.breaks("Forge")
		w.after(5*time.Minute - time.Second)
		w.both()
		w.after(time.Minute)
		w.both(nuageDown)
		w.after(5 * time.Hour)
		w.both(nuageDown)
	})
	story(t, "and its end", func(w *town) {
		id := w.breaks("Nuage")
		w.after(20 * time.Minute)
		w.mends(id)
		w.after(time.Hour)
		w.both(nuageDown, nuageUp)
		w.restart()
		w.after(time.Hour)
		w.both(nuageDown, nuageUp)
	})
	story(t, "not while the homeserver is there, nor when it is away for a while only", func(w *town) {
		w.homeserver(true)
		w.after(time.Hour)
		w.breaks("Nuage")
		w.after(time.Hour)
		for range 5 {
			w.homeserver(false)
			w.after(4 * time.Minute)
			w.homeserver(true)
			w.after(time.Minute)
		}
		w.both()
		w.homeserver(false)
		w.after(6 * time.Minute)
		w.both("🔴 Down · Nuage · 502 · since 01:00")
	})
	story(t, "not a word of it when it ends before", func(w *town) {
		id := w.breaks("Nuage")
		w.after(4 * time.Minute)
		w.mends(id)
		w.after(time.Hour)
		w.both()
	})
}

func TestTheWaitSurvivesARestart(t *testing.T) {
	story(t, "every two minutes", func(w *town) {
		w.breaks("Nuage")
		for range 2 {
			w.after(2 * time.Minute)
			w.restart()
		}
		w.both()
		w.after(time.Minute)
		w.both(nuageDown)
	})
	story(t, "one that was down for days asks first whether the homeserver is back", func(w *town) {
		w.after(3 * time.Minute)
		w.stop()
		w.after(72 * time.Hour)
		w.start()
		w.breaks("Nuage")
		w.after(50 * time.Second)
		w.homeserver(true)
		w.after(time.Hour)
		w.both()
	})
}

// TestKilledInTheMiddle: nothing is lost, and what nobody can know is said once more, so
// that it shows.
func TestKilledInTheMiddle(t *testing.T) {
	story(t, "while ntfy has it and its answer is under way", func(w *town) {
		w.breaks("Nuage")
		w.killedWhilePaging()
		w.after(time.Hour)
		w.wants(postbox.Ntfy, nuageDown, nuageDown+" (2nd try)")
		w.restart()
		w.after(time.Hour)
		w.wants(postbox.Ntfy, nuageDown, nuageDown+" (2nd try)")
		if last := w.box.Posts()[len(w.box.Posts())-1]; last.Road == postbox.Ntfy && !strings.Contains(last.Body, "Second try") {
			t.Errorf("it says %q", last.Body)
		}
	})
	story(t, "when the homeserver is back after that, the rooms hear that it may have arrived", func(w *town) {
		w.config.Mail = nil
		w.restart()
		w.breaks("Nuage")
		w.killedWhilePaging()
		w.homeserver(true)
		w.after(time.Hour)
		w.wants(postbox.Ntfy, nuageDown)
		if notes := w.notes(); len(notes) != 1 || !strings.Contains(notes[0].Message, "ntfy 00:05 perhaps") {
			t.Errorf("the rooms hear %+v", notes)
		}
	})
}

// TestAskedToStopItEndsWhatItBegan: else it could not know what came of it.
func TestAskedToStopItEndsWhatItBegan(t *testing.T) {
	story(t, "while ntfy thinks", func(w *town) {
		w.stop()
		w.road = roundTrip(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(10 * time.Second):
				return w.box.RoundTrip(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		w.start()
		w.breaks("Nuage")
		w.after(5*time.Minute + 5*time.Second)
		w.restart()
		w.after(time.Hour)
		w.both(nuageDown)
	})
}

func TestARoadThatFailsIsTriedAgain(t *testing.T) {
	story(t, "and holds up no other", func(w *town) {
		w.box.Set(postbox.Ntfy, postbox.Gone)
		w.breaks("Nuage")
		w.after(time.Hour)
		w.wants(postbox.Ntfy)
		w.wants(postbox.Email, nuageDown)
		if calls := w.box.Calls(postbox.Ntfy); calls < 10 || calls > 30 {
			t.Errorf("it was tried %d times in an hour", calls)
		}
		w.box.Set(postbox.Ntfy, postbox.Works)
		w.after(10 * time.Minute)
		w.both(nuageDown)
	})
	story(t, "also when it refuses", func(w *town) {
		w.box.Set(postbox.Ntfy, postbox.Full)
		w.box.Set(postbox.Email, postbox.Full)
		w.breaks("Nuage")
		w.after(time.Hour)
		w.both()
		w.box.Set(postbox.Ntfy, postbox.Works)
		w.box.Set(postbox.Email, postbox.Works)
		w.after(10 * time.Minute)
		w.both(nuageDown)
	})
	story(t, "once more when its answer is lost, under the same Message-ID", func(w *town) {
		w.box.Set(postbox.Ntfy, postbox.Deaf)
		w.box.Set(postbox.Email, postbox.Deaf)
		w.breaks("Nuage")
		w.after(5 * time.Hour)
		w.both(nuageDown, nuageDown+" (2nd try)")
		ids := map[string]bool{}
		for _, p := range w.box.Posts() {
			if p.Road == postbox.Email {
				ids[p.ID] = true
			}
		}
		if len(ids) != 1 || ids[""] {
			t.Errorf("the mails have the ids %v", ids)
		}
	})
	story(t, "and not one that took it without a farewell", func(w *town) {
		w.box.Set(postbox.Email, postbox.Rude)
		w.breaks("Nuage")
		w.after(5 * time.Hour)
		w.both(nuageDown)
	})
	story(t, "and not any more once the rooms say it", func(w *town) {
		w.box.Set(postbox.Ntfy, postbox.Gone)
		w.config.Mail = nil
		w.restart()
		w.breaks("Nuage")
		w.after(time.Hour)
		w.homeserver(true)
		w.after(2 * time.Minute)
		w.box.Set(postbox.Ntfy, postbox.Works)
		w.after(5 * time.Hour)
		w.both()
		if notes := w.notes(); len(notes) > 0 {
			t.Errorf("the rooms hear %+v", notes)
		}
	})
	story(t, "one address that is none keeps nothing from another", func(w *town) {
		w.stop()
		w.config.Mail.To = []string{"nobody@example.com", "ana@example.com"}
		w.start()
		w.breaks("Nuage")
		w.after(time.Hour)
		w.both(nuageDown)
	})
}

func TestAStormRingsAFewTimes(t *testing.T) {
	story(t, "a thousand incidents in ten minutes", func(w *town) {
		w.after(10 * time.Minute)
		for i := range 100 {
			var things []string
			for j := range 10 {
				things = append(things, fmt.Sprintf("Box %d", 10*i+j))
			}
			w.breaks(things...)
			w.after(6 * time.Second)
		}
		w.after(10 * time.Minute)
		for _, road := range []string{postbox.Ntfy, postbox.Email} {
			said, pages := 0, 0
			for _, p := range w.box.Posts() {
				if p.Road != road {
					continue
				}
				var n int
				if _, err := fmt.Sscanf(p.Title, "🔴 %d critical incidents · Box", &n); err != nil {
					n = 1
				}
				said, pages = said+n, pages+1
				if len([]rune(p.Title)) > shownTitle || strings.Count(p.Body, "\n") > 15 {
					t.Errorf("a page is too long: %s\n%s", p.Title, p.Body)
				}
			}
			if said != 1000 || pages > 7 {
				t.Errorf("by %s people heard of %d incidents in %d pages", road, said, pages)
			}
		}
		w.homeserver(true)
		w.after(time.Minute)
		if notes := w.notes(); len(notes) != 1 || !strings.Contains(notes[0].Message, "1000 incidents") {
			t.Errorf("the rooms hear %d times: %.300v", len(notes), notes)
		}
	})
}

func TestTheRoomsHearOfItOnce(t *testing.T) {
	story(t, "in the thread of its card, without ringing", func(w *town) {
		id := w.breaks("Nuage")
		w.after(20 * time.Minute)
		w.mends(id)
		w.after(10 * time.Minute)
		w.homeserver(true)
		w.after(time.Minute)
		w.restart()
		w.after(time.Hour)
		notes := w.notes()
		if len(notes) != 1 || w.changes != 1 {
			t.Fatalf("the rooms hear %+v; the outbox was woken %d times", notes, w.changes)
		}
		for _, want := range []string{"announced by: ntfy 00:05, mail 00:05 · recovery: ntfy 00:20, mail 00:20", "away since", `"thread":"` + cards.TheCard + `"`} {
			want = strings.Replace(want, "away since", "Matrix was out of reach since 00:00", 1)
			if said := strings.ReplaceAll(notes[0].Message, "\\u00a0", " "); !strings.Contains(said, want) {
				t.Errorf("the note lacks %q: %s", want, said)
			}
		}
		if notes[0].CardID == 0 || strings.Contains(notes[0].Message, "rings") {
			t.Errorf("the note is %+v", notes[0])
		}
		w.homeserver(false)
		w.after(time.Hour)
		w.both(nuageDown, nuageUp)
	})
	story(t, "once it is known what came of the last attempt", func(w *town) {
		w.config.Mail = nil
		w.restart()
		id := w.breaks("Forge")
		w.after(2 * time.Minute)
		var batch int64
		w.update(func(tx *store.Tx) error { // another road is at it
			if err := tx.AddPage(store.Page{Incident: id, Road: "mail ana@example.com", What: store.PageDown, Outage: tx.Now}); err != nil {
				return err
			}
			pages, err := tx.TryPages("mail ana@example.com")
			batch = pages[0].Batch
			return err
		})
		w.homeserver(true)
		w.after(5 * time.Minute)
		if notes := w.notes(); len(notes) > 0 {
			t.Errorf("the rooms hear too early: %+v", notes)
		}
		w.update(func(tx *store.Tx) error { return tx.PageArrived(batch) })
		w.after(time.Minute)
		if notes := w.notes(); len(notes) != 1 || !strings.Contains(notes[0].Message, "mail 00:02") {
			t.Errorf("the rooms hear %+v", notes)
		}
	})
	story(t, "and what it knows is not paged in the next outage", func(w *town) {
		w.breaks("Nuage")
		w.after(20 * time.Minute)
		w.homeserver(true)
		w.after(2 * time.Minute)
		if notes := w.notes(); len(notes) != 1 {
			t.Errorf("the rooms hear %+v", notes)
		}
		w.homeserver(false)
		w.after(time.Hour)
		w.both(nuageDown)
	})
	story(t, "not even when the homeserver came back for a blink, and the card did not get out", func(w *town) {
		w.breaks("Nuage")
		for range 5 {
			w.after(20 * time.Minute)
			w.homeserver(true)
			w.after(time.Minute)
			w.homeserver(false)
		}
		w.both(nuageDown)
	})
}

func TestTheHomeserverAloneIsPagedOnlyIfAskedFor(t *testing.T) {
	story(t, "asked for", func(w *town) {
		w.config.Outage = true
		w.restart()
		w.after(20 * time.Minute)
		w.restart()
		w.after(20 * time.Minute)
		w.homeserver(true)
		w.after(20 * time.Minute)
		w.both("🔴 Matrix out of reach · since 00:00", "🟢 Matrix answers again · 00:40 · after 40 min")
		if notes := w.notes(); len(notes) > 0 {
			t.Errorf("the rooms hear %+v", notes)
		}
	})
	story(t, "with what is critical it is one page", func(w *town) {
		w.config.Outage = true
		w.restart()
		w.breaks("Nuage")
		w.after(20 * time.Minute)
		w.both(nuageDown)
	})
	story(t, "that it is back is not said when it is away again", func(w *town) {
		w.config.Outage = true
		w.restart()
		w.after(20 * time.Minute)
		w.box.Set(postbox.Ntfy, postbox.Gone)
		w.homeserver(true)
		w.after(time.Minute)
		w.homeserver(false)
		w.after(3 * time.Minute)
		w.box.Set(postbox.Ntfy, postbox.Works)
		w.after(time.Hour)
		w.wants(postbox.Ntfy, "🔴 Matrix out of reach · since 00:00", "🔴 Matrix out of reach · since 00:21")
	})
	story(t, "not asked for", func(w *town) {
		w.after(24 * time.Hour)
		w.both()
	})
}
