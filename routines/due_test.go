package routines

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/text"
)

// told writes what is due in one line: "backups Mon 2026-03-02 09:00 +01:00 late 1".
func told(due []Due) string {
	var lines []string
	for _, d := range due {
		line := d.Routine + " " + d.Due.Format(moment)
		if d.Opens.Before(d.Due) {
			line += " opens " + d.Opens.Format(moment)
		}
		if d.Deadline != (Date{}) {
			line += " by " + d.Deadline.String()
		}
		if d.Late > 0 {
			line += fmt.Sprintf(" late %d", d.Late)
		}
		if d.Missed > 0 {
			line += fmt.Sprintf(" missed %d", d.Missed)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestDueNow(t *testing.T) {
	const known = "Sun 2026-02-01 00:00 +01:00"
	tests := []struct{ name, cadence, last, since, now, want string }{
		{"not yet", "weekly monday", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-02 08:59 +01:00", ""},
		{"on the minute", "weekly monday", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-02 09:00 +01:00",
			"chore Mon 2026-03-02 09:00 +01:00"},
		{"not late on the day itself", "weekly monday", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-02 23:59 +01:00",
			"chore Mon 2026-03-02 09:00 +01:00"},
		{"late from midnight on", "weekly monday", "Mon 2026-02-23 10:00 +01:00", known, "Tue 2026-03-03 00:00 +01:00",
			"chore Mon 2026-03-02 09:00 +01:00 late 1"},
		{"still asked when late", "weekly monday", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-09 08:59 +01:00",
			"chore Mon 2026-03-02 09:00 +01:00 late 7"},
		{"the next date takes over", "weekly monday", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-09 09:00 +01:00",
			"chore Mon 2026-03-09 09:00 +01:00 missed 1"},
		{"a month of downtime is one card", "weekly monday", "Mon 2026-02-02 10:00 +01:00", known, "Thu 2026-03-05 12:00 +01:00",
			"chore Mon 2026-03-02 09:00 +01:00 late 3 missed 3"},
		{"a week of downtime, every day", "every 1d", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-02 12:00 +01:00",
			"chore Tue 2026-02-24 09:00 +01:00 late 6"},
		{"a week of downtime, each weekday", "weekly mon tue wed thu fri sat sun", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-02 12:00 +01:00",
			"chore Mon 2026-03-02 09:00 +01:00 missed 6"},
		{"done", "weekly monday", "Mon 2026-03-02 09:05 +01:00", known, "Mon 2026-03-02 12:00 +01:00", ""},
		{"done the evening before", "weekly monday", "Sun 2026-03-01 20:00 +01:00", known, "Mon 2026-03-02 12:00 +01:00", ""},
		{"done too early", "weekly monday", "Fri 2026-02-27 20:00 +01:00", known, "Mon 2026-03-02 12:00 +01:00",
			"chore Mon 2026-03-02 09:00 +01:00"},
		{"done a week late, just before the next", "weekly monday", "Mon 2026-03-09 08:30 +01:00", known, "Mon 2026-03-09 12:00 +01:00", ""},
		{"done in the future by a clock set back", "weekly monday", "Mon 2026-03-02 09:05 +01:00", known, "Mon 2026-03-02 08:30 +01:00", ""},
		{"never done", "monthly 31", "-", known, "Sun 2026-03-01 00:30 +01:00",
			"chore Sat 2026-02-28 09:00 +01:00 late 1"},
		{"never done, dates before it was known do not count", "weekly monday", "-", "Mon 2026-03-02 10:00 +01:00", "Mon 2026-03-02 12:00 +01:00", ""},
		{"known since now", "every 3d", "-", "-", "Mon 2026-03-02 09:00 +01:00", "chore Mon 2026-03-02 09:00 +01:00"},
		{"known since now, asked later", "every 3d", "-", "-", "Mon 2026-03-02 09:01 +01:00", ""},
		{"before its start date", "every 3d start 2026-03-03", "-", known, "Mon 2026-03-02 12:00 +01:00", ""},
		{"late over the spring night", "every 3d", "Thu 2026-03-26 12:00 +01:00", known, "Mon 2026-03-30 00:10 +02:00",
			"chore Sun 2026-03-29 09:00 +02:00 late 1"},
		{"its window is not open", "every 3d..4d", "Mon 2026-03-02 20:00 +01:00", known, "Thu 2026-03-05 08:59 +01:00", ""},
		{"its window opens", "every 3d..4d", "Mon 2026-03-02 20:00 +01:00", known, "Thu 2026-03-05 09:00 +01:00",
			"chore Fri 2026-03-06 09:00 +01:00 opens Thu 2026-03-05 09:00 +01:00"},
		{"its window is open, the day before", "every 3d..4d", "Mon 2026-03-02 20:00 +01:00", known, "Fri 2026-03-06 08:59 +01:00",
			"chore Fri 2026-03-06 09:00 +01:00 opens Thu 2026-03-05 09:00 +01:00"},
		{"its window has ended", "every 3d..4d", "Mon 2026-03-02 20:00 +01:00", known, "Sat 2026-03-07 00:00 +01:00",
			"chore Fri 2026-03-06 09:00 +01:00 opens Thu 2026-03-05 09:00 +01:00 late 1"},
		{"with a deadline", "monthly 1 by 25th", "-", known, "Mon 2026-03-02 12:00 +01:00",
			"chore Sun 2026-03-01 09:00 +01:00 by 2026-03-25 missed 1"},
		{"the deadline of the date that took over", "weekly monday by friday", "Mon 2026-02-02 10:00 +01:00", known, "Thu 2026-03-05 12:00 +01:00",
			"chore Mon 2026-03-02 09:00 +01:00 by 2026-03-06 missed 3"},
		{"dates that move onto one day are missed once", "weekly saturday sunday monday days monday", "Mon 2026-02-02 10:00 +01:00", known, "Mon 2026-02-23 12:00 +01:00",
			"chore Mon 2026-02-23 09:00 +01:00 missed 2"},
		{"in the quiet hours", "weekly monday at 06:00 quiet 22:00..07:00", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-02 06:59 +01:00", ""},
		{"when the quiet hours end", "weekly monday at 06:00 quiet 22:00..07:00", "Mon 2026-02-23 10:00 +01:00", known, "Mon 2026-03-02 07:00 +01:00",
			"chore Mon 2026-03-02 07:00 +01:00"},
		{"a rule that ended stays asked until it is done", "rrule FREQ=DAILY;COUNT=2 start 2026-03-02", "-", known, "Fri 2026-03-06 12:00 +01:00",
			"chore Tue 2026-03-03 09:00 +01:00 late 3 missed 1"},
		{"a rule that ended and was done", "rrule FREQ=DAILY;COUNT=2 start 2026-03-02", "Tue 2026-03-03 10:00 +01:00", known, "Fri 2026-03-06 12:00 +01:00", ""},
		{"a condition that was never measured", `when "reboot antigone"`, "-", known, "Fri 2026-03-06 12:00 +01:00", ""},
		{"at the hour that is not", "every 1d at 02:30", "Sat 2026-03-28 12:00 +01:00", known, "Sun 2026-03-29 03:29 +02:00", ""},
		{"after the hour that is not", "every 1d at 02:30", "Sat 2026-03-28 12:00 +01:00", known, "Sun 2026-03-29 03:30 +02:00",
			"chore Sun 2026-03-29 03:30 +02:00"},
		{"at the second 02:30, done at the first", "weekly sunday at 02:30", "Sun 2026-10-25 02:31 +02:00", known, "Sun 2026-10-25 02:30 +01:00", ""},
		{"at the second 02:30, open since the first", "weekly sunday at 02:30", "Sun 2026-10-18 03:00 +02:00", known, "Sun 2026-10-25 02:30 +01:00",
			"chore Sun 2026-10-25 02:30 +02:00"},
	}
	loc := zone(t, "Europe/Paris")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := []Routine{{Key: "chore", Title: text.Localized{EN: "Chore"}, Cadence: cadence(t, tt.cadence)}}
			facts := map[string]Facts{"chore": {Last: Done{At: at(t, loc, tt.last)}, Since: at(t, loc, tt.since)}}
			now := at(t, loc, tt.now)
			if diff := cmp.Diff(tt.want, told(DueNow(r, facts, now, loc))); diff != "" {
				t.Errorf("DueNow (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, told(DueNow(r, facts, now.UTC(), loc))); diff != "" {
				t.Errorf("DueNow, asked in UTC (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDueNowSortsByTimeThenKey(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	daily, monday := cadence(t, "every 1d"), cadence(t, "weekly monday at 08:00")
	r := []Routine{{Key: "b", Cadence: daily}, {Key: "a", Cadence: daily}, {Key: "c", Cadence: monday}, {Key: "done", Cadence: daily}}
	since, now := at(t, loc, "Mon 2026-03-02 00:00 +01:00"), at(t, loc, "Mon 2026-03-02 12:00 +01:00")
	facts := map[string]Facts{"a": {Since: since}, "b": {Since: since}, "c": {Since: since}, "done": {Since: since, Last: Done{At: now}}}
	want := "c Mon 2026-03-02 08:00 +01:00\na Mon 2026-03-02 09:00 +01:00\nb Mon 2026-03-02 09:00 +01:00"
	if diff := cmp.Diff(want, told(DueNow(r, facts, now, loc))); diff != "" {
		t.Errorf("DueNow (-want +got):\n%s", diff)
	}
}

// TestRestartsAndDowntimeAskOnce ticks through a year, with the bot away now and
// then, and with everything that is asked done some hours later. What was asked
// must be one entry for each date that was not slept through.
func TestRestartsAndDowntimeAskOnce(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	r := []Routine{{Key: "weekly", Cadence: cadence(t, "weekly monday")}, {Key: "monthly", Cadence: cadence(t, "monthly 31 at 02:30")}}
	since := at(t, loc, "Thu 2026-01-01 00:00 +01:00")
	facts := map[string]Facts{"weekly": {Since: since}, "monthly": {Since: since}}
	asked := map[string]int{}
	open := map[string]time.Time{}
	for now := since; now.Before(since.AddDate(1, 0, 0)); now = now.Add(time.Hour) {
		if away := now.YearDay()%29 < 3; away {
			continue
		}
		for _, d := range DueNow(r, facts, now, loc) {
			if !open[d.Routine].Equal(d.Due) {
				asked[d.Routine]++
				open[d.Routine] = d.Due
			}
			if now.Sub(d.Due) > 5*time.Hour {
				facts[d.Routine] = Facts{Since: since, Last: Done{At: now, By: "@ana:example.org"}}
			}
		}
	}
	if want := map[string]int{"weekly": 52, "monthly": 12}; !cmp.Equal(asked, want) {
		t.Errorf("asked %v times, want %v", asked, want)
	}
}

func TestRoutineValidate(t *testing.T) {
	title := text.Localized{FR: "Vérifier les sauvegardes"}
	every := Cadence{Every: Window{3, 3}}
	tests := []struct {
		name string
		in   Routine
		want string
	}{
		{"good", Routine{Key: "host-updates", Aliases: []string{"mises-à-jour", "maj2"}, Title: title, Cadence: every}, ""},
		{"all mistakes at once", Routine{Key: "Back ups", Aliases: []string{"sauvegardes", ""}},
			`key: "Back ups" is not one word of small letters, digits and hyphens, such as "backups" or "host-updates"
aliases: "" is not one word of small letters, digits and hyphens, such as "backups" or "host-updates"
title: missing; write title = { fr = "Vérifier les sauvegardes", en = "Check the backups" }
no cadence: ` + KindsExample},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := tt.in.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Validate (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkDueNow(b *testing.B) {
	loc := zone(b, "Europe/Paris")
	kinds := append([]string{"every 1d", "every 3d..4d", "weekly monday", "weekly monday thursday", "monthly 31"}, newKinds...)
	now := at(b, loc, "Mon 2026-03-02 12:00 +01:00")
	var routines []Routine
	facts := map[string]Facts{}
	for i := range 200 {
		r := Routine{Key: fmt.Sprintf("routine-%d", i), Cadence: cadence(b, kinds[i%len(kinds)])}
		routines = append(routines, r)
		facts[r.Key] = Facts{Since: now.AddDate(-10, 0, 0), Last: Done{At: now.Add(-time.Duration(i) * 5 * time.Hour)}}
		if i%10 == 0 {
			facts[r.Key] = Facts{Since: now.AddDate(-10, 0, 0)} // never done
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		DueNow(routines, facts, now, loc)
	}
}
