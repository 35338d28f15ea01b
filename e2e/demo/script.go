package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"maunium.net/go/mautrix/id"

	"ronde/e2e/scene"
)

// stepLimit is how long one step of the script may take.
const stepLimit = 30 * time.Second

var errBotEnded = errors.New("the bot ended by itself")

// script is what happens in the rooms.
type script struct {
	*town
	routine    map[string]scene.Message // the cards of the chores, by their keys
	outage     scene.Message            // the card of the incident
	storm      scene.Message            // the card of what broke together
	tick, rest id.EventID               // ✅ on the card of the disks, 💤 on that of the updates
}

// play runs the script to its end, or to the first step that does not happen.
func play(ctx context.Context, t *town) error {
	t.progress("%s", t.words.playing)
	ctx, stop := t.whileBotRuns(ctx)
	defer stop()
	s, names := &script{town: t, routine: map[string]scene.Message{}}, t.words.steps
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{names.cards, s.cards},
		{names.evidence, s.evidence},
		{names.due, s.due},
		{names.stats, s.stats},
		{names.claim, s.claim},
		{names.under, s.under},
		{names.done, s.done},
		{names.react, s.react},
		{names.takeBack, s.takeBack},
		{names.again, s.react},
		{names.putOff, s.putOff},
		{names.notPutOff, s.notPutOff},
		{names.skip, s.skip},
		{names.week, s.week},
		{names.routine, s.tell},
		{names.history, s.history},
		{names.down, s.down},
		{names.take, s.take},
		{names.incidents, s.incidents},
		{names.up, s.up},
		{names.storm, s.together},
		{names.takeAll, s.takeAll},
		{names.calm, s.calm},
		{names.help, s.help},
	} {
		begun := time.Now()
		if err := within(ctx, step.do); err != nil {
			return errors.Join(fmt.Errorf("step %q did not happen: %w", step.name, err), context.Cause(ctx))
		}
		t.progress("✓ %s (%.1f s)", step.name, time.Since(begun).Seconds())
	}
	return errors.Join(t.ana.Unread(), t.inClear())
}

// inClear complains when something in the encrypted room is not encrypted.
func (t *town) inClear() error {
	for _, m := range t.ana.Room(t.supervision) {
		if !m.Encrypted {
			return fmt.Errorf("in the encrypted room a message of %s is in clear: %q", m.Sender, m.Body)
		}
	}
	return nil
}

// whileBotRuns gives a context that ends with the bot, should that end by itself.
func (t *town) whileBotRuns(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case <-t.bot.Exited():
			cancel(errBotEnded)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

func within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	return do(ctx)
}

func (s *script) cards(ctx context.Context) error {
	for _, c := range chores() {
		card, err := s.card(ctx, s.technique, "✅", s.words.opening(c.key))
		if err != nil {
			return err
		}
		s.routine[c.key] = card
	}
	return nil
}

func (s *script) due(ctx context.Context) error {
	parts := []string{s.words.Say("due.open", "Count", len(chores()))}
	for _, c := range chores() {
		parts = append(parts, s.words.titleOf(c.key))
	}
	return s.ask(ctx, s.technique, s.words.due, parts...)
}

func (s *script) stats(ctx context.Context) error {
	if s.engine == nil {
		return s.ask(ctx, s.technique, s.words.stats, s.words.Say("checks.containers.no-engine"))
	}
	return s.ask(ctx, s.technique, s.words.stats, append([]string{"antigone", "CPU"}, s.engine.runs...)...)
}

func (s *script) done(ctx context.Context) error {
	if err := s.ask(ctx, s.technique, s.words.done+" "+s.words.note, s.finished("backups")); err != nil {
		return err
	}
	return s.becomes(ctx, s.technique, s.routine["backups"], s.finished("backups"), s.words.note)
}

func (s *script) react(ctx context.Context) (err error) {
	if s.tick, err = s.ana.React(ctx, s.technique, s.routine["disks"].ID, "✅"); err != nil {
		return err
	}
	return s.becomes(ctx, s.technique, s.routine["disks"], s.finished("disks"), person)
}

func (s *script) takeBack(ctx context.Context) error {
	if err := s.ana.Remove(ctx, s.technique, s.tick); err != nil {
		return err
	}
	return s.becomes(ctx, s.technique, s.routine["disks"], s.words.opening("disks"))
}

// down happened some minutes ago: Kuma tries again before it writes.
func (s *script) down(ctx context.Context) (err error) {
	if err := s.mailbox.deliver(kuma(s.words.thing, true, time.Now().Add(-7*time.Minute))); err != nil {
		return err
	}
	s.outage, err = s.card(ctx, s.supervision, "👀", s.words.Say("incident.firing"), s.words.thing)
	return err
}

func (s *script) take(ctx context.Context) error {
	if _, err := s.ana.React(ctx, s.supervision, s.outage.ID, "👀"); err != nil {
		return err
	}
	return s.becomes(ctx, s.supervision, s.outage, s.words.Say("incident.acknowledged"), person)
}

func (s *script) incidents(ctx context.Context) error {
	return s.ask(ctx, s.supervision, s.words.incidents, s.words.Say("incidents.open", "Count", 1), s.words.thing)
}

func (s *script) up(ctx context.Context) error {
	if err := s.mailbox.deliver(kuma(s.words.thing, false, time.Now())); err != nil {
		return err
	}
	return s.becomes(ctx, s.supervision, s.outage, s.words.Say("incident.resolved"), s.words.thing)
}

func (s *script) help(ctx context.Context) error {
	return s.ask(ctx, s.supervision, s.words.help, s.words.due, s.words.incidents)
}

// finished is how the card of a routine begins when it is done.
func (s *script) finished(routine string) string { return s.says("routine.done", routine) }

// card waits for a new message with a button of the bot's under it.
func (s *script) card(ctx context.Context, room id.RoomID, button string, parts ...string) (scene.Message, error) {
	return s.expect(ctx, room, parts, func(m scene.Message) bool {
		for _, r := range m.Reactions {
			if r.Sender == s.botID && r.Emoji == button {
				return true
			}
		}
		return false
	})
}

// becomes waits until a card's newest text has all the parts.
func (s *script) becomes(ctx context.Context, room id.RoomID, card scene.Message, parts ...string) error {
	_, err := s.expect(ctx, room, parts, func(m scene.Message) bool { return m.ID == card.ID })
	return err
}

// ask has the person type a command and waits for the reply to it.
func (s *script) ask(ctx context.Context, room id.RoomID, command string, parts ...string) error {
	asked, err := s.ana.Say(ctx, room, command)
	if err != nil {
		return err
	}
	_, err = s.expect(ctx, room, parts, func(m scene.Message) bool { return m.ReplyTo == asked })
	return err
}

// expect waits for a message of the bot's that has all the parts and is the right one.
func (s *script) expect(ctx context.Context, room id.RoomID, parts []string, right func(scene.Message) bool) (scene.Message, error) {
	what := "a message with « " + strings.Join(parts, " » and « ") + " »"
	return s.ana.WaitFor(ctx, room, what, func(m scene.Message) bool {
		for _, part := range parts {
			if !strings.Contains(m.Body, part) {
				return false
			}
		}
		return m.Sender == s.botID && right(m)
	})
}
