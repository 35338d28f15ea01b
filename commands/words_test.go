package commands

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/routines"
	"ronde/store"
)

// wall is how these tests write a local time.
const wall = "2006-01-02 15:04"

func paris(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func clockShows(t testing.TB, shown string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation(wall, shown, paris(t))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// knows is a bot that knows ana, bruno and chloe, and takes any "@name" for somebody.
func knows(word string) (string, bool) {
	name, marked := strings.CutPrefix(word, "@")
	return "@" + name + ":ronde.test", marked && name != "" || slices.Contains([]string{"ana", "bruno", "chloe"}, name)
}

func TestWhatIsSaidWithDone(t *testing.T) {
	now := clockShows(t, "2026-03-03 09:20")
	said := now.Add(-time.Minute) // what counts when no day is named
	for _, tt := range []struct {
		rest    string
		at      string
		helpers string // their names
		note    string
	}{
		{"", "2026-03-03 09:19", "", ""},
		{"all green", "2026-03-03 09:19", "", "all green"},
		{"yesterday", "2026-03-02 09:20", "", ""},
		{"hier", "2026-03-02 09:20", "", ""},
		{"Hier, tout est vert", "2026-03-02 09:20", "", "tout est vert"},
		{"yesterday 18:00 all green", "2026-03-02 18:00", "", "all green"},
		{"yesterday at 18:00, all green", "2026-03-02 18:00", "", "all green"},
		{"hier à 18h30 tout est vert", "2026-03-02 18:30", "", "tout est vert"},
		{"hier 18h", "2026-03-02 18:00", "", ""},
		{"hier 25h de calcul", "2026-03-02 09:20", "", "25h de calcul"},
		{"hier 18 tests verts", "2026-03-02 09:20", "", "18 tests verts"},
		{"yesterday a disk was full", "2026-03-02 09:20", "", "a disk was full"},
		{"today 08:00", "2026-03-03 08:00", "", ""},
		{"aujourd'hui 8h", "2026-03-03 08:00", "", ""},
		{"aujourd’hui 8h", "2026-03-03 08:00", "", ""},
		{"today 23:00", "2026-03-03 09:20", "", ""}, // not yet
		{"hierarchy checked", "2026-03-03 09:19", "", "hierarchy checked"},
		{"yesterday's backup was missing", "2026-03-03 09:19", "", "yesterday's backup was missing"},

		{"with @bruno", "2026-03-03 09:19", "bruno", ""},
		{"avec bruno", "2026-03-03 09:19", "bruno", ""},
		{"avec @bruno et @chloe restauration testée", "2026-03-03 09:19", "bruno chloe", "restauration testée"},
		{"with bruno and chloe: restored one", "2026-03-03 09:19", "bruno chloe", "restored one"},
		{"with @bruno + @eve", "2026-03-03 09:19", "bruno eve", ""},
		{"with @bruno, @eve and @chloe", "2026-03-03 09:19", "bruno eve chloe", ""},
		{"with @bruno, all green", "2026-03-03 09:19", "bruno", "all green"},
		{"with @bruno @eve asks why", "2026-03-03 09:19", "bruno", "@eve asks why"},
		{"with bruno and @bruno", "2026-03-03 09:19", "bruno", ""},
		{"avec bruno et tout est vert", "2026-03-03 09:19", "bruno", "et tout est vert"},
		{"avec soin", "2026-03-03 09:19", "", "avec soin"},
		{"with", "2026-03-03 09:19", "", "with"},
		{"and bruno", "2026-03-03 09:19", "", "and bruno"},
		{"hier 18h avec bruno, tout est vert", "2026-03-02 18:00", "bruno", "tout est vert"},
		{"avec bruno hier 18h tout est vert", "2026-03-02 18:00", "bruno", "tout est vert"},

		{`"all green"`, "2026-03-03 09:19", "", "all green"},
		{`"all" is "green"`, "2026-03-03 09:19", "", `"all" is "green"`},
		{"with @bruno « tout est vert »", "2026-03-03 09:19", "bruno", "tout est vert"},
		{"l’hôte d'antigone", "2026-03-03 09:19", "", "l’hôte d'antigone"},
		{"hier\nall green\nindeed", "2026-03-02 09:20", "", "all green\nindeed"},
	} {
		got := readDeed(tt.rest, said, now, knows)
		var helpers []string
		for _, id := range got.helpers {
			helpers = append(helpers, strings.TrimSuffix(id[1:], ":ronde.test"))
		}
		if at := got.at.Format(wall); at != tt.at || strings.Join(helpers, " ") != tt.helpers || got.note != tt.note {
			t.Errorf("%q was understood as %s with %q and the note %q, want %s with %q and %q", tt.rest, at, helpers, got.note, tt.at, tt.helpers, tt.note)
		}
	}
}

// "Yesterday 18:00" is a time on the clock, also when the clocks changed in between.
func TestYesterdaysHourIsThatOfTheClock(t *testing.T) {
	for now, want := range map[string]string{
		"2026-03-29 09:00": "2026-03-28T18:00:00+01:00",
		"2026-03-30 09:00": "2026-03-29T18:00:00+02:00",
		"2026-10-25 09:00": "2026-10-24T18:00:00+02:00",
		"2026-01-01 09:00": "2025-12-31T18:00:00+01:00",
	} {
		at := clockShows(t, now)
		if got := readDeed("hier 18h", at, at, knows).at.Format(time.RFC3339); got != want {
			t.Errorf("on %s it was at %s, want %s", now, got, want)
		}
	}
}

func FuzzReadDeed(f *testing.F) {
	for _, rest := range []string{"hier 18h avec @bruno, @eve et chloe : « tout »", "with with with", "today 23:59", "yesterday at at", "avec\u00a0@", "“", "\u202f+", "A\u0301 @x,"} {
		f.Add(rest)
	}
	now := clockShows(f, "2026-03-29 03:15")
	f.Fuzz(func(t *testing.T, rest string) {
		rest = strings.ToValidUTF8(rest, "?") // as JSON is
		d := readDeed(rest, now, now, knows)
		if !strings.Contains(rest, d.note) {
			t.Errorf("%q has the note %q, which nobody typed", rest, d.note)
		}
		if d.at.After(now) || now.Sub(d.at) > 48*time.Hour {
			t.Errorf("%q was done at %s, said at %s", rest, d.at, now)
		}
		for _, id := range d.helpers {
			if !strings.Contains(rest, strings.TrimSuffix(id[1:], ":ronde.test")) {
				t.Errorf("%q names %s, whom nobody typed", rest, id)
			}
		}
	})
}

func TestHowLongSomethingIsPutOff(t *testing.T) {
	monday := clockShows(t, "2026-03-02 10:00")
	for typed, want := range map[string]string{ // at the routine's hour, 09:00, when it is days
		"2h":           "2026-03-02 12:00",
		"2 heures":     "2026-03-02 12:00",
		"90 min":       "2026-03-02 11:30",
		"45m":          "2026-03-02 10:45",
		"3d":           "2026-03-05 09:00",
		"3 days":       "2026-03-05 09:00",
		"2j":           "2026-03-04 09:00",
		"2 jours":      "2026-03-04 09:00",
		"2 Jours.":     "2026-03-04 09:00",
		"48h":          "2026-03-04 09:00",
		"1w":           "2026-03-09 09:00",
		"1 semaine":    "2026-03-09 09:00",
		"2 weeks":      "2026-03-16 09:00",
		"366d":         "2027-03-03 09:00",
		"tomorrow":     "2026-03-03 09:00",
		"demain":       "2026-03-03 09:00",
		"Demain !":     "2026-03-03 09:00",
		"lundi":        "2026-03-09 09:00", // never today
		"mon":          "2026-03-09 09:00",
		"mardi":        "2026-03-03 09:00",
		"Sunday":       "2026-03-08 09:00",
		"dim":          "2026-03-08 09:00",
		"":             "",
		"0d":           "",
		"0h":           "",
		"367d":         "",
		"9999d":        "",
		"9999w":        "",
		"99999d":       "",
		"-1d":          "",
		"1.5h":         "",
		"3":            "",
		"d":            "",
		"2 mois":       "",
		"soon":         "",
		"2h de calcul": "",
	} {
		p, ok := readPause(strings.Fields(typed), monday)
		if got := until(t, p, ok, monday); got != want {
			t.Errorf("%q puts off until %q, want %q", typed, got, want)
		}
	}
}

// Days keep the routine's hour over a change of the clocks; hours are hours.
func TestAPauseOverAClockChange(t *testing.T) {
	for _, tt := range []struct{ from, typed, want string }{
		{"2026-03-28 23:00", "demain", "2026-03-29 09:00"},
		{"2026-03-28 23:00", "2j", "2026-03-30 09:00"},
		{"2026-03-28 23:00", "6h", "2026-03-29 06:00"},
		{"2026-10-24 23:00", "6h", "2026-10-25 04:00"},
		{"2026-10-24 23:00", "demain", "2026-10-25 09:00"},
	} {
		now := clockShows(t, tt.from)
		p, ok := readPause(strings.Fields(tt.typed), now)
		if got := until(t, p, ok, now); got != tt.want {
			t.Errorf("on %s %q puts off until %q, want %q", tt.from, tt.typed, got, tt.want)
		}
	}
}

// until writes when a pause of a routine at 09:00 ends, "" for none.
func until(t *testing.T, p pause, ok bool, now time.Time) string {
	t.Helper()
	if !ok {
		return ""
	}
	c := &Call{Desk: &Desk{Routines: &routines.Desk{Location: now.Location()}}}
	return p.end(c, routines.Routine{}, now).Format(wall)
}

func FuzzReadPause(f *testing.F) {
	for _, typed := range []string{"2h", "3 jours", "1 semaine", "lundi", "demain", "0d", "9999w", "1é"} {
		f.Add(typed)
	}
	now := clockShows(f, "2026-03-02 10:00")
	f.Fuzz(func(t *testing.T, typed string) {
		p, ok := readPause(strings.Fields(typed), now)
		switch {
		case !ok && p != pause{}:
			t.Errorf("%q is no pause, and yet %+v", typed, p)
		case ok && (p.days == 0) == (p.hours == 0):
			t.Errorf("%q must be either days or hours: %+v", typed, p)
		case p.days < 0 || p.hours < 0 || p.days > 366 || p.hours > 366*24*time.Hour:
			t.Errorf("%q puts off for %+v", typed, p)
		}
	})
}

func date(t testing.TB, written string) routines.Date {
	t.Helper()
	day, err := routines.ParseDate(written)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

func TestTheDaysOfAnAbsence(t *testing.T) {
	for _, tt := range []struct{ today, typed, first, last string }{ // "" and "" when refused
		{"2026-12-20", "24/12..2/1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "24/12 - 2/1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "24/12-2/1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "24/12–2/1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "24/12…2/1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "24.12..2.1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "du 24/12 au 2/1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "Du 24/12 au 02/01", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "from 24/12 to 2/1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "2026-12-24..2027-01-02", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "2026-12-24 - 2027-01-02", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "24/12/2026 au 02/01/2027", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "2026-12-24..2/1", "2026-12-24", "2027-01-02"},
		{"2026-12-20", "aujourd’hui au 2/1", "2026-12-20", "2027-01-02"},
		{"2026-12-20", "demain..2/1", "2026-12-21", "2027-01-02"},
		{"2026-12-20", "24/12", "2026-12-24", "2026-12-24"},
		{"2026-12-20", "le 24/12", "2026-12-24", "2026-12-24"},
		{"2026-12-20", "2026-12-24", "2026-12-24", "2026-12-24"},
		{"2026-12-20", "demain", "2026-12-21", "2026-12-21"},
		{"2026-12-20", "20/12", "2026-12-20", "2026-12-20"}, // today
		{"2026-12-20", "19/12", "2027-12-19", "2027-12-19"}, // past: next year's
		{"2026-12-20", "1/7..15/7", "2027-07-01", "2027-07-15"},
		{"2026-12-26", "24/12..2/1", "2026-12-24", "2027-01-02"}, // said while away already
		{"2027-01-02", "24/12..2/1", "2026-12-24", "2027-01-02"},
		{"2027-01-03", "24/12..2/1", "2027-12-24", "2028-01-02"},
		{"2026-03-01", "29/2", "2028-02-29", "2028-02-29"},
		{"2096-03-01", "29/2", "2104-02-29", "2104-02-29"}, // 2100 has none
		{"2026-03-01", "28/2..1/3", "2026-02-28", "2026-03-01"},
		{"2026-03-01", "2026-04-01..2027-04-01", "2026-04-01", "2027-04-01"}, // a year off, on purpose

		{"2026-03-01", "2026-03-05..2026-03-03", "", ""},
		{"2026-03-01", "5/3..3/3", "", ""}, // nobody means until next year
		{"2026-03-04", "5/3..3/3", "", ""},
		{"2026-12-20", "24/12..demain", "", ""},
		{"2026-12-20", "24/12 au 20/12/2026", "", ""},
		{"2026-03-01", "30/2", "", ""},
		{"2026-03-01", "2026-02-30", "", ""},
		{"2026-03-01", "31/4..5/5", "", ""},
		{"2026-03-01", "0/0", "", ""},
		{"2026-03-01", "24/12..", "", ""},
		{"2026-03-01", "..", "", ""},
		{"2026-03-01", "24/12/26", "", ""},
		{"2026-03-01", "Noël", "", ""},
		{"2026-03-01", "", "", ""},
	} {
		s, ok := readSpan(strings.Fields(tt.typed), date(t, tt.today))
		first, last := s.first.String(), s.last.String()
		if !ok {
			first, last = "", ""
		}
		if first != tt.first || last != tt.last {
			t.Errorf("on %s %q is from %q to %q, want %q to %q", tt.today, tt.typed, first, last, tt.first, tt.last)
		}
	}
}

func FuzzReadSpan(f *testing.F) {
	for _, typed := range []string{"24/12..2/1", "du 24/12 au 2/1", "29/2 - 28/2", "2026-12-24..2027-01-02", "9999-12-31..1/1", "today to tomorrow", "–"} {
		f.Add(typed, 20_500)
	}
	f.Fuzz(func(t *testing.T, typed string, daysSince1970 int) {
		if daysSince1970 < 0 || daysSince1970 > 60_000 {
			t.Skip("no day on which somebody asks")
		}
		today := routines.Date{Year: 1970, Month: 1, Day: 1}.Add(daysSince1970)
		s, ok := readSpan(strings.Fields(typed), today)
		if ok && (s.last.Before(s.first) || s.first == routines.Date{}) {
			t.Errorf("%q is from %s to %s", typed, s.first, s.last)
		}
	})
}

func TestPeopleAreCalledAsTheyAreKnown(t *testing.T) {
	w := newTown(t)
	w.Rights.People = []string{"@chloe:elsewhere.test"}
	w.Routines.Routines[0].Rota.People = []string{"@bruno:ronde.test"}
	err := w.Store.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.Record(store.Deed{Who: "@dora:ronde.test", Action: "done", How: "command", Outcome: "done"}); err != nil {
			return err
		}
		call := &Call{Desk: w.Desk, Event: store.RoomEvent{Sender: "@ana:ronde.test"}}
		for word, want := range map[string]string{ // "" for nobody
			"bruno":                "@bruno:ronde.test",
			"@bruno":               "@bruno:ronde.test",
			"Bruno":                "@bruno:ronde.test",
			"ana":                  "@ana:ronde.test",
			"chloe":                "@chloe:elsewhere.test",
			"@Chloé":               "@chloe:elsewhere.test",
			"dora":                 "@dora:ronde.test", // who did something lately
			"@eve":                 "@eve:ronde.test",  // of the sender's homeserver
			"@Ève":                 "@eve:ronde.test",
			"@eve:other.test":      "@eve:other.test",
			"@eve:other.test:8448": "@eve:other.test:8448",
			"eve":                  "",
			"@":                    "",
			"":                     "",
			"@eve:":                "",
			"@eve:a b":             "",
			"@<b>":                 "",
			"soin":                 "",
		} {
			id, known := call.person(tx)(word)
			if !known {
				id = ""
			}
			if id != want {
				t.Errorf("%q is %q, want %q", word, id, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
