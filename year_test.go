package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/cards"
)

// TestAYearOfTheExample plays a year of config.example.toml with people who do most of
// what they are asked for, and a bot that is restarted again and again and away for a
// week twice. Then a slow calendar says what had to be asked for. RONDE_SEED plays
// another year.
func TestAYearOfTheExample(t *testing.T) {
	t.Parallel()
	seed, err := strconv.ParseUint(os.Getenv("RONDE_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	synctest.Test(t, func(t *testing.T) {
		y := &year{yearTown: newYearTown(t), rng: rand.New(rand.NewPCG(seed, 2026)), busy: map[string]time.Time{}, said: map[string]int{}}
		y.away = y.isAway
		y.play()
		y.judge()
	})
}

// year is what happens in it.
type year struct {
	*yearTown
	rng      *rand.Rand
	begin    time.Time
	busy     map[string]time.Time // until when nobody else touches a routine
	absences []yearAbsence
	said     map[string]int // how often people did what
	looks    []time.Time
	unsaid   []time.Time // looks after which the bot ended before it said anything
}

type yearAbsence struct {
	who         string
	first, last time.Time
}

func (y *year) isAway(who string, at time.Time) bool {
	day := at.Format(time.DateOnly)
	return slices.ContainsFunc(y.absences, func(a yearAbsence) bool {
		return a.who == who && a.first.Format(time.DateOnly) <= day && day <= a.last.Format(time.DateOnly)
	})
}

// date is a moment of the year 2026 in Paris.
func (y *year) date(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2026, month, day, hour, minute, 0, 0, y.config.Location)
}

func (y *year) play() {
	y.begin = y.date(1, 1, 7, 0)
	time.Sleep(time.Until(y.begin))
	y.start()
	defer y.stop()
	y.look()
	for day := 1; day <= 365; day++ {
		y.at(y.date(1, day, 0, 0), y.plan)
	}
	// The second one leaves out two Mondays.
	y.pause(y.date(4, 22, 14, 0), y.date(4, 29, 14, 3))
	y.pause(y.date(11, 9, 8, 50), y.date(11, 16, 11, 0))
	for range 40 {
		from := y.begin.Add(time.Duration(y.rng.Int64N(int64(364 * 24 * time.Hour)))).Truncate(time.Minute)
		y.at(from, func() { y.restart() })
	}
	for _, who := range []string{"ana", "bruno", "chloe"} {
		first := y.date(time.Month(2+y.rng.IntN(9)), 1+y.rng.IntN(28), 12, 0)
		y.absences = append(y.absences, yearAbsence{who, first, first.AddDate(0, 0, 6)})
		y.at(first.AddDate(0, 0, -2), func() {
			days := first.Format("2/1") + ".." + first.AddDate(0, 0, 6).Format("2/1")
			y.happens(cards.Event{Kind: cards.Said, Sender: who, Body: "!absent " + days}, func() {})
		})
	}
	y.live(y.date(12, 31, 23, 59))
}

// plan makes the appointments of a day: the moments at which something may fall due
// or the night ends, and some others.
func (y *year) plan() {
	midnight := time.Now().In(y.config.Location)
	on := func(hour, minute int) time.Time {
		return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), hour, minute, 0, 0, y.config.Location)
	}
	y.minute()
	for _, hour := range []int{8, 9, 18, 21, 22} {
		y.at(on(hour, 0), y.minute)
	}
	y.at(on(y.rng.IntN(24), y.rng.IntN(60)), y.minute)
	if y.chance(0.15) {
		y.at(on(7, y.rng.IntN(59)), y.beforeItIsAsked)
	}
}

// minute is a full minute: the clock looks. Now and then nothing is left to do in the
// next one.
func (y *year) minute() {
	if y.ronde == nil {
		return
	}
	y.look()
	y.looks = append(y.looks, time.Now())
	y.drain()
	for _, c := range y.fresh {
		y.answer(c)
	}
	y.fresh = nil
	if y.chance(0.1) {
		before := y.sent
		y.look()
		if y.drain(); y.sent != before {
			y.t.Errorf("%s: the bot said something a second time", time.Now().In(y.config.Location))
		}
	}
}

// restart ends the bot, perhaps in the moment when it looked and said nothing yet, and
// starts it soon after.
func (y *year) restart() {
	if y.ronde == nil {
		return
	}
	if y.chance(0.5) {
		y.look()
		y.unsaid = append(y.unsaid, time.Now())
	}
	y.stop()
	y.in(time.Duration(y.rng.IntN(90))*time.Minute, func() {
		if y.ronde == nil && !y.paused() {
			y.back()
		}
	})
}

func (y *year) back() {
	y.start()
	y.minute()
}

// pauses are when the bot is away for long.
func (y *year) pause(from, to time.Time) {
	y.at(from, y.stop)
	y.at(to, func() {
		if y.ronde == nil {
			y.back()
		}
	})
}

func (y *year) paused() bool {
	now := time.Now()
	within := func(from, to time.Time) bool { return !now.Before(from) && now.Before(to) }
	return within(y.date(4, 22, 14, 0), y.date(4, 29, 14, 3)) || within(y.date(11, 9, 8, 50), y.date(11, 16, 11, 0))
}

func (y *year) chance(p float64) bool { return y.rng.Float64() < p }

