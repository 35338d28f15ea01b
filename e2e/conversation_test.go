// Package e2e meets the real peers: the bot as its users run it, a real
// homeserver, a real mail server, a real Docker engine.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"ronde/e2e/peers"
	"ronde/e2e/scene"
)

// town is one homeserver with the bot and a person in two rooms.
type town struct {
	ctx                    context.Context
	bot                    *scene.Ronde
	ana                    *scene.Person
	technique, supervision id.RoomID
	botID                  id.UserID
	dir                    string
}

// settle sets a town up; change may adapt the configuration. Supervision is encrypted.
func settle(t *testing.T, change func(*scene.Settings)) *town {
	t.Helper()
	homeserver := peers.NeedDendrite(t) // on a new machine it is built first, for minutes
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	w := &town{ctx: ctx, dir: t.TempDir(), botID: "@ronde:localhost"}
	for _, name := range []string{"ronde", "ana"} {
		must(t, homeserver.Register(ctx, name, "password of "+name))
	}
	var err error
	w.ana, err = scene.NewPerson(ctx, homeserver.URL, "ana", "password of ana", w.dir)
	must(t, err)
	t.Cleanup(func() { must(t, w.ana.Close()) })
	w.technique, err = w.ana.CreateRoom(ctx, "Technique", false, w.botID)
	must(t, err)
	w.supervision, err = w.ana.CreateRoom(ctx, "Supervision", true, w.botID)
	must(t, err)
	settings := scene.Settings{
		Homeserver: homeserver.URL, User: string(w.botID), Password: "password of ronde",
		Technique: string(w.technique), Supervision: string(w.supervision), Inviters: []string{string(w.ana.Client.UserID)},
		Routines: routinesDueNow(t),
	}
	if change != nil {
		change(&settings)
	}
	config, err := settings.Write(w.dir)
	must(t, err)
	w.bot = &scene.Ronde{Program: program, Config: config}
	out, err := w.bot.Do(ctx, "login")
	must(t, err)
	if !strings.Contains(out, "Recovery key") {
		t.Errorf("the first login printed no recovery key:\n%s", out)
	}
	must(t, w.bot.Start())
	t.Cleanup(func() {
		must(t, w.bot.Stop())
		if t.Failed() {
			t.Logf("the bot's log:\n%s", w.bot.Log())
		}
	})
	must(t, w.ana.Joined(ctx, w.technique, w.botID))
	must(t, w.ana.Joined(ctx, w.supervision, w.botID))
	return w
}

// routinesDueNow returns a routine that is due since the midnight in Paris.
func routinesDueNow(t *testing.T) string {
	paris, err := time.LoadLocation("Europe/Paris")
	must(t, err)
	return fmt.Sprintf(`
[[routine]]
key = "backups"
aliases = ["sauvegardes"]
title = { fr = "Vérifier les sauvegardes", en = "Check the backups" }
every = "7d"
at = "00:00"
start = %q
`, time.Now().In(paris).Format(time.DateOnly))
}

var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ronde-e2e")
	if err == nil {
		program, err = scene.Build(context.Background(), dir)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(filepath.Dir(program))
	os.Exit(code)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *town) expect(t *testing.T, room id.RoomID, what string, parts ...string) scene.Message {
	t.Helper()
	m, err := w.ana.WaitFor(w.ctx, room, what, func(m scene.Message) bool {
		for _, part := range parts {
			if !strings.Contains(strings.ReplaceAll(m.Body, "\u00a0", " "), part) {
				return false
			}
		}
		return m.Sender == w.botID
	})
	must(t, err)
	return m
}

func TestARoutineFromItsCardToItsUndo(t *testing.T) {
	w := settle(t, nil)
	card := w.expect(t, w.technique, "the card", "À faire", "Vérifier les sauvegardes")
	reaction, err := w.ana.React(w.ctx, w.technique, card.ID, "✅")
	must(t, err)
	w.expect(t, w.technique, "the done card", "Fait : Vérifier les sauvegardes", "ana")
	must(t, w.ana.Remove(w.ctx, w.technique, reaction))
	w.expect(t, w.technique, "the card asking again", "À faire", "Vérifier les sauvegardes")
	_, err = w.ana.Say(w.ctx, w.technique, "!fait sauvegardes tout est vert")
	must(t, err)
	w.expect(t, w.technique, "the reply", "Fait : Vérifier les sauvegardes", "Prochaine fois")
	done := w.expect(t, w.technique, "the card with the note", "Fait :", "tout est vert")
	if done.ID != card.ID {
		t.Errorf("the card is %s, was %s: a second one was posted", done.ID, card.ID)
	}
	_, err = w.ana.Say(w.ctx, w.supervision, "!aide")
	must(t, err)
	help := w.expect(t, w.supervision, "the help", "!prévu", "!fait")
	if !help.Encrypted {
		t.Error("the reply in the encrypted room went out in clear")
	}
	must(t, w.ana.Unread())
}
