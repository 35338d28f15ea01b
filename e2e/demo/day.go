package main

import (
	"context"

	"ronde/e2e/scene"
)

// The steps of a day of routines besides doing them.

// evidence looks for what the check said when the containers fell due: on the card
// one line, the table in its thread.
func (s *script) evidence(ctx context.Context) error {
	if s.engine == nil {
		return nil
	}
	card := s.routine["containers"]
	if err := s.becomes(ctx, s.technique, card, "antigone", s.words.Say("routine.how")); err != nil {
		return err
	}
	_, err := s.expect(ctx, s.technique, append([]string{"containers antigone", "CPU"}, s.engine.runs...), func(m scene.Message) bool { return m.Thread == card.ID })
	return err
}

func (s *script) claim(ctx context.Context) error {
	if _, err := s.ana.React(ctx, s.technique, s.routine["containers"].ID, "👀"); err != nil {
		return err
	}
	return s.becomes(ctx, s.technique, s.routine["containers"], s.says("routine.claimed", "containers"), person)
}

// under says that it is done where the card is: without a "!" and without its name.
func (s *script) under(ctx context.Context) error {
	card := s.routine["containers"]
	said, err := s.ana.SayUnder(ctx, s.technique, card.ID, s.words.doneUnder+" "+s.words.underNote)
	if err != nil {
		return err
	}
	_, err = s.expect(ctx, s.technique, []string{s.finished("containers")}, func(m scene.Message) bool {
		return m.Thread == card.ID && m.ReplyTo == said
	})
	if err != nil {
		return err
	}
	return s.becomes(ctx, s.technique, card, s.finished("containers"), s.words.underNote)
}

func (s *script) putOff(ctx context.Context) (err error) {
	if s.rest, err = s.ana.React(ctx, s.technique, s.routine["updates"].ID, "💤"); err != nil {
		return err
	}
	return s.becomes(ctx, s.technique, s.routine["updates"], s.says("routine.snoozed", "updates"), person)
}

func (s *script) notPutOff(ctx context.Context) error {
	if err := s.ana.Remove(ctx, s.technique, s.rest); err != nil {
		return err
	}
	return s.becomes(ctx, s.technique, s.routine["updates"], s.words.opening("updates"))
}

func (s *script) skip(ctx context.Context) error {
	skipped := s.says("routine.skipped", "updates")
	if err := s.ask(ctx, s.technique, s.words.skip+" "+s.words.noReason, skipped); err != nil {
		return err
	}
	return s.becomes(ctx, s.technique, s.routine["updates"], skipped, s.words.noReason)
}

// week brings the containers on each of its days.
func (s *script) week(ctx context.Context) error {
	return s.ask(ctx, s.technique, s.words.week, "📆", s.words.nameOf("containers"), s.words.nameOf("updates"), s.words.nameOf("disks"))
}

func (s *script) tell(ctx context.Context) error {
	return s.ask(ctx, s.technique, s.words.routine, s.words.titleOf("disks"), s.words.Say("cadence.every", "Count", 4), "disques")
}

func (s *script) history(ctx context.Context) error {
	return s.ask(ctx, s.technique, s.words.history, s.words.titleOf("backups"), s.words.Say("history.legend"), s.words.note)
}

// says is how the card of a routine begins in some state.
func (s *script) says(state, routine string) string {
	return s.words.Say(state, "Title", s.words.titleOf(routine))
}
