// Package watch makes the checks that are at work, each in its own time, and has what they
// find become incidents: what is bad for long enough opens one, what is well for long
// enough ends it.
//
// What it remembers is in the store and nowhere else, so that a restart changes nothing:
// [decide] says what a look changes, [due] when the next one is.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"ronde/alerts"
	"ronde/checks"
	"ronde/hosts"
	"ronde/store"
	"ronde/text"
)

// atOnce is how many checks are made by themselves at the same time: fewer than a suite
// makes in all, so that people who ask do not wait behind them.
const atOnce = 3

// Suite makes the checks called refs, each in its own time, and returns an outcome for
// each. [checks.Suite] is one.
type Suite interface {
	Run(ctx context.Context, refs []string, l *text.Language) []checks.Outcome
	// Recent is Run, but for what was made within maxAge, whoever asked for it.
	Recent(ctx context.Context, refs []string, maxAge time.Duration, l *text.Language) []checks.Outcome
}

// Incidents takes what the checks find. [alerts.Desk] does.
type Incidents interface {
	Tell(tx *store.Tx, f alerts.Found) (incident int64, err error)
	// Forgotten reports whether what is still so has to be told once more, since somebody
	// closed the incident of a source and name long ago.
	Forgotten(tx *store.Tx, source, name string) (bool, error)
}

// Watch makes checks and keeps what they say. Its methods may be called from several
// goroutines.
type Watch struct {
	Store     *store.Store
	Suite     Suite
	Checks    []checks.Config // every [[check]]
	Hosts     []hosts.Config
	Secrets   []string // the names of every [[oauth]]
	Incidents Incidents
	Language  *text.Language
	Log       *slog.Logger
	// Changed is called after what was found was committed.
	Changed func()
}

// Run makes the checks that are at work until ctx ends, and then returns its error.
func (w *Watch) Run(ctx context.Context) error {
	var all sync.WaitGroup
	free := make(chan struct{}, atOnce)
	if err := w.Store.Update(ctx, w.forget); err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "checks that are no longer at work cannot be forgotten", "err", err)
	}
	for _, c := range w.Checks {
		if c.Work.Every > 0 {
			all.Go(func() { w.follow(ctx, c, free) })
		}
	}
	<-ctx.Done()
	all.Wait()
	return ctx.Err()
}

// rememberedFor is how long it is known what a check said that is not made any more: three
// times as long as the one that is made most seldom is not made.
const rememberedFor = 90 * 24 * time.Hour

// forget has nobody believe that checks still look which are no longer at work, so that
// the desk asks about what only they could end. Should one be at work again, it does.
func (w *Watch) forget(tx *store.Tx) error {
	refs, err := tx.WatchedRefs()
	if err != nil {
		return err
	}
	for _, ref := range slices.DeleteFunc(refs, w.atWork) {
		if err := tx.ForgetLook(ref); err != nil {
			return err
		}
		if err := forgetOver(tx, ref); err != nil {
			return err
		}
	}
	if err := w.forgetMemories(tx); err != nil {
		return err
	}
	return tx.ForgetLooks(tx.Now.Add(-rememberedFor))
}

// forgetMemories drops what checks had to know the next time that nobody can make any more.
// One that people can still ask for goes on where it stopped, at work or not.
func (w *Watch) forgetMemories(tx *store.Tx) error {
	refs, err := tx.Remembered()
	if err != nil {
		return err
	}
	for _, ref := range slices.DeleteFunc(refs, w.canBeMade) {
		if err := tx.ForgetMemory(ref); err != nil {
			return err
		}
	}
	return nil
}

// canBeMade tells whether there is a check of just that name, configured or of a host.
func (w *Watch) canBeMade(ref string) bool {
	kindName, name, _ := strings.Cut(ref, " ")
	kind, err := checks.Find(kindName)
	return err == nil && slices.Contains(w.Names(kind), name)
}

// forgetOver drops what a check found of which no incident is open.
func forgetOver(tx *store.Tx, ref string) error {
	things, err := tx.WatchedBy(ref)
	if err != nil {
		return err
	}
	for _, t := range things {
		holds, err := holdsOpen(tx, t)
		if err != nil {
			return err
		}
		if holds {
			continue
		}
		if err := tx.ForgetWatched(ref, t.Thing); err != nil {
			return err
		}
	}
	return nil
}

// holdsOpen tells whether something that a check found is part of an incident that is open,
// its own or that of a tie.
func holdsOpen(tx *store.Tx, t store.Watched) (bool, error) {
	own, err := tx.IncidentsOf(t.Source, t.Name, 1)
	if err != nil {
		return false, err
	}
	tied, err := tx.WitnessedBy(t.Source, t.Name, 1)
	return t.Open && slices.ContainsFunc(append(own, tied...), func(i store.Incident) bool { return i.State != store.Resolved }), err
}

