package main

import (
	"fmt"
	"slices"
	"time"

	"ronde/routines"
)

// yearModel is the slow second opinion on one routine: it replays what people said and
// when the bot looked, and walks over the days of the calendar one by one, as the
// documentation of routines.Next and routines.DueNow says it. It shares no code with
// what it judges.
type yearModel struct {
	loc          *time.Location
	title        string
	first, last  int // days of an Every, 0 for the others
	matches      func(day time.Time) bool
	hour, minute int
	by           int // the day of the month that is the deadline, 0 for none

	since  time.Time // of the first look
	acts   []*yearAct
	asked  []*askedFor    // by due date
	claims []yearClaim    // whose end was not told yet
	told   map[string]int // how often the end of a claim had to be told, by the question
}

// yearAct is that somebody did or skipped a routine.
type yearAct struct {
	routine string
	skip    bool
	at      time.Time // when it was done
	card    string    // the title and the moment of the card that was tapped, "" for a command
	undone  bool
}

// askedFor is an occurrence that had to be asked for.
type askedFor struct {
	due, opened time.Time
	acts        []*yearAct
}

// yearClaim is that somebody is on an occurrence until then.
type yearClaim struct {
	of       *askedFor
	question string // what the bot asks in the end
	until    time.Time
}

func newYearModel(r routines.Routine, title string, loc *time.Location) *yearModel {
	m := &yearModel{loc: loc, title: title, first: r.Every.First, last: r.Every.Last, told: map[string]int{}}
	if _, err := fmt.Sscanf(r.At.String(), "%d:%d", &m.hour, &m.minute); err != nil {
		panic(err)
	}
	if _, err := fmt.Sscanf(r.By.String(), "%d", &m.by); err != nil {
		m.by = 0
	}
	m.matches = func(day time.Time) bool {
		return r.Monthly.Day == day.Day() || slices.ContainsFunc(r.Weekly, func(d routines.Weekday) bool { return d.Weekday == day.Weekday() })
	}
	return m
}

// on is the routine's time of a day; n days later, counted one by one.
func (m *yearModel) on(t time.Time, n int) time.Time {
	t = t.In(m.loc)
	day := time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, m.loc)
	for range n {
		day = day.AddDate(0, 0, 1)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), m.hour, m.minute, 0, 0, m.loc)
}

// due says which date should be asked for at now, from the days and the acts alone.
func (m *yearModel) due(now time.Time) (due time.Time, ok bool) {
	if m.last > 0 {
		return m.dueAfterLast(now)
	}
	gap := 0
	for day := m.on(m.since, 0).AddDate(0, -2, 0); !day.After(now); day = m.on(day, 1) {
		gap++
		if !m.matches(day) {
			continue
		}
		if !day.Before(m.since) {
			if m.covered(day, gap) {
				ok = false
			} else {
				due, ok = day, true
			}
		}
		gap = 0
	}
	return due, ok
}

// covered: an act after a date covers it, and one within a quarter of the days since
// the date before.
func (m *yearModel) covered(date time.Time, gap int) bool {
	return slices.ContainsFunc(m.acts, func(a *yearAct) bool {
		return !a.undone && date.Sub(a.at) <= time.Duration(gap)*6*time.Hour
	})
}

func (m *yearModel) dueAfterLast(now time.Time) (due time.Time, ok bool) {
	var last *yearAct
	for _, a := range m.acts {
		if !a.undone && (last == nil || a.at.After(last.at)) {
			last = a
		}
	}
	if last == nil {
		for due = m.on(m.since, 0); due.Before(m.since); due = m.on(due, 1) {
		}
		return due, !due.After(now)
	}
	return m.on(last.at, m.last), !m.on(last.at, m.first).After(now)
}

// newest is the occurrence that was asked for last, nil for none.
func (m *yearModel) newest() *askedFor {
	if len(m.asked) == 0 {
		return nil
	}
	return m.asked[len(m.asked)-1]
}

