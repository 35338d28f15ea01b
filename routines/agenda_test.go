package routines

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/text"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file of testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// chores is a small round, with one kind of cadence each.
func chores(t *testing.T) []Routine {
	return []Routine{
		{Key: "stats", Title: text.Localized{FR: "Regarder les conteneurs", EN: "Look at the containers"}, Cadence: cadence(t, "every 2d")},
		{Key: "images", Title: text.Localized{FR: "Mises à jour des images", EN: "Image updates"}, Cadence: cadence(t, "every 3d..4d at 18:30")},
		{Key: "backups", Title: text.Localized{FR: "Vérifier les sauvegardes"}, Cadence: cadence(t, "weekly monday")},
		{Key: "secret-42", Title: text.Localized{EN: "Renew the secret of 42"}, Cadence: cadence(t, "monthly last")},
	}
}

// TestAgendaJSON: the agenda over the spring night of 2026, with offsets.
func TestAgendaJSON(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	since := at(t, loc, "Sun 2026-02-01 00:00 +01:00")
	facts := map[string]Facts{
		"stats":   {Since: since, Last: Done{At: at(t, loc, "Sat 2026-03-21 22:00 +01:00")}},
		"images":  {Since: since, Last: Done{At: at(t, loc, "Wed 2026-03-25 22:00 +01:00")}},
		"backups": {Since: since, Last: Done{At: at(t, loc, "Tue 2026-03-10 10:00 +01:00")}},
	}
	from := at(t, loc, "Fri 2026-03-27 12:00 +01:00")
	out, err := json.MarshalIndent(Agenda(chores(t), facts, from, 5, loc), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/agenda.golden.json", string(out)+"\n")
}

func TestAgenda(t *testing.T) {
	const known = "Sun 2026-02-01 00:00 +01:00"
	tests := []struct {
		name, cadence, last, since, from string
		days                             int
		want                             string
	}{
		{"without history it begins at from", "every 3d", "-", "-", "Mon 2026-03-02 09:00 +01:00", 6, `
chore Mon 2026-03-02 09:00 +01:00
chore Thu 2026-03-05 09:00 +01:00
chore Sun 2026-03-08 09:00 +01:00`},
		{"from just after the hour", "every 3d", "-", "-", "Mon 2026-03-02 09:01 +01:00", 3, `
chore Tue 2026-03-03 09:00 +01:00`},
		{"both ends are in it", "weekly monday", "-", "-", "Mon 2026-03-02 09:00 +01:00", 7, `
chore Mon 2026-03-02 09:00 +01:00
chore Mon 2026-03-09 09:00 +01:00`},
		{"an open interval is supposed to be done at from", "every 3d", "Sun 2026-02-22 12:00 +01:00", known, "Mon 2026-03-02 12:00 +01:00", 6, `
chore Wed 2026-02-25 09:00 +01:00 late 5
chore Thu 2026-03-05 09:00 +01:00
chore Sun 2026-03-08 09:00 +01:00`},
		{"an open date does not move the calendar", "weekly monday", "Mon 2026-02-09 10:00 +01:00", known, "Sun 2026-03-01 20:00 +01:00", 3, `
chore Mon 2026-02-23 09:00 +01:00 late 6 missed 1
chore Mon 2026-03-02 09:00 +01:00`},
		{"a date that was done early is not in it", "weekly monday", "Sun 2026-03-01 19:00 +01:00", known, "Sun 2026-03-01 20:00 +01:00", 8, `
chore Mon 2026-03-09 09:00 +01:00`},
		{"an open window stands at its due date", "every 3d..4d", "Thu 2026-02-26 12:00 +01:00", known, "Sun 2026-03-01 12:00 +01:00", 6, `
chore Mon 2026-03-02 09:00 +01:00 opens Sun 2026-03-01 09:00 +01:00
chore Fri 2026-03-06 09:00 +01:00 opens Thu 2026-03-05 09:00 +01:00`},
		{"an open window that ends later is not in it", "every 1d..30d", "Thu 2026-02-26 12:00 +01:00", known, "Sun 2026-03-01 12:00 +01:00", 6, ""},
		{"a start date ahead", "monthly 15 start 2026-04-16", "-", known, "Mon 2026-03-02 12:00 +01:00", 100, `
chore Fri 2026-05-15 09:00 +02:00`},
		{"no days: what is open", "every 1d", "Sat 2026-02-28 12:00 +01:00", known, "Mon 2026-03-02 12:00 +01:00", 0, `
chore Sun 2026-03-01 09:00 +01:00 late 1`},
		{"less than no days", "every 1d", "Sat 2026-02-28 12:00 +01:00", known, "Mon 2026-03-02 12:00 +01:00", -3, `
chore Sun 2026-03-01 09:00 +01:00 late 1`},
		{"a day of 23 hours is a day", "every 1d", "-", "-", "Sat 2026-03-28 09:00 +01:00", 1, `
chore Sat 2026-03-28 09:00 +01:00
chore Sun 2026-03-29 09:00 +02:00`},
		{"a day of 25 hours is a day", "every 1d", "-", "-", "Sat 2026-10-24 09:00 +02:00", 1, `
chore Sat 2026-10-24 09:00 +02:00
chore Sun 2026-10-25 09:00 +01:00`},
	}
	loc := zone(t, "Europe/Paris")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := []Routine{{Key: "chore", Cadence: cadence(t, tt.cadence)}}
			facts := map[string]Facts{"chore": {Last: Done{At: at(t, loc, tt.last)}, Since: at(t, loc, tt.since)}}
			got := told(Agenda(r, facts, at(t, loc, tt.from).UTC(), tt.days, loc))
			if diff := cmp.Diff(strings.TrimSpace(tt.want), got); diff != "" {
				t.Errorf("Agenda (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAgendaOfNothingIsAnArray(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for name, due := range map[string][]Due{"agenda": Agenda(nil, nil, now, 7, time.UTC), "due": DueNow(nil, nil, now, time.UTC)} {
		if out, err := json.Marshal(due); err != nil || string(out) != "[]" {
			t.Errorf("%s of nothing is %s, %v", name, out, err)
		}
	}
}

// TestAgendaIsWhatWillBeAsked: a year of ticks asks for exactly the dates that the
// agenda named, when each chore is done as it falls due.
func TestAgendaIsWhatWillBeAsked(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	from := at(t, loc, "Thu 2026-01-01 00:00 +01:00")
	r, facts := chores(t), map[string]Facts{}
	for _, chore := range r {
		facts[chore.Key] = Facts{Since: from}
	}
	want := Agenda(r, facts, from, 365, loc)
	var got []Due
	for now := from; !now.After(from.AddDate(1, 0, 0)); now = now.Add(30 * time.Minute) {
		for _, d := range DueNow(r, facts, now, loc) {
			if !d.Due.After(now) {
				got = append(got, d)
				facts[d.Routine] = Facts{Since: from, Last: Done{At: now}}
			}
		}
	}
	if diff := cmp.Diff(told(want), told(got)); diff != "" || len(got) < 300 {
		t.Errorf("asked %d times, agenda has %d (-agenda +asked):\n%s", len(got), len(want), diff)
	}
}
