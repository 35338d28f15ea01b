package commands

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"ronde/alerts"
	"ronde/store"
)

// TestWhoWasNotReachedIsNotNamed: what never stood in its room rang nobody, and a page that
// was given up reached nobody.
func TestWhoWasNotReachedIsNotNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := brokenTown(t)
		w.update(func(tx *store.Tx) error {
			return errors.Join(tx.AddMention(store.Mention{Notice: "step-1", IncidentID: 1, Who: "@ana:ronde.test"}),
				tx.AddMention(store.Mention{Notice: "step-2-unsent", IncidentID: 1, Who: "@bob:ronde.test"}))
		})
		w.pages("ntfy", (*store.Tx).PageArrived)
		w.pages("mail eve@example.org", (*store.Tx).PageInDoubt)
		w.pages("mail carl@example.org", (*store.Tx).PageFailed)
		w.does("@ana:ronde.test", "!why 1")
		want := "#1 Cloud\n🔔 00:00 · ana · nobody on it\n📟 00:00 · ntfy, mail eve perhaps"
		if said := w.handle(); said != want {
			t.Errorf("it says\n%s\nwant\n%s", said, want)
		}
		_ = w.Store.Close()
	})
}

// pages has the first incident go out on a road, once and with that end.
func (w *town) pages(road string, end func(*store.Tx, int64) error) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		if err := tx.AddPage(store.Page{Incident: 1, Road: road, What: store.PageDown, Outage: tx.Now}); err != nil {
			return err
		}
		all, err := tx.TryPages(road)
		if err != nil {
			return err
		}
		return errors.Join(end(tx, all[0].Batch), tx.GiveUpPage(all[0].ID))
	})
}

// TestEachRingHasItsReason: in both languages.
func TestEachRingHasItsReason(t *testing.T) {
	for _, code := range []string{"en", "fr"} {
		for _, kind := range []alerts.RingKind{
			alerts.RangAlone, alerts.RangAck, alerts.RangOld, alerts.RangMorning, alerts.RangOver,
			alerts.RangAgain, alerts.RangStill, alerts.RangMore, alerts.RangWorse, alerts.RangUnreachable,
		} {
			id := "why.rang." + string(kind)
			if said := speak(t, code).Say(id); said == id || strings.TrimSpace(said) == "" {
				t.Errorf("in %s there are no words for %s", code, kind)
			}
		}
	}
}
