package watch

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ronde/checks"
	"ronde/store"
)

var usual = checks.Work{Every: 5 * time.Minute, For: 10 * time.Minute, Calm: 5 * time.Minute, Opens: checks.Warning}

// TestDecide plays looks at one thing: "10:05 bad" and the like, a "!" before a time for a
// look that follows no other. What is said stands behind it with since when.
func TestDecide(t *testing.T) {
	for _, tt := range []struct{ name, looks, want string }{
		{"bad for as long as it takes", "10:00 w 10:05 w 10:10 w 10:15 w", "10:10 fires since 10:00"},
		{"a hiccup", "10:00 w 10:05 ok 10:10 ok", ""},
		{"one hiccup after the other", "10:00 w 10:05 ok 10:10 c 10:15 ok 10:20 w 10:25 ok", ""},
		{"and well again", "10:00 w 10:10 w 10:15 ok 10:20 ok", "10:10 fires since 10:00, 10:20 ends since 10:15"},
		{"well for a moment only", "10:00 w 10:10 w 10:15 ok 10:18 w 10:23 ok 10:28 ok", "10:10 fires since 10:00, 10:28 ends since 10:23"},
		{"it becomes worse once", "10:00 w 10:10 w 10:15 c 10:20 w 10:25 c", "10:10 fires since 10:00, 10:15 worsens since 10:15"},
		{"critical from the start", "10:00 c 10:10 c 10:15 w", "10:10 fires since 10:00"},
		{"nobody looked for long, so it begins anew", "10:00 w !13:00 w 13:05 w 13:10 w", "13:10 fires since 13:00"},
		{"nor is it known to have been well", "10:00 w 10:10 w 10:15 ok !13:00 ok 13:05 ok", "10:10 fires since 10:00, 13:05 ends since 13:00"},
		{"what is open stays so however long nobody looks", "10:00 w 10:10 w !13:00 w !15:00 w", "10:10 fires since 10:00"},
		{"the clock is set back", "10:30 w 10:10 w 10:15 w 10:20 w", "10:20 fires since 10:10"},
		{"unknown, then known to be away", "10:00 u 10:10 u 10:15 c", "10:10 fires since 10:00, 10:15 worsens since 10:15"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c condition
			var got []string
			fields := strings.Fields(tt.looks)
			for i := 0; i < len(fields); i += 2 {
				clock, alone := strings.CutPrefix(fields[i], "!")
				now, err := time.Parse("15:04", clock)
				if err != nil {
					t.Fatal(err)
				}
				level := map[string]checks.Status{"ok": checks.OK, "u": checks.Unknown, "w": checks.Warning, "c": checks.Critical}[fields[i+1]]
				var said word
				var since time.Time
				if c, said, since = decide(usual, c, level, !alone, now); said != nothing {
					got = append(got, clock+" "+spoken(said)+" since "+since.Format("15:04"))
				}
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", strings.Join(got, ", "), tt.want)
			}
		})
	}
}

func spoken(w word) string {
	return map[word]string{fires: "fires", worsens: "worsens", ends: "ends"}[w]
}

// TestEachLongBadTimeIsOneIncident plays random looks, against a model that knows all of
// them: a time in which all looks are bad and that lasts is one incident, and each ends
// with the first time in which all are well and that lasts; nothing else is said.
func TestEachLongBadTimeIsOneIncident(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := checks.Work{
			Every: 5 * time.Minute, For: time.Duration(r.IntN(4)) * 5 * time.Minute, Calm: time.Duration(r.IntN(4)) * 5 * time.Minute, Opens: checks.Warning,
		}
		var c condition
		var looks []seen
		var got []string
		now := time.Unix(1_000_000, 0).UTC()
		for range 60 {
			now = now.Add(time.Duration(1+r.IntN(8)) * time.Minute)
			one := seen{now, r.IntN(100) < 50}
			if len(looks) > 0 && r.IntN(100) < 60 {
				one.bad = looks[len(looks)-1].bad
			}
			looks = append(looks, one)
			level := checks.OK
			if one.bad {
				level = checks.Warning
			}
			c = stored(c) // as a restart would
			var said word
			var since time.Time
			if c, said, since = decide(w, c, level, true, now); said != nothing {
				got = append(got, fmt.Sprint(spoken(said), since.Unix(), now.Unix()))
			}
		}
		if want := model(w, looks); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("seed %d: for %s, calm %s: said\n%s\nwant\n%s", seed, w.For, w.Calm, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

type seen struct {
	at  time.Time
	bad bool
}

// model finds the runs of looks that are the same, and of these the first that lasts and
// is not what stands.
func model(w checks.Work, looks []seen) (all []string) {
	open := false
	for first := 0; first < len(looks); {
		end := first
		for end < len(looks) && looks[end].bad == looks[first].bad {
			end++
		}
		needed, say := w.For, "fires"
		if !looks[first].bad {
			needed, say = w.Calm, "ends"
		}
		for _, one := range looks[first:end] {
			if one.bad != open && one.at.Sub(looks[first].at) >= needed {
				all = append(all, fmt.Sprint(say, looks[first].at.Unix(), one.at.Unix()))
				open = !open
			}
		}
		first = end
	}
	return all
}

// stored is a condition after it was written down and read again.
func stored(c condition) condition {
	return conditionOf(c.watched(store.Watched{}))
}