// looked replays that the bot looked: what is due by now and was not asked for is, and
// whose claim has ended is asked about it.
func (m *yearModel) looked(now time.Time) {
	if m.since.IsZero() {
		m.since = now
	}
	due, ok := m.due(now)
	if newest := m.newest(); ok && (newest == nil || due.After(newest.due)) && !m.waits(newest) {
		m.asked = append(m.asked, &askedFor{due: due, opened: now})
	}
	m.claims = slices.DeleteFunc(m.claims, func(c yearClaim) bool {
		tells := m.tells(c, now)
		if tells {
			m.told[c.question]++
		}
		return tells
	})
}

// claimed replays that somebody claimed the occurrence on a card; what is closed cannot be.
func (m *yearModel) claimed(card, question string, until time.Time) {
	if o := m.newest(); o != nil && len(o.acts) == 0 && card == m.name(o.due) {
		m.claims = append(m.claims, yearClaim{o, question, until})
	}
}

// tells reports whether the end of a claim has to be told at now: not at night, and only
// of what is still open. It may have been done on another card or by a command, and what
// was done is open again when that is taken back.
func (m *yearModel) tells(c yearClaim, now time.Time) bool {
	hour := now.In(m.loc).Hour()
	return !c.until.After(now) && 8 <= hour && hour < 22 && c.of == m.newest() && len(c.of.acts) == 0
}

// waits: what comes every few days is asked for once, until it is done.
func (m *yearModel) waits(o *askedFor) bool { return m.last > 0 && o != nil && len(o.acts) == 0 }

// settled reports whether the acts settle an occurrence that is the newest.
func (m *yearModel) settled(o *askedFor, now time.Time) bool {
	due, ok := m.due(now)
	return !ok || due.After(o.due)
}

// did replays that an act was read at now: it settles the newest occurrence if by the
// rules that is not due any more, else it belongs to the card that was tapped.
func (m *yearModel) did(a *yearAct, now time.Time) {
	m.acts = append(m.acts, a)
	if o := m.newest(); a.skip && a.card == "" && o != nil && a.at.Before(o.opened) {
		a.at = now // it counts from when it is read
	}
	if o := m.newest(); o != nil && len(o.acts) == 0 && m.settled(o, now) {
		o.acts = append(o.acts, a)
		return
	}
	for _, o := range m.asked {
		if a.card == m.name(o.due) {
			o.acts = append(o.acts, a)
		}
	}
}

// undid replays that an act was taken back.
func (m *yearModel) undid(a *yearAct, now time.Time) {
	a.undone = true
	for _, o := range m.asked {
		had := len(o.acts)
		o.acts = slices.DeleteFunc(o.acts, func(b *yearAct) bool { return a == b })
		if had > 0 && len(o.acts) == 0 && o == m.newest() && m.settled(o, now) {
			o.acts = append(o.acts, m.acts[len(m.acts)-1]) // done once more, and that still holds
		}
	}
}

// state is the emoji with which the card of an occurrence begins in the end.
func (m *yearModel) state(o *askedFor) string {
	switch {
	case slices.ContainsFunc(o.acts, func(a *yearAct) bool { return !a.skip }):
		return "✅"
	case len(o.acts) > 0:
		return "⏭"
	case o != m.newest():
		return "⚪"
	}
	return "open"
}

// name is how a card names an occurrence. A deadline is always in the month of the due
// date: the example has one for the first of a month only.
func (m *yearModel) name(due time.Time) string {
	due = due.In(m.loc)
	if m.by > 0 {
		return m.title + " · avant la fin du " + frenchDay(time.Date(due.Year(), due.Month(), m.by, 12, 0, 0, 0, m.loc))
	}
	return m.title + " · " + frenchDay(due) + due.Format(" 15:04")
}

// frenchDay writes "lun. 5 janv.".
func frenchDay(t time.Time) string {
	days := []string{"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."}
	months := []string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}
	first := map[bool]string{true: "er"}[t.Day() == 1]
	return fmt.Sprintf("%s %d%s %s", days[t.Weekday()], t.Day(), first, months[t.Month()-1])
}
