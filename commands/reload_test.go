package commands

import (
	"fmt"
	"strings"
	"testing"

	"ronde/routines"
	"ronde/text"
)

const admin = "@ana:ronde.test"

// reloading is a town whose configuration has changed. used counts how often the
// new one was put to use.
func reloading(t *testing.T) (w *town, used *int) {
	t.Helper()
	w, used = newTown(t), new(int)
	w.Rights.People = []string{admin}
	w.reading = Reading{Routines: 1, Settings: []string{"log_level"}, Use: func() { *used++ }}
	return w, used
}

func TestAReloadIsUsedOnceItsReplyIsStored(t *testing.T) {
	t.Run("stored", func(t *testing.T) {
		w, used := reloading(t)
		w.reading.Use = func() {
			*used++
			if w.waits() > 0 || len(w.notices) != 1 {
				t.Errorf("it is used with %d events to handle again and %q said", w.waits(), w.notices)
			}
		}
		w.says(admin, "!reload")
		if said := w.handle(); !strings.HasPrefix(said, "✅ Configuration reloaded") || *used != 1 {
			t.Errorf("used %d times, saying %q", *used, said)
		}
		if deed := w.lastDeed(); deed != `ana reload "" by command: done` {
			t.Errorf("the audit log says %s", deed)
		}
	})
	t.Run("the reply cannot be stored", func(t *testing.T) {
		w, used := reloading(t)
		w.full = 1
		w.says(admin, "!reload")
		if said := w.handle(); !strings.HasPrefix(said, "❗ The command failed") || *used != 0 {
			t.Errorf("used %d times, saying %q", *used, said)
		}
	})
	t.Run("nothing can be stored for a while", func(t *testing.T) {
		w, used := reloading(t)
		w.full = 1000 // it may be tried again at once
		w.says(admin, "!reload")
		if said := w.handle(); said != "" || *used != 0 || w.waits() != 1 {
			t.Errorf("used %d times with %d events to handle again, saying %q", *used, w.waits(), said)
		}
		w.full = 0
		if said := w.handle(); !strings.HasPrefix(said, "✅") || *used != 1 {
			t.Errorf("later it is used %d times, saying %q", *used, said)
		}
	})
}

func TestOnlyListedPeopleReload(t *testing.T) {
	w, used := reloading(t)
	w.levels["@bruno:ronde.test"] = 100
	w.says("@bruno:ronde.test", "!reload")
	if said := w.handle(); !strings.HasPrefix(said, "⛔ Only for the people whom the configuration names") || *used != 0 {
		t.Errorf("used %d times, saying %q", *used, said)
	}
	if deed := w.lastDeed(); deed != `bruno reload "" by command: refused` {
		t.Errorf("the audit log says %s", deed)
	}
}

func TestASignalSaysWhatTheCommandSays(t *testing.T) {
	w, used := reloading(t)
	if err := w.Reload(t.Context()); err != nil || *used != 1 {
		t.Errorf("used %d times, %v", *used, err)
	}
	if said := strings.Join(w.takeNotices(), "\n"); said != "✅ Configuration reloaded: 1 routine\nSettings: log_level" {
		t.Errorf("it says %q", said)
	}

	w.full = 1
	if err := w.Reload(t.Context()); err == nil || *used != 1 {
		t.Errorf("what cannot be announced is used %d times, %v", *used, err)
	}

	w.reading = Reading{Refused: []Refusal{{Say: Unusable}}}
	if err := w.Reload(t.Context()); err != nil || !strings.HasPrefix(strings.Join(w.takeNotices(), ""), "⛔") {
		t.Errorf("a refusal is not said, %v", err)
	}

	w.reading = Reading{Routines: 1}
	if err := w.Reload(t.Context()); err != nil || len(w.takeNotices()) > 0 {
		t.Errorf("where nothing has changed, something is said, %v", err)
	}
}

func TestWhatIsSaidOfAReading(t *testing.T) {
	named := func(keys ...string) (all []routines.Routine) {
		for _, key := range keys {
			all = append(all, routines.Routine{Key: key, Aliases: []string{key + "-fr"}})
		}
		return all
	}
	var many []Refusal
	for n := range 12 {
		many = append(many, Refusal{Line: n + 1, Setting: "x", Text: "is wrong"})
	}
	used := func() {}
	for _, tt := range []struct {
		name, code string
		reading    Reading
		want       string
	}{
		{"nothing has changed", "en", Reading{Routines: 3}, "✅ Nothing has changed"},
		{
			"routines", "en",
			Reading{Routines: 16, Added: named("a"), Changed: named("b", "c"), Removed: named("d"), Use: used},
			"✅ Configuration reloaded: 16 routines (1 added, 2 changed, 1 removed)\nAdded: a\nChanged: b, c\nRemoved: d",
		},
		{
			"the same in French", "fr",
			Reading{Routines: 16, Added: named("a"), Changed: named("b", "c"), Removed: named("d"), Settings: []string{"[rights]"}, Use: used},
			"✅ Configuration rechargée : 16 routines (1 de plus, 2 changées, 1 de moins)\nDe plus : a-fr\nChangé : b-fr, c-fr\nDe moins : d-fr\nRéglages : [rights]",
		},
		{
			"more names than anybody reads", "en",
			Reading{Routines: 7, Added: named("a", "b", "c", "d", "e", "f", "g"), Use: used},
			"✅ Configuration reloaded: 7 routines (7 added)\nAdded: a, b, c, d, e, …",
		},
		{
			"a mistake", "fr",
			Reading{Refused: []Refusal{{Line: 12, Setting: "routine[a].every", Text: "is wrong"}}},
			"⛔ La configuration a 1 erreur, l’ancienne reste en service :\n• ligne 12 · routine[a].every : is wrong",
		},
		{
			"what no line is wrong with", "en",
			Reading{Refused: []Refusal{{Setting: "database", Say: NeedsRestart}, {Say: Unusable}}},
			"⛔ The configuration has 2 mistakes, the old one stays in use:\n• database: changes only when the bot restarts\n• cannot be used; the bot’s log says why",
		},
		{
			"more mistakes than anybody reads", "en", Reading{Refused: many},
			"⛔ The configuration has 12 mistakes, the old one stays in use:\n" + lines(10) + "and 2 more, which the bot’s log says",
		},
		{
			"a secret", "en",
			Reading{Refused: []Refusal{{Line: 3, Text: `"https://hc-ping.com/12345678-1234-1234-1234-123456789abc" is wrong`}}},
			"⛔ The configuration has 1 mistake, the old one stays in use:\n• line 3 · " + text.Mask(`"https://hc-ping.com/12345678-1234-1234-1234-123456789abc" is wrong`),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := speak(t, tt.code)
			d := &Desk{Language: l, Routines: &routines.Desk{Language: l}}
			var m text.Message
			d.writeReading(&m, tt.reading)
			if got := strings.ReplaceAll(m.Plain(), "\u00a0", " "); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if strings.Contains(m.Plain(), "12345678-") {
				t.Error("the secret is said")
			}
		})
	}
}

func lines(n int) (all string) {
	for i := range n {
		all += fmt.Sprintf("• line %d · x: is wrong\n", i+1)
	}
	return all
}
