package routines

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// Digest is when the week is summed up. The zero Digest is never.
type Digest struct {
	On   bool
	Day  Weekday
	At   Clock
	Room string // configured name
}

const (
	digestKey = "routines.digest" // the setting that holds the day of the last one, and the plan
	// A chore that only one person has done for so long is nobody's when that person
	// is away.
	aloneFor = 182 * 24 * time.Hour
	aloneMin = 3 // times; less says nothing
)

// digest posts the sum of the week once it is time for it. A bot that was away posts
// it when it is back, once; one that has just been set up, or whose digest has, begins
// with the next.
func (d *Desk) digest(tx *store.Tx) (changed bool, err error) {
	if !d.Settings.Digest.On {
		return false, nil
	}
	day := d.lastDigestDay(tx.Now)
	last, known, err := tx.Value(digestKey)
	plan := d.Settings.Digest.plan()
	before, same := strings.CutSuffix(last, plan)
	if err != nil || same && before >= day.String() {
		return false, err
	}
	if err := tx.SetValue(digestKey, day.String()+plan); err != nil || !known || !same {
		return false, err
	}
	var m text.Message
	if err := d.WriteDigest(tx, &m, day.Add(-7).at(d.Settings.Digest.At, d.Location)); err != nil {
		return false, err
	}
	return true, d.Notices.AddNotice(tx, "digest-"+day.String(), d.Settings.Digest.Room, cards.Message{Plain: m.Plain(), HTML: m.HTML()})
}

// plan is when the digest is posted, as it is kept beside the day of the last one: with
// another plan it begins with the next.
func (g Digest) plan() string { return fmt.Sprintf(" %s %s", g.Day, g.At) }

// lastDigestDay is the last day up to now on which it was time for the digest.
func (d *Desk) lastDigestDay(now time.Time) Date {
	day := DateOf(now.In(d.Location))
	for day.weekday() != d.Settings.Digest.Day.Weekday || day.at(d.Settings.Digest.At, d.Location).After(now) {
		day = day.Add(-1)
	}
	return day
}

// WriteDigest sums up the time since a moment, normally a week: what was done, what is
// late, what comes, who carried how much, and what hangs on one person.
func (d *Desk) WriteDigest(tx *store.Tx, m *text.Message, since time.Time) error {
	said, err := tx.CompletionsSince(since)
	if err != nil {
		return err
	}
	week := onceEach(said)
	facts, err := d.Facts(tx)
	if err != nil {
		return err
	}
	open := slices.DeleteFunc(DueNow(d.Routines, facts, tx.Now, d.Location), func(due Due) bool { return due.Due.After(tx.Now) })
	m.Text("📋 ").Bold(d.Language.Say("digest.title", "Done", len(week), "Open", len(open)))
	d.writeDone(m, week)
	d.writeLate(m, open)
	d.writeComing(m, facts, tx.Now)
	d.writeCarriers(m, said)
	return d.writeAlone(tx, m)
}

// onceEach leaves out who says that something was done that somebody else said already.
func onceEach(said []store.Completion) (done []store.Completion) {
	seen := map[int64]bool{}
	for _, c := range said {
		if c.OccurrenceID == 0 || !seen[c.OccurrenceID] {
			done = append(done, c)
		}
		seen[c.OccurrenceID] = true
	}
	return done
}

// writeDone lists what was done, most often first, and what completed itself.
func (d *Desk) writeDone(m *text.Message, week []store.Completion) {
	times, bySelf := map[string]int{}, map[string]int{}
	for _, c := range week {
		times[c.Routine]++
		if c.How == "check" {
			bySelf[c.Routine]++
		}
	}
	if len(times) == 0 {
		return
	}
	var words []string
	for _, key := range byCount(times) {
		word := d.short(key)
		if times[key] > 1 {
			word += fmt.Sprintf(" ×%d", times[key])
		}
		if bySelf[key] > 0 {
			word += " (" + d.Language.Say("digest.by-checks", "Count", bySelf[key]) + ")"
		}
		words = append(words, word)
	}
	m.Line().Text("✅ " + d.Language.Say("digest.done") + " " + strings.Join(words, ", "))
}

func (d *Desk) writeLate(m *text.Message, open []Due) {
	for _, due := range open {
		m.Line()
		if due.Late > 0 {
			m.Text("⏰ " + text.OneLine(due.Title.In(d.Language), 50) + " · " + d.Language.Say("routine.days", "Count", due.Late))
		} else {
			m.Text("🔔 " + text.OneLine(due.Title.In(d.Language), 50))
		}
	}
}

// writeComing lists what the next seven days bring besides what comes every day or two.
func (d *Desk) writeComing(m *text.Message, facts map[string]Facts, now time.Time) {
	var words []string
	seen := map[string]int{}
	agenda := Agenda(d.Routines, facts, now, 7, d.Location)
	for _, due := range agenda {
		seen[due.Routine]++
	}
	for _, due := range agenda {
		if due.Due.After(now) && seen[due.Routine] <= 2 {
			words = append(words, d.short(due.Routine)+" "+d.Language.Day(due.Due))
			seen[due.Routine] = 99 // once
		}
	}
	if len(words) > 0 {
		m.Line().Text("📅 " + d.Language.Say("digest.coming") + " " + strings.Join(words, ", "))
	}
}

// writeCarriers says who did how much, helpers included.
func (d *Desk) writeCarriers(m *text.Message, week []store.Completion) {
	times := map[string]int{}
	for _, c := range week {
		for _, who := range c.People() {
			times[text.Person(who)]++
		}
	}
	var words []string
	for _, who := range byCount(times) {
		words = append(words, fmt.Sprintf("%s %d", who, times[who]))
	}
	if len(words) > 0 {
		m.Line().Text("👥 " + strings.Join(words, " · "))
	}
}

// writeAlone names the chores that only one person has done for half a year.
func (d *Desk) writeAlone(tx *store.Tx, m *text.Message) error {
	since := tx.Now.Add(-aloneFor)
	all, err := tx.CompletionsSince(since)
	if err != nil {
		return err
	}
	alone, times := map[string]string{}, map[string]int{}
	for _, c := range all {
		for _, who := range c.People() {
			times[c.Routine]++
			if first, known := alone[c.Routine]; known && first != who {
				alone[c.Routine] = ""
			} else {
				alone[c.Routine] = who
			}
		}
	}
	for _, r := range d.Routines {
		if known, _, err := tx.RoutineSince(r.Key); err != nil {
			return err
		} else if who := alone[r.Key]; who != "" && times[r.Key] >= aloneMin && !known.After(since) {
			m.Line().Text("☝️ " + d.Language.Say("digest.alone", "Who", text.Person(who), "Title", text.OneLine(r.Title.In(d.Language), 60)))
		}
	}
	return nil
}

// short is the name by which a routine is listed.
func (d *Desk) short(key string) string {
	if r, ok := d.byKey(key); ok {
		return d.CallName(r)
	}
	return key
}

// byCount returns the keys of a map, the highest count first.
func byCount(times map[string]int) []string {
	return slices.SortedFunc(maps.Keys(times), func(a, b string) int {
		return cmp.Or(times[b]-times[a], cmp.Compare(a, b))
	})
}
