package main

import (
	"context"
	"time"

	"ronde/e2e/scene"
)

// What breaks down together.

// kumaOn delivers a mail of Kuma's about what happened at the given moment to each of
// the things.
func (t *town) kumaOn(things []string, down bool, at time.Time) error {
	for _, thing := range things {
		if err := t.mailbox.deliver(kuma(thing, down, at)); err != nil {
			return err
		}
	}
	return nil
}

// goOn delivers what Kuma writes the nth time, from 0, after the scene: one thing
// breaks down and is back, then three do, of which one is back before the others.
func (t *town) goOn(n int) error {
	single, together := []string{t.words.thing}, t.words.things
	turns := []struct {
		things []string
		down   bool
	}{{single, true}, {single, false}, {together, true}, {together[:1], false}, {together[1:], false}}
	turn := turns[n%len(turns)]
	return t.kumaOn(turn.things, turn.down, time.Now())
}

// together has the services of antigone break down in the same minute. The first
// may have cards of their own by then; the storm's is the one to take. Its buttons come
// when all is calm, which nobody has to wait for.
func (s *script) together(ctx context.Context) (err error) {
	if err := s.kumaOn(s.words.things, true, time.Now().Add(-4*time.Minute)); err != nil {
		return err
	}
	parts := append([]string{s.words.allOf("storm.down")}, s.words.things...)
	s.storm, err = s.expect(ctx, s.supervision, parts, func(m scene.Message) bool { return m.ReplyTo == "" })
	return err
}

func (s *script) takeAll(ctx context.Context) error {
	if _, err := s.ana.React(ctx, s.supervision, s.storm.ID, "👀"); err != nil {
		return err
	}
	return s.becomes(ctx, s.supervision, s.storm, s.words.Say("incident.acknowledged"), person)
}

func (s *script) calm(ctx context.Context) error {
	if err := s.kumaOn(s.words.things, false, time.Now()); err != nil {
		return err
	}
	return s.becomes(ctx, s.supervision, s.storm, s.words.allOf("storm.over"))
}

// allOf is how the card of the storm names its things when they are in one state.
func (w words) allOf(state string) string {
	return w.Say("storm.of", "Name", "antigone", "What", w.Say(state, "Count", len(w.things)))
}
