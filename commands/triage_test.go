package commands

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/store"
)

// brokenTown is a town in which something is down, whose card stands in the room.
func brokenTown(t *testing.T) *town {
	t.Helper()
	w := newTown(t)
	err := w.Store.Update(t.Context(), func(tx *store.Tx) error {
		id, err := tx.AddIncident(store.Incident{Source: "kuma", Thing: "Cloud", State: store.Firing, Since: tx.Now, Newest: tx.Now, Alerted: tx.Now, Alerts: 1})
		if err != nil {
			return err
		}
		if err := tx.ShowCard(store.Card{Kind: alerts.IncidentCard, Subject: id, Room: "technique"}); err != nil {
			return err
		}
		card, _, err := tx.CardOf(alerts.IncidentCard, id)
		if err != nil {
			return err
		}
		if err := tx.AttemptCard(card, 1, "!technique", ""); err != nil {
			return err
		}
		_, err = tx.CardSent(card.ID, 1, "$card")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// does has somebody react ("👀"), write a command ("!ack") or a word in the thread.
func (w *town) does(who, what string) {
	w.t.Helper()
	e := store.RoomEvent{Sender: who, At: time.Now(), Kind: string(cards.Said), Body: what}
	switch {
	case strings.ContainsAny(what, "👀🔕✅"):
		e.Kind, e.Body, e.Target, e.Emoji = string(cards.Reacted), "", "$card", what
	case !strings.HasPrefix(what, "!"):
		e.Thread = "$card"
	}
	w.happens(e)
}

// TestWhoMayTriage: the right to act is asked for in each way to act, and in no way to
// ask.
func TestWhoMayTriage(t *testing.T) {
	const ana, bob, eve = "@ana:ronde.test", "@bob:ronde.test", "@eve:ronde.test"
	for _, tt := range []struct {
		what   string
		action string // in the audit log
		acts   bool
	}{
		{"👀", "ack", true},
		{"🔕", "silence", true},
		{"✅", "resolve", true},
		{"!ack 1", "ack", true},
		{"!acquitter", "ack", true},
		{"!claim #1", "claim", true},
		{"!resolve 1", "resolve", true},
		{"!done #1", "done", true},
		{"!silence 1 2h", "silence", true},
		{"!silence cloud 2h", "silence", true},
		{"!silence all 2h", "silence", true},
		{"!silence cloud end", "silence", true},
		{"!note 1 it smokes", "note", true},
		{"!undo #1", "undo", true},
		{"ack", "ack", true},
		{"4h", "silence", true},
		{"note: it smokes", "note", true},
		{"resolved", "resolve", true},
		{"undo", "undo", true},
		{"who", "who", false},
		{"!who 1", "who", false},
		{"!why 1", "why", false},
		{"!incident 1", "incident", false},
		{"!incidents", "incidents", false},
		{"!silences", "silences", false},
	} {
		for _, person := range []struct {
			who   string
			level int
			may   bool
		}{{ana, 50, true}, {bob, 0, true}, {eve, 49, false}} {
			w := brokenTown(t)
			w.Rights, w.levels[person.who] = Rights{Act: 50, People: []string{bob}}, person.level
			w.does(person.who, tt.what)
			said := w.handle()
			refused := strings.HasSuffix(w.lastDeed(), ": refused")
			if refused != (tt.acts && !person.may) || refused != strings.Contains(said, "⛔") {
				t.Errorf("%s of level %d: %s is answered %q, and the audit log says %s", person.who, person.level, tt.what, said, w.lastDeed())
			}
			if !strings.Contains(w.lastDeed(), " "+tt.action+" ") {
				t.Errorf("%s is noted as %s", tt.what, w.lastDeed())
			}
		}
	}
}

// TestPeopleTalkUnderAnIncident: only what can hardly be anything else needs no "!".
func TestPeopleTalkUnderAnIncident(t *testing.T) {
	for body, want := range map[string]string{
		"4h":                 "!silence 4h",
		"1 j":                "!silence 1 j",
		"1\u00a0j.":          "!silence 1 j",
		"2 heures":           "!silence 2 heures",
		"2 Days":             "!silence 2 days",
		"qui ?":              "!who",
		"Qui\u00a0?":         "!who",
		"who":                "!who",
		"ACK":                "!ack",
		"Réglé !":            "!resolve",
		"note : php relancé": "!note : php relancé",
		"Note: php":          "!note php",
		"note php relancé":   "!note php relancé",
		"annuler":            "!undo",

		"5 min":                   "",
		"4h de panne déjà":        "",
		"j’en ai pour 4h":         "",
		"demain":                  "",
		"lundi":                   "",
		"qui est là ?":            "",
		"c’est réglé ?":           "",
		"réglé ?":                 "",
		"Note que le disque fume": "",
		"note":                    "",
		"fait":                    "",
		"pourquoi ?":              "",
		"ack, mais pas longtemps": "",
		"!ack":                    "",
		"":                        "",
	} {
		if want == "" {
			want = body
		}
		if got := unmarkedTriage(body); got != want {
			t.Errorf("%q is taken for %q, want %q", body, got, want)
		}
	}
}

// TestASilenceIsReadAsPeopleWriteIt at noon on a Monday.
func TestASilenceIsReadAsPeopleWriteIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)))
		w := newTown(t)
		for _, tt := range []struct{ typed, name, until, reason string }{
			{`nuage 2h`, "nuage", "Mon 14:00", ""},
			{`nuage 2h "maintenance"`, "nuage", "Mon 14:00", "maintenance"},
			{`nuage 2h : mise à jour de PHP`, "nuage", "Mon 14:00", "mise à jour de PHP"},
			{`Nuage (Nextcloud) 1 j le disque`, "Nuage (Nextcloud)", "Tue 12:00", "le disque"},
			{`« Nuage 2 » 90 min`, "Nuage 2", "Mon 13:30", ""},
			{`nuage pendant 2 heures`, "nuage", "Mon 14:00", ""},
			{`nuage jusqu’à 18h on déménage`, "nuage", "Mon 18:00", "on déménage"},
			{`nuage until 09:30`, "nuage", "Tue 09:30", ""},
			{`tout jusqu'à demain`, "tout", "Tue 12:00", ""},
			{`4h`, "", "Mon 16:00", ""},
			{`12 4h`, "12", "Mon 16:00", ""},
			{`nuage fin`, "nuage", "end", ""},
			{`S3 end`, "S3", "end", ""},
			{`end`, "", "end", ""},
			{`nuage`, "nuage", "", ""},
			{`nuage 2 mois`, "nuage 2 mois", "", ""},
			{``, "", "", ""},
		} {
			_, args, _, _ := parse("!silence " + tt.typed)
			c := &Call{Desk: w.Desk, Event: store.RoomEvent{At: time.Now()}, Args: args}
			var got silenceWords
			err := w.Store.View(t.Context(), func(tx *store.Tx) error { got = c.readSilence(tx); return nil })
			if err != nil {
				t.Fatal(err)
			}
			until := ""
			switch {
			case got.ends:
				until = "end"
			case !got.until.IsZero():
				until = got.until.Format("Mon 15:04")
			}
			if got.name != tt.name || until != tt.until || got.reason != tt.reason {
				t.Errorf("%q is read as %q until %q because %q", tt.typed, got.name, until, got.reason)
			}
		}
		_ = w.Store.Close()
	})
}