// judge compares what the room shows with what had to be asked for.
func (y *year) judge() {
	shown := map[string]*yearCard{}
	for _, c := range y.shown {
		shown[c.name] = c
	}
	counts := map[string]int{}
	for _, key := range slices.Sorted(maps.Keys(y.models)) {
		m := y.models[key]
		for _, o := range m.asked {
			want, got := m.state(o), cmp.Or(shown[m.name(o.due)], &yearCard{emoji: "none"})
			delete(shown, m.name(o.due))
			counts[want]++
			if got.emoji != want && (want != "open" || !got.open()) {
				y.t.Errorf("%s, due %s and asked for at %s: the card is %s, want %s; acts %q", key, o.due, o.opened.In(y.config.Location), got.emoji, want, y.actsOf(m, o))
			}
			if got.emoji != "none" && !got.at.Equal(o.opened) && !slices.ContainsFunc(y.unsaid, o.opened.Equal) {
				y.t.Errorf("%s, due %s: the card came at %s, want %s", key, o.due, got.at, o.opened.In(y.config.Location))
			}
		}
	}
	for name, c := range shown {
		y.t.Errorf("%s %s is a card too many", c.emoji, name)
	}
	y.judgeDigests()
	y.judgeClaims()
	if log := y.log.String(); strings.Contains(log, "level=ERROR") {
		y.t.Errorf("the log holds errors:\n%.2000s", log)
	}
	if counts["✅"] < 1400 || counts["⏭"] < 30 || counts["⚪"] < 3 || y.mention < 300 || len(y.looks) < 2000 {
		y.t.Errorf("this was no year: %v, %d mentions, %d looks", counts, y.mention, len(y.looks))
	}
	y.t.Logf("%d events of people %v, %d of the bot, %d looks; in the end %v", y.events, y.said, y.sent, len(y.looks), counts)
}

// actsOf writes what was said around an occurrence, for a failure.
func (y *year) actsOf(m *yearModel, o *askedFor) (all []string) {
	for _, a := range m.acts {
		if d := a.at.Sub(o.due); d > -5*24*time.Hour && d < 9*24*time.Hour {
			all = append(all, fmt.Sprintf("%s skip %v undone %v card %q", a.at.In(y.config.Location).Format("Mon 2 Jan 15:04"), a.skip, a.undone, a.card))
		}
	}
	return all
}

// judgeClaims: whose claim ended was asked about it once, and nobody else.
func (y *year) judgeClaims() {
	all, told := 0, map[string]int{}
	for _, m := range y.models {
		maps.Copy(told, m.told)
	}
	for said := range y.ended {
		if strings.HasSuffix(said, "⏳") {
			told[said] += 0
		}
	}
	for question, n := range told {
		if all += n; y.ended[question] != n {
			y.t.Errorf("asked %d times, want %d: %s", y.ended[question], n, question)
		}
	}
	if all < 20 {
		y.t.Errorf("only %d claims ended", all)
	}
}

// judgeDigests: each Monday's at 09:00, or when the bot is back within the week; the
// first week is not summed up.
func (y *year) judgeDigests() {
	var want []time.Time
	for monday := y.date(1, 5, 9, 0); monday.Year() == 2026; monday = monday.AddDate(0, 0, 7) {
		i := slices.IndexFunc(y.looks, func(l time.Time) bool { return !l.Before(monday) })
		if i >= 0 && y.looks[i].Before(monday.AddDate(0, 0, 7)) {
			want = append(want, y.looks[i])
		}
	}
	if !slices.EqualFunc(want, y.digests, time.Time.Equal) {
		y.t.Errorf("digests at\n%v\nwant\n%v", y.digests, want)
	}
}

// TestAYearAhead: every routine is there, in the order of time, and its hour stays the
// same over both nights on which the clocks change.
func TestAYearAhead(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.toml")
	doc := strings.Replace(string(mustRead(t, "config.example.toml")), "/var/lib/ronde/ronde.db", "ronde.db", 1)
	if err := os.WriteFile(config, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := command(t, "due", "-c", config, "--at", "2026-01-01", "--days", "365", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var agenda []struct{ Routine, Due string }
	if err := json.Unmarshal([]byte(out), &agenda); err != nil {
		t.Fatal(err)
	}
	hours, seen := map[string]string{}, map[string]bool{}
	before := time.Time{}
	for _, d := range agenda {
		due, err := time.Parse(time.RFC3339, d.Due)
		if err != nil || due.Before(before) {
			t.Fatalf("%s %s after %s: %v", d.Routine, d.Due, before, err)
		}
		before = due
		day, rest, _ := strings.Cut(d.Due, "T")
		clock, offset := rest[:8], rest[8:]
		want := "+01:00"
		if "2026-03-29" <= day && day < "2026-10-25" {
			want = "+02:00"
		}
		if offset != want || hours[d.Routine] != "" && hours[d.Routine] != clock {
			t.Errorf("%s at %s, before at %s and with %s", d.Routine, d.Due, hours[d.Routine], want)
		}
		hours[d.Routine], seen[d.Routine+offset] = clock, true
	}
	for _, r := range exampleConfig(t).Routines {
		if !seen[r.Key+"+01:00"] || !seen[r.Key+"+02:00"] {
			t.Errorf("%s is not there in winter and in summer", r.Key)
		}
	}
}
