package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/alerts"
	"ronde/routines"
)

const turns = "[oncall]\npeople = [\"@ana:h\", \"@bob:h\"]\n"

func stepDoc(after, mention string) string {
	return "[[escalation]]\nafter = " + after + "\nmention = " + mention + "\n"
}

func TestEscalationIsReadAsItStands(t *testing.T) {
	c, mistakes := parse(turns + "day = \"vendredi\"\nat = \"18h\"\n" +
		stepDoc(`"10m"`, `"turn"`) + stepDoc(`"20m"`, `["@eve:h"]`) + stepDoc(`"30m"`, `"everyone"`) + stepDoc(`"1h"`, `"room"`))
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	both := []string{"@ana:h", "@bob:h"}
	want := []alerts.Step{
		{After: 10 * time.Minute, Turn: true, People: both}, {After: 20 * time.Minute, People: []string{"@eve:h"}},
		{After: 30 * time.Minute, People: both}, {After: time.Hour, Room: true},
	}
	if diff := cmp.Diff(want, c.Incidents.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	w := c.Prompting.Watch
	if w.Daily || w.Day.Weekday != time.Friday || !w.At.Equal(routines.NewClock(18, 0)) || !cmp.Equal(w.People, both) {
		t.Errorf("turns %+v", w)
	}
}

func TestMistakesOfEscalation(t *testing.T) {
	for _, tt := range []struct{ name, doc, want string }{
		{"nothing", "[[escalation]]", `1:3: escalation[1].after: missing; write after = "10m"` + "\n" + `1:3: escalation[1].mention: missing; write mention = "turn", "everyone", "room" or ["@ana:example.org"]`},
		{"one bracket", "[escalation]\nafter = \"10m\"\nmention = \"room\"", `1:2: escalation: there can be several; write [[escalation]], with two brackets on each side`},
		{"an order of their own", stepDoc(`"20m"`, `"room"`) + stepDoc(`"10m"`, `"room"`), `5:9: escalation[10m].after: does not come after the step on line 2; put the soonest first, each later than the one above`},
		{"twice the same", stepDoc(`"20m"`, `"room"`) + stepDoc(`"20m"`, `"room"`), `5:9: escalation[20m].after: does not come after the step on line 2; put the soonest first, each later than the one above`},
		{"a number", stepDoc(`10`, `"room"`), `2:9: escalation[1].after: is the number 10, but a text in quotes is wanted: after = "10m"`},
		{"no unit", stepDoc(`"10"`, `"room"`), `2:9: escalation[10].after: "10" is not a length of time; write a number and a unit (s, m, h, d, w) without a space, such as "10m"`},
		{"at once", stepDoc(`"0s"`, `"room"`), `2:9: escalation[0s].after: "0s" is out of range; it goes from "1m" to "7d"`},
		{"much later", stepDoc(`"8d"`, `"room"`), `2:9: escalation[8d].after: "8d" is out of range; it goes from "1m" to "7d"`},
		{"a slip", turns + stepDoc(`"10m"`, `"trun"`), `5:11: escalation[10m].mention: "trun" is none of "turn", "everyone" and "room"; did you mean "turn"?`},
		{"a person outside of a list", stepDoc(`"10m"`, `"@ana:h"`), `3:11: escalation[10m].mention: "@ana:h" is none of "turn", "everyone" and "room"; people are a list, such as ["@ana:example.org"]`},
		{"nobody", stepDoc(`"10m"`, `[]`), `3:11: escalation[10m].mention: is an empty list; write mention = ["@ana:example.org"]`},
		{"half a person", stepDoc(`"10m"`, `["ana"]`), `3:12: escalation[10m].mention: "ana" is not a full user id; write it with its homeserver, such as "@ana:example.org"`},
		{"turns that nobody takes", stepDoc(`"10m"`, `"turn"`), `3:11: escalation[10m].mention: is "turn", but nobody takes turns; write [oncall] and below it people = ["@ana:example.org", "@bob:example.org"]`},
		{"everyone of nobody", stepDoc(`"10m"`, `"everyone"`), `3:11: escalation[10m].mention: is "everyone", but nobody takes turns; write [oncall] and below it people = ["@ana:example.org", "@bob:example.org"]`},
		{"turns without people", "[oncall]\nturns = \"daily\"", `1:2: oncall.people: missing; write people = ["@ana:example.org", "@bob:example.org"]`},
		{"a day of daily turns", turns + "turns = \"daily\"\nday = \"friday\"", `4:7: oncall.day: has no effect where turns = "daily"; take it away`},
		{"no such day", turns + "day = \"someday\"", `3:7: oncall.day: "someday" is not a day of the week; write "monday" or "lundi"`},
		{"all is well without", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) { wantMistakes(t, tt.doc, tt.want) })
	}
}

// TestAChangeOfWhoIsWokenIsSeen: a reload must not overlook it.
func TestAChangeOfWhoIsWokenIsSeen(t *testing.T) {
	before, _ := parse("[incidents]\ncritical = [\"a\"]\n" + turns + stepDoc(`"10m"`, `["@eve:h"]`))
	for want, doc := range map[string]string{
		"[incidents]":    "[incidents]\ncritical = [\"b\"]\n" + turns + stepDoc(`"10m"`, `["@eve:h"]`),
		"[oncall]":       "[incidents]\ncritical = [\"a\"]\n" + turns + "at = \"10:00\"\n" + stepDoc(`"10m"`, `["@eve:h"]`),
		"[[escalation]]": "[incidents]\ncritical = [\"a\"]\n" + turns + stepDoc(`"10m"`, `"room"`),
	} {
		after, mistakes := parse(doc)
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		if diff := cmp.Diff([]string{want}, after.Changes(before).Settings); diff != "" {
			t.Errorf("changed settings (-want +got):\n%s", diff)
		}
	}
}
