package routines

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"ronde/store"
)

// calendarWeeks is how many weeks a calendar shows: with the names of the days, ten
// lines, which is what a phone shows without folding.
const calendarWeeks = 9

// What a calendar shows of a day. Each is one column wide in any font.
const (
	dayNothing = "·"
	dayDone    = "x"
	daySkipped = ">"
	dayMissed  = "o"
	dayToCome  = " "
)

// Calendar draws the last nine weeks as text of at most 36 columns, a line for each
// week from Monday to Sunday: of one routine, on which days it was done, skipped or
// missed; of all routines (key ""), how often something was done.
func (d *Desk) Calendar(tx *store.Tx, key string) (string, error) {
	today := DateOf(tx.Now.In(d.Location))
	monday := today.Add(-(int(today.weekday()) + 6) % 7)
	first := monday.Add(-7 * (calendarWeeks - 1))
	marks, err := d.daysSince(tx, key, first)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%7s", "")
	for i := range 7 {
		fmt.Fprintf(&b, " %2s", initial(d.Language.Day(monday.Add(i).midnight())))
	}
	for week := range calendarWeeks {
		start := first.Add(7 * week)
		fmt.Fprintf(&b, "\n%7s", fmt.Sprintf("%d/%02d", start.Day, start.Month))
		for i := range 7 {
			fmt.Fprintf(&b, " %2s", dayMark(marks, start.Add(i), today))
		}
	}
	return trailing.ReplaceAllString(b.String(), ""), nil
}

var trailing = regexp.MustCompile(`(?m) +$`)

// initial is the first letter of a day's name, in capitals.
func initial(day string) string { return strings.ToUpper(string([]rune(day)[:1])) }

func dayMark(marks map[Date]string, day, today Date) string {
	switch {
	case today.Before(day):
		return dayToCome
	case marks[day] == "":
		return dayNothing
	}
	return marks[day]
}

// daysSince returns what a calendar shows of each day.
func (d *Desk) daysSince(tx *store.Tx, key string, first Date) (map[Date]string, error) {
	since := first.at(NewClock(0, 0), d.Location)
	completions, err := tx.CompletionsSince(since)
	if err != nil {
		return nil, err
	}
	marks, times := map[Date]string{}, map[Date]int{}
	if key != "" {
		if err := d.undoneDays(tx, key, since, marks); err != nil {
			return nil, err
		}
	}
	for _, c := range completions {
		day := DateOf(c.At.In(d.Location))
		times[day]++
		switch {
		case key == "":
			marks[day] = fmt.Sprint(min(times[day], 99))
		case c.Routine == key:
			marks[day] = dayDone
		}
	}
	return marks, nil
}

// undoneDays notes the days on which a routine was due and not done.
func (d *Desk) undoneDays(tx *store.Tx, key string, since time.Time, marks map[Date]string) error {
	occurrences, err := tx.OccurrencesSince(since)
	if err != nil {
		return err
	}
	for _, o := range occurrences {
		day := DateOf(o.Due.In(d.Location))
		switch {
		case o.Routine != key:
		case o.State == store.OccurrenceSkipped:
			marks[day] = daySkipped
		case o.State == store.OccurrenceMissed:
			marks[day] = dayMissed
		}
	}
	return nil
}
