package store

import (
	"testing"
	"time"
)

func TestAMarkOnAnIncidentCountsOnceAndUntilItIsTakenBack(t *testing.T) {
	s := temp(t)
	update(t, s, func(tx *Tx) error {
		id, err := tx.AddIncident(Incident{Source: "kuma", Thing: "Nuage", State: Firing})
		if err != nil {
			return err
		}
		for range 2 {
			err := tx.MarkIncident(IncidentMark{IncidentID: id, Kind: Ack, At: tx.Now, Until: tx.Now.Add(time.Hour), Who: "@ana:x", EventID: "$1", How: "reaction"})
			if err != nil {
				return err
			}
		}
		m, known, err := tx.IncidentMarkByEvent("$1")
		if err != nil || !known || m.IncidentID != id || m.Until.Sub(m.At) != time.Hour || m.RecordedAt.IsZero() {
			t.Errorf("the mark is %+v, %v, %v", m, known, err)
		}
		if err := tx.UndoIncidentMark(m.ID, "@ana:x"); err != nil {
			return err
		}
		if _, known, err = tx.IncidentMarkByEvent("$1"); known || err != nil {
			t.Errorf("taken back, it counts: %v, %v", known, err)
		}
		if all, err := tx.IncidentMarks(id); len(all) != 1 || all[0].UndoneAt.IsZero() || err != nil {
			t.Errorf("all marks are %+v, %v", all, err)
		}
		return nil
	})
}

func TestASilenceHasAnEnd(t *testing.T) {
	s := temp(t)
	update(t, s, func(tx *Tx) error {
		rule := SilenceRule{Scope: ThingScope, Name: "nuage", At: tx.Now, Until: tx.Now.Add(time.Hour), Who: "@ana:x", EventID: "$1", Reason: "works"}
		first, err := tx.AddSilence(rule)
		if err != nil {
			return err
		}
		if again, err := tx.AddSilence(rule); again != first || err != nil {
			t.Errorf("the same message makes silence %d after %d, %v", again, first, err)
		}
		if over, err := tx.SilencesUntil(rule.Until); len(over) != 0 || err != nil {
			t.Errorf("at its end there is %+v, %v", over, err)
		}
		if err := tx.EndSilence(first, "@bob:x"); err != nil {
			return err
		}
		all, err := tx.SilencesUntil(tx.Now)
		if err != nil || len(all) != 1 || all[0].EndedAt.IsZero() || all[0].Reason != "works" {
			t.Errorf("ended early it is %+v, %v", all, err)
		}
		if _, known, err := tx.SilenceByEvent("$1"); known || err != nil {
			t.Errorf("it can be ended again: %v, %v", known, err)
		}
		return nil
	})
}
