package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"maunium.net/go/mautrix/id"

	"ronde/e2e/peers"
	"ronde/e2e/scene"
	"ronde/text"
)

// The two accounts.
const (
	person  = "ana"
	botName = "ronde"
)

// passwordOf is not secret: the homeserver answers to this machine only, and ends
// with the demo.
func passwordOf(name string) string { return name + "-demo" }

// town is everything that the demo starts.
type town struct {
	words words
	log   io.Writer // progress

	dir                    string
	homeserver             *peers.Dendrite
	mailbox                *mailbox
	engine                 *engine // nil when there is none
	ana                    *scene.Person
	bot                    *scene.Ronde
	botID                  id.UserID
	technique, supervision id.RoomID

	closers []func() error // run in the opposite order
}

func (t *town) later(end func() error) { t.closers = append(t.closers, end) }

// close ends and removes everything that was started, however far that came.
func (t *town) close() (err error) {
	t.progress("%s", t.words.closing)
	for _, end := range slices.Backward(t.closers) {
		err = errors.Join(err, end())
	}
	t.closers = nil
	return err
}

func (t *town) progress(line string, args ...any) {
	fmt.Fprintf(t.log, "%s  %s\n", time.Now().In(paris()).Format(time.TimeOnly), fmt.Sprintf(line, args...))
}

// open starts everything, and returns when the bot is in both rooms.
func (t *town) open(ctx context.Context) (err error) {
	if t.dir, err = os.MkdirTemp("", "ronde-demo-"); err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	t.later(func() error { return os.RemoveAll(t.dir) })
	for _, part := range []struct {
		says string
		open func(context.Context) error
	}{
		{t.words.building, t.build},
		{t.words.homeserving, t.openHomeserver},
		{t.words.mailing, t.openMailbox},
		{t.words.measuring, t.openEngine},
		{t.words.starting, t.openRooms},
	} {
		t.progress("%s", part.says)
		if err := part.open(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *town) build(ctx context.Context) error {
	program, err := scene.Build(ctx, t.dir)
	t.bot = &scene.Ronde{Program: program}
	return err
}

// folder makes a folder for one of the parts.
func (t *town) folder(name string) (string, error) {
	dir := filepath.Join(t.dir, name)
	return dir, os.Mkdir(dir, 0o755)
}

func (t *town) openHomeserver(ctx context.Context) error {
	dir, err := t.folder("homeserver")
	if err != nil {
		return err
	}
	if t.homeserver, err = peers.StartDendrite(ctx, dir); err != nil {
		return err
	}
	t.later(func() error { t.homeserver.Stop(); return nil })
	t.botID = id.NewUserID(botName, t.homeserver.ServerName)
	for _, name := range []string{botName, person} {
		if err := t.homeserver.Register(ctx, name, passwordOf(name)); err != nil {
			return err
		}
	}
	return nil
}

func (t *town) openMailbox(context.Context) (err error) {
	if t.mailbox, err = openMailbox(); err == nil {
		t.later(t.mailbox.server.Close)
	}
	return err
}

// openEngine goes on without an engine, unless the environment says that every
// peer must be there.
func (t *town) openEngine(ctx context.Context) error {
	dir, err := t.folder("docker")
	if err != nil {
		return err
	}
	found, err := findEngine(ctx, dir)
	if err != nil {
		if ctx.Err() != nil || os.Getenv("RONDE_PEERS") == "required" {
			return err
		}
		reason, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Fprintf(t.log, "          "+t.words.noEngine+"\n", reason)
		return nil
	}
	t.engine = found
	t.later(func() error { found.stop(); return nil })
	return nil
}

// openRooms has the person make the rooms and the bot join them.
func (t *town) openRooms(ctx context.Context) (err error) {
	if t.ana, err = scene.NewPerson(ctx, t.homeserver.URL, person, passwordOf(person), t.dir); err != nil {
		return err
	}
	t.later(t.ana.Close)
	if t.technique, err = t.ana.CreateRoom(ctx, t.words.technique, false, t.botID); err != nil {
		return err
	}
	if t.supervision, err = t.ana.CreateRoom(ctx, t.words.supervision, true, t.botID); err != nil {
		return err
	}
	if t.bot.Config, err = t.settings().Write(t.dir); err != nil {
		return err
	}
	if _, err := t.bot.Do(ctx, "login"); err != nil {
		return err
	}
	if err := t.bot.Start(); err != nil {
		return err
	}
	t.later(t.bot.Stop)
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	return errors.Join(t.ana.Joined(ctx, t.technique, t.botID), t.ana.Joined(ctx, t.supervision, t.botID))
}

func (t *town) settings() scene.Settings {
	s := scene.Settings{
		Homeserver: t.homeserver.URL, User: string(t.botID), Password: passwordOf(botName),
		Technique: string(t.technique), Supervision: string(t.supervision),
		Inviters: []string{string(t.ana.Client.UserID)}, Language: t.words.Code(),
		Mailbox: t.mailbox.settings(), Things: t.words.things, Routines: t.routines(time.Now()),
	}
	if t.engine != nil {
		s.Docker = t.engine.host
	}
	return s
}

// chore is a routine of the demo.
type chore struct {
	key, alias, cadence string
	late                int // days
	title               text.Localized
	check               string // made where there is an engine; "" for none
}

// chores are the routines, by their keys.
func chores() []chore {
	return []chore{
		{"backups", "sauvegardes", "7d", 2, text.Localized{FR: "Vérifier les sauvegardes", EN: "Check the backups"}, ""},
		{"containers", "conteneurs", "1d", 0, text.Localized{FR: "Vérifier les conteneurs", EN: "Check the containers"}, "containers antigone"},
		{"disks", "disques", "4d", 0, text.Localized{FR: "Vérifier l’espace disque", EN: "Check the disk space"}, ""},
		{"updates", "diun", "3d", 1, text.Localized{FR: "Mettre à jour ce que Diun signale", EN: "Update what Diun reports"}, ""},
	}
}

// titleOf is what a chore is called in the rooms.
func (w words) titleOf(key string) string {
	for _, c := range chores() {
		if c.key == key {
			return c.title.In(w.Language)
		}
	}
	return key
}

// nameOf is what people type for a chore.
func (w words) nameOf(key string) string {
	for _, c := range chores() {
		if c.key == key && w.Code() == "fr" {
			return c.alias
		}
	}
	return key
}

// opening is what the first card of a chore says.
func (w words) opening(key string) string {
	for _, c := range chores() {
		if c.key == key && c.late > 0 {
			return w.Say("routine.late", "Title", w.titleOf(key))
		}
	}
	return w.Say("routine.open", "Title", w.titleOf(key))
}

// routines writes the chores into the configuration: each was due, for the first
// time, at the midnight that makes it as late as it is to be.
func (t *town) routines(now time.Time) string {
	var b strings.Builder
	for _, c := range chores() {
		fmt.Fprintf(&b, "\n[[routine]]\nkey = %q\naliases = [%q]\ntitle = { fr = %q, en = %q }\nevery = %q\nat = \"00:00\"\nstart = %q\n",
			c.key, c.alias, c.title.FR, c.title.EN, c.cadence, now.In(paris()).AddDate(0, 0, -c.late).Format(time.DateOnly))
		fmt.Fprintf(&b, "runbook = \"https://wiki.exemple-asso.fr/ronde/%s\"\n", c.alias)
		if c.check != "" && t.engine != nil {
			fmt.Fprintf(&b, "checks = [%q]\n", c.check)
		}
	}
	return b.String()
}
