package routines

import (
	"slices"
	"time"

	"ronde/store"
)

// Watch is who is on turn for what breaks: one person after the other, for a day or a
// week each. The zero Watch is nobody.
//
// Whose turn it is follows from the calendar alone, so nothing has to be kept: the turns
// are counted from a fixed day. Whoever is away is passed over for those days only.
type Watch struct {
	People []string // Matrix user ids, in the order of their turns
	Daily  bool     // a turn is a day instead of a week
	Day    Weekday  // on which day of the week the turn passes on; not with Daily
	At     Clock    // at what time
}

// firstMonday is where turns are counted from.
var firstMonday = Date{1970, time.January, 5}

// turn returns the number of the turn that an instant is in.
func (w Watch) turn(now time.Time, loc *time.Location) int {
	day := DateOf(now.In(loc))
	if now.Before(day.at(w.At, loc)) {
		day = day.Add(-1)
	}
	if w.Daily {
		return day.Sub(firstMonday)
	}
	return day.Sub(firstMonday.Add((int(w.Day.Weekday)+6)%7)) / 7
}

// on returns who is on turn at an instant, "" when everybody is away.
func (w Watch) on(now time.Time, loc *time.Location, absences []store.Absence) string {
	if len(w.People) == 0 {
		return ""
	}
	before := (w.turn(now, loc) + len(w.People) - 1) % len(w.People)
	return Rota{People: w.People}.holder(turns{last: w.People[before], away: awayOn(absences, DateOf(now.In(loc)))})
}

// awayOn returns who of some absences is away on a day.
func awayOn(absences []store.Absence, day Date) map[string]bool {
	away := map[string]bool{}
	for _, a := range absences {
		if a.First <= day.String() && day.String() <= a.Last {
			away[a.Who] = true
		}
	}
	return away
}

// farthest is how many days ahead the next turn is looked for.
const farthest = 60

// Guard is who is on turn for what breaks, and who will be.
type Guard struct {
	Now   string    // Matrix user id; "" for nobody
	Until time.Time // when that changes; zero when nothing says so for two months
	Next  string    // who it will be then; "" for nobody
}

// guard returns who is on turn at an instant, and who next.
func (w Watch) guard(now time.Time, loc *time.Location, absences []store.Absence) Guard {
	g := Guard{Now: w.on(now, loc, absences)}
	for day := DateOf(now.In(loc)); day.Sub(DateOf(now.In(loc))) < farthest; day = day.Add(1) {
		for _, t := range []time.Time{day.at(NewClock(0, 0), loc), day.at(w.At, loc)} {
			if who := w.on(t, loc, absences); t.After(now) && who != g.Now {
				g.Until, g.Next = t, who
				return g
			}
		}
	}
	return g
}

// Guard returns who is on turn for what breaks, and who next.
func (d *Desk) Guard(tx *store.Tx, now time.Time) (Guard, error) {
	absences, err := tx.Absences(DateOf(now.In(d.Location)).String())
	if err != nil {
		return Guard{}, err
	}
	return d.Settings.Watch.guard(now, d.Location, absences), nil
}

// OnTurn returns who is on turn for what breaks, "" when nobody is.
func (d *Desk) OnTurn(tx *store.Tx, now time.Time) (string, error) {
	g, err := d.Guard(tx, now)
	return g.Now, err
}

// There returns those of some people who are not away; all of them when nobody is there.
func (d *Desk) There(tx *store.Tx, people []string, now time.Time) ([]string, error) {
	away, err := d.away(tx, DateOf(now.In(d.Location)))
	if err != nil {
		return nil, err
	}
	there := slices.DeleteFunc(slices.Clone(people), func(who string) bool { return away[who] })
	if len(there) == 0 {
		return people, nil
	}
	return there, nil
}
