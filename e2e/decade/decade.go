// Package decade is a town with two hundred routines and ten years of history, for
// whoever measures how long a decision takes.
package decade

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

const (
	many  = 200 // routines
	years = 10
)

// cadences are the kinds of cadence, in the mixture of a small host, and how many days
// are between two dates.
func cadences() ([]routines.Cadence, []int, error) {
	var all []routines.Cadence
	var days []int
	add := func(n int, c routines.Cadence) { all, days = append(all, c), append(days, n) }
	window := func(first, last int) routines.Cadence {
		return routines.Cadence{Every: routines.Window{First: first, Last: last}}
	}
	on := func(weekdays ...time.Weekday) (c routines.Cadence) {
		for _, d := range weekdays {
			c.Weekly = append(c.Weekly, routines.Weekday{Weekday: d})
		}
		return c
	}
	rule, err := routines.ParseRule("FREQ=MONTHLY;BYDAY=1MO,3MO")
	add(1, window(1, 1))
	add(4, window(3, 4))
	add(7, on(time.Monday))
	add(7, on(time.Wednesday))
	add(3, on(time.Monday, time.Friday))
	add(14, window(14, 14))
	add(45, window(45, 45))
	add(30, routines.Cadence{Monthly: routines.MonthDay{Day: 1}})
	add(30, routines.Cadence{Monthly: routines.MonthDay{Nth: 2, Weekday: time.Tuesday}})
	add(15, routines.Cadence{Rule: rule})
	add(60, routines.Cadence{When: "reboot antigone"})
	add(90, routines.Cadence{Expires: "oauth intra"})
	return all, days, err
}

// Desk returns a desk with routines of all kinds.
func Desk() (*routines.Desk, error) {
	kinds, _, err := cadences()
	loc, noZone := time.LoadLocation("Europe/Paris")
	language, noWords := text.In("fr")
	if err := errors.Join(err, noZone, noWords); err != nil {
		return nil, err
	}
	d := &routines.Desk{Location: loc, Language: language}
	for i := range many {
		r := routines.Routine{Key: fmt.Sprintf("routine-%d", i), Title: text.Localized{FR: "Routine"}, Cadence: kinds[i%len(kinds)]}
		r.At = routines.NewClock(i%24, 0)
		d.Routines = append(d.Routines, r)
	}
	return d, nil
}

// Fill writes ten years of the desk's routines up to now: most were done some hours
// after they fell due, every twentieth was skipped.
func Fill(ctx context.Context, s *store.Store, d *routines.Desk, now time.Time) error {
	_, days, err := cadences()
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, 1))
	return s.Update(ctx, func(tx *store.Tx) error {
		begin := now.AddDate(-years, 0, 0)
		for i, r := range d.Routines {
			tx.Now = begin
			if _, err := tx.KnowRoutine(r.Key); err != nil {
				return err
			}
			for at := begin; at.Before(now.AddDate(0, 0, -1)); at = at.AddDate(0, 0, days[i%len(days)]) {
				tx.Now = at
				if err := fillOne(tx, r.Key, at.Add(time.Duration(rng.IntN(600))*time.Minute), rng.IntN(20) == 0); err != nil {
					return err
				}
			}
		}
		tx.Now = now
		renewed := now.AddDate(0, 0, 10)
		return errors.Join(tx.SetReading(store.Reading{Ref: "reboot antigone", At: now, Holds: true}),
			tx.SetReading(store.Reading{Ref: "oauth intra", At: now, Until: renewed}))
	})
}

func fillOne(tx *store.Tx, key string, done time.Time, skipped bool) error {
	o, _, err := tx.OpenOccurrence(key, tx.Now)
	if err != nil {
		return err
	}
	event := fmt.Sprintf("$%d", o.ID)
	state := store.OccurrenceDone
	if skipped {
		state = store.OccurrenceSkipped
		err = tx.AddMark(store.Mark{OccurrenceID: o.ID, Kind: store.Skip, At: done, Who: "@ana:example.org", EventID: event})
	} else {
		err = tx.AddCompletion(store.Completion{Routine: key, OccurrenceID: o.ID, At: done, Who: "@ana:example.org", How: "reaction", EventID: event})
	}
	return errors.Join(err, tx.SetOccurrenceState(o.ID, state))
}

// Decide reads what the desk needs to know of its routines, and decides what is due.
func Decide(ctx context.Context, s *store.Store, d *routines.Desk, now time.Time) (due []routines.Due, err error) {
	err = s.Update(ctx, func(tx *store.Tx) error {
		facts, err := d.Facts(tx)
		if err != nil {
			return err
		}
		due = routines.DueNow(d.Routines, facts, now, d.Location)
		return nil
	})
	return due, err
}

// Year decides for a year: what it brings, and what is due at each of its hours. What
// is due is done a minute later. It returns how many dates were ahead and how often
// something was done.
func Year(all []routines.Routine, from time.Time, loc *time.Location) (ahead, done int) {
	facts := map[string]routines.Facts{}
	for _, r := range all {
		facts[r.Key] = routines.Facts{Since: from, Reading: routines.Reading{At: from}}
	}
	ahead = len(routines.Agenda(all, facts, from, 365, loc))
	for now := from; now.Before(from.AddDate(1, 0, 0)); now = now.Add(time.Hour) {
		for _, due := range routines.DueNow(all, facts, now, loc) {
			f := facts[due.Routine]
			f.Last = routines.Done{At: now.Add(time.Minute)}
			facts[due.Routine] = f
			done++
		}
	}
	return ahead, done
}
