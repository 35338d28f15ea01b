package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"maunium.net/go/mautrix/id"

	"ronde/e2e/peers"
	"ronde/e2e/scene"
)

// town is everything that the measurements share. Each peer starts when it is
// needed first.
type town struct {
	log     io.Writer
	program string // of the bot; built unless given
	mails   int

	dir        string
	homeserver *peers.Dendrite
	matrix     *matrixTap // in front of the homeserver; the bots and the bare loop go through it
	ana        *scene.Person
	mail       map[string]*peers.Dovecot // by the name of the mailbox; one server
	engine     *peers.Docker
	settled    *bot    // lives in encrypted rooms
	hooked     *bot    // takes webhooks
	poster     *poster // posts to them
	manager    *manager

	closers []func() error // run in the opposite order
}

func (t *town) open() (err error) {
	t.dir, err = os.MkdirTemp("", "ronde-bench-")
	t.later(func() error { return os.RemoveAll(t.dir) })
	t.sayLoad()
	return err
}

func (t *town) later(end func() error) { t.closers = append(t.closers, end) }

// close ends and removes everything that was started, however far that came.
func (t *town) close() (err error) {
	for _, end := range slices.Backward(t.closers) {
		err = errors.Join(err, end())
	}
	return err
}

func (t *town) say(line string, args ...any) {
	fmt.Fprintf(t.log, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(line, args...))
}

// sayLoad warns of what else the machine does.
func (t *town) sayLoad() {
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		t.say("load averages before the run: %.14s", load)
	}
}

func (t *town) folder(name string) (string, error) {
	dir := filepath.Join(t.dir, name)
	return dir, os.MkdirAll(dir, 0o755)
}

// build makes the bot's program as its users build it.
func (t *town) build(ctx context.Context) error {
	if t.program != "" {
		return nil
	}
	dir, err := t.folder("program")
	if err != nil {
		return err
	}
	t.say("building ronde")
	t.program, err = scene.Build(ctx, dir)
	return err
}

func (t *town) needHomeserver(ctx context.Context) error {
	if t.ana != nil {
		return nil
	}
	dir, err := t.folder("homeserver")
	if err != nil {
		return err
	}
	t.say("starting a homeserver")
	if t.homeserver, err = peers.StartDendrite(ctx, dir); err != nil {
		return err
	}
	t.later(func() error { t.homeserver.Stop(); return nil })
	if t.matrix, err = openMatrixTap(t.homeserver.URL); err != nil {
		return err
	}
	t.later(t.matrix.close)
	if err := t.homeserver.Register(ctx, "ana", passwordOf("ana")); err != nil {
		return err
	}
	if t.ana, err = scene.NewPerson(ctx, t.homeserver.URL, "ana", passwordOf("ana"), dir); err != nil {
		return err
	}
	t.later(t.ana.Close)
	return nil
}

// passwordOf is not secret: the homeserver answers to this machine only, and ends
// with the run.
func passwordOf(name string) string { return name + "-bench" }

// The mailboxes, and the accounts on the homeserver that read them.
const (
	botName     = "ronde"
	loopName    = "bare"
	settledName = "veilleur"
	hookedName  = "guet" // takes webhooks
	bareHook    = "bare-hook"
	managerName = "alertmanager"
	floodName   = "crue"
)

// needMail starts a mail server with the three mailboxes.
func (t *town) needMail(ctx context.Context) error {
	if t.mail != nil {
		return nil
	}
	dir, err := t.folder("mail")
	if err != nil {
		return err
	}
	t.say("starting a mail server")
	server, err := peers.StartDovecot(ctx, dir)
	if err != nil {
		return err
	}
	t.later(func() error { server.Stop(); return nil })
	boxes, err := addMailboxes(server, filepath.Join(dir, "passwd"), botName, loopName, settledName, floodName)
	if err != nil {
		return fmt.Errorf("add mailboxes: %w", err)
	}
	t.mail = boxes
	return nil
}

// addMailboxes gives a mail server more users. It has to restart for them: it
// reads its list anew only when that is younger by a whole second.
func addMailboxes(server *peers.Dovecot, list string, users ...string) (boxes map[string]*peers.Dovecot, err error) {
	file, err := os.OpenFile(list, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	boxes = map[string]*peers.Dovecot{}
	for _, user := range users {
		box := *server
		box.User, box.Password = user, rand.Text()
		boxes[user] = &box
		_, failure := fmt.Fprintf(file, "%s:{PLAIN}%s:::::\n", box.User, box.Password)
		err = errors.Join(err, failure)
	}
	return boxes, errors.Join(err, file.Close(), server.Restart())
}

// containers is how many run on the engine.
const containers = 20

func (t *town) needEngine(ctx context.Context) error {
	if t.engine != nil {
		return nil
	}
	dir, err := t.folder("docker")
	if err != nil {
		return err
	}
	t.say("starting a Docker engine and %d containers", containers)
	if t.engine, err = peers.StartDocker(ctx, dir); err != nil {
		return err
	}
	t.later(func() error { t.engine.Stop(); return nil })
	for i := range containers {
		if err := t.engine.RunBusybox(fmt.Sprintf("bench-%02d", i), "sleep", "100000"); err != nil {
			return err
		}
	}
	return nil
}

// bot is a bot in its two rooms.
type bot struct {
	scene.Ronde
	user                   id.UserID
	technique, supervision id.RoomID
}

// newBot registers an account, invites it to two new rooms, and logs the bot in.
// change adapts its settings.
func (t *town) newBot(ctx context.Context, name string, encrypted bool, change func(*scene.Settings)) (*bot, error) {
	if err := errors.Join(t.build(ctx), t.needHomeserver(ctx)); err != nil {
		return nil, err
	}
	if err := t.homeserver.Register(ctx, name, passwordOf(name)); err != nil {
		return nil, err
	}
	user := id.NewUserID(name, t.homeserver.ServerName)
	b := &bot{Ronde: scene.Ronde{Program: t.program}, user: user}
	for title, room := range map[string]*id.RoomID{"Technique": &b.technique, "Supervision": &b.supervision} {
		made, err := t.ana.CreateRoom(ctx, title, encrypted, user)
		if err != nil {
			return nil, err
		}
		*room = made
	}
	settings := scene.Settings{
		Homeserver: t.matrix.url, User: string(user), Password: passwordOf(name),
		Technique: string(b.technique), Supervision: string(b.supervision),
		Inviters: []string{string(t.ana.Client.UserID)},
	}
	change(&settings)
	dir, err := t.folder("bot-" + name)
	if err != nil {
		return nil, err
	}
	if b.Config, err = settings.Write(dir); err != nil {
		return nil, err
	}
	_, err = b.Do(ctx, "login")
	return b, err
}

// move starts a bot for the first time and waits until it is in its rooms.
func (t *town) move(ctx context.Context, b *bot) error {
	if err := b.Start(); err != nil {
		return err
	}
	t.later(b.Stop)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := errors.Join(t.ana.Joined(ctx, b.technique, b.user), t.ana.Joined(ctx, b.supervision, b.user)); err != nil {
		return fmt.Errorf("%w; the bot's log:\n%s", err, b.Log())
	}
	return nil
}