// follow makes one check whenever it is due. The first looks after a start are spread by a
// timer and not by the clock, which may be set back behind the start.
func (w *Watch) follow(ctx context.Context, c checks.Config, free chan struct{}) {
	pause(ctx, phase(c.Ref(), min(c.Work.Every, spread)))
	for ctx.Err() == nil {
		next, err := w.due(ctx, c)
		if now := time.Now(); err == nil && next.After(now) {
			pause(ctx, min(next.Sub(now), time.Hour)) // the clock may be set meanwhile, or somebody ask for it
			continue
		}
		if err == nil {
			err = w.make(ctx, c, free)
		}
		if err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "a check at work cannot be followed", "check", c.Ref(), "err", err)
			pause(ctx, spread)
		}
	}
}

func (w *Watch) make(ctx context.Context, c checks.Config, free chan struct{}) error {
	select {
	case free <- struct{}{}:
		defer func() { <-free }()
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := w.look(ctx, []string{c.Ref()})
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// due is when a check has to be made next, by what is stored.
func (w *Watch) due(ctx context.Context, c checks.Config) (next time.Time, err error) {
	err = w.Store.View(ctx, func(tx *store.Tx) error {
		last, _, err := tx.Look(key(c.Ref()))
		if err != nil {
			return err
		}
		last.Ran = earlier(last.Ran, tx.Now)
		decided, err := nextDecision(tx, c, last.Ran)
		next = due(c, last.Ran, decided)
		return err
	})
	return next, err
}

// nextDecision is when something that a check found may be decided, zero for nothing. One
// that could not be made last tries again before it is due.
func nextDecision(tx *store.Tx, c checks.Config, last time.Time) (first time.Time, err error) {
	things, err := tx.WatchedBy(key(c.Ref()))
	for _, t := range things {
		one := conditionOf(t)
		at := one.decided(c.Work)
		if at.IsZero() && t.Thing == unchecked && one.open {
			at = last.Add(again)
		}
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, err
}

// Look makes the checks called refs now, keeps what they say, and returns an outcome for
// each. What cannot be kept is in the log.
func (w *Watch) Look(ctx context.Context, refs []string) []checks.Outcome {
	outcomes, err := w.look(ctx, refs)
	w.complain(ctx, err)
	return outcomes
}

// Glance is Look, but for checks that were made within the last minute for somebody who
// asked for no more than that: what they said then is kept.
func (w *Watch) Glance(ctx context.Context, refs []string) {
	asked := time.Now()
	w.complain(ctx, w.recordAll(ctx, w.Suite.Recent(ctx, refs, fresh, w.Language), asked))
}

func (w *Watch) complain(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "what a check says cannot be kept", "err", err)
	}
}

func (w *Watch) look(ctx context.Context, refs []string) ([]checks.Outcome, error) {
	outcomes := w.Suite.Run(ctx, refs, w.Language)
	return outcomes, w.recordAll(ctx, outcomes, time.Time{})
}

// recordAll records outcomes: those that are from before they were asked for, as of then.
func (w *Watch) recordAll(ctx context.Context, outcomes []checks.Outcome, asked time.Time) error {
	if ctx.Err() != nil {
		return ctx.Err() // it says nothing of what was looked at
	}
	var wrong []error // one that cannot be kept takes no other with it
	for _, o := range outcomes {
		err := w.Store.Update(ctx, func(tx *store.Tx) error {
			ran := tx.Now
			if age := asked.Sub(o.At); age > 0 && age <= fresh { // what is older is about something of then, such as a report
				ran = o.At
			}
			return w.record(tx, o, ran)
		})
		if err != nil {
			wrong = append(wrong, fmt.Errorf("keep what %s says: %w", o.Ref, err))
		}
	}
	w.Changed()
	return errors.Join(wrong...)
}

// record keeps what a check said, and has it change what it is about.
func (w *Watch) record(tx *store.Tx, o checks.Outcome, ran time.Time) error {
	c, configured := w.find(o.Ref)
	if !configured && len(o.Findings) > 0 && o.Findings[0].Fault == checks.FaultStrange {
		return nil // there is no such check
	}
	before, _, err := tx.Look(key(o.Ref))
	if err != nil {
		return err
	}
	if err := keep(tx, before, c.Host, o, ran); err != nil {
		return err
	}
	if c.Work.Every == 0 {
		return nil
	}
	return w.judge(tx, c, before, o)
}

// keep stores what a check said last, and when.
func keep(tx *store.Tx, before store.Look, host string, o checks.Outcome, ran time.Time) error {
	said, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("write down what %s says: %w", o.Ref, err)
	}
	l := store.Look{Ref: key(o.Ref), Host: host, Ran: ran, Answered: before.Answered, Status: o.Status.String(), Since: before.Since, Outcome: said}
	if before.Status != l.Status || l.Since.After(tx.Now) {
		l.Since = ran
	}
	if o.Status != checks.Unknown {
		l.Answered = ran
	}
	return tx.SaveLook(l)
}

// find returns the [[check]] that a reference names.
func (w *Watch) find(ref string) (checks.Config, bool) {
	for _, c := range w.Checks {
		if key(c.Ref()) == key(ref) {
			return c, true
		}
	}
	return checks.Config{}, false
}

// key is the same for all ways to write one reference.
func key(ref string) string { return strings.ToLower(strings.Join(strings.Fields(ref), " ")) }
