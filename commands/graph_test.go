package commands

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/store"
)

// measured keeps a value of some containers and of a disk every ten minutes for a length
// of time, up to now.
func (w *town) measured(length time.Duration) {
	w.t.Helper()
	begin := time.Now()
	for n := 0; time.Since(begin) <= length; n++ {
		err := w.Store.Update(w.t.Context(), func(tx *store.Tx) error {
			var all []store.Measured
			add := func(check, host, metric, thing, unit string, v float64) {
				all = append(all, store.Measured{Series: store.Series{Check: check, Name: host, Metric: metric, Thing: thing, Unit: unit}, Value: v})
			}
			add("containers", "antigone", "cpu", "peertube", "%", 100+float64(n%3)*50)
			add("containers", "antigone", "memory", "nextcloud", "B", 512<<20)
			add("containers", "balearica", "memory", "nextcloud", "B", 256<<20)
			for i := range 8 {
				add("containers", "antigone", "cpu", fmt.Sprintf("web-%d", i), "%", float64(i))
			}
			add("disk", "antigone", "space", "/srv", "%", 60+math.Sin(float64(n)))
			return tx.AddMetrics(tx.Now, all)
		})
		if err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
	}
}

// asks has somebody write something, and returns what the desk says, with what its
// picture is called.
func (w *town) asks(code, body string) string {
	w.t.Helper()
	w.Language = speak(w.t, code)
	w.pictures = nil
	w.says("@ana:x", body)
	said := strings.ReplaceAll(w.handle(), "\u00a0", " ")
	for _, p := range w.pictures {
		said += "\n[" + p.Name + "]"
		if decoded, err := png.Decode(bytes.NewReader(p.Bytes)); err != nil || decoded.Bounds().Dx() != p.Width {
			w.t.Errorf("%s: the picture is broken: %v", body, err)
		}
		if dir := os.Getenv("RONDE_PICTURES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "chat-"+p.Name), p.Bytes, 0o600); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return said
}

func TestACurveIsAskedForInTheWordsOfPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		if got, want := w.asks("en", "!graph antigone cpu"), "Nothing has been measured yet; each check that is made adds to it."; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		time.Sleep(8 * time.Hour)
		w.measured(5 * time.Minute)
		if got, want := w.asks("en", "!graph /srv space"), "📈 /srv · share of space used · 24 h: 60% (measured since 08:00)\nOne value is no curve yet; come back after some more checks."; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		w.measured(47 * time.Hour)
		for _, tt := range []struct{ code, body, want string }{
			{"en", "!graph peertube cpu 24h", "📈 peertube · CPU · 24 h: now 100%, from 100% to 200%\n[peertube-cpu-24h.png]"},
			{"fr", "!courbe Nextcloud mémoire 7j", "📈 nextcloud · mémoire · 7 jours (mesuré depuis sam. 1er janv. 08:00)\nantigone : 512 MiB\nbalearica : 256 MiB\n[nextcloud-memoire-7d.png]"},
			{"fr", "!graphe antigone CPU 1an", "📈 antigone · CPU · 1 an (mesuré depuis sam. 1er janv. 08:00)\npeertube : 100 %, entre 100 % et 200 %\nweb-7 : 7 %\nweb-6 : 6 %\nweb-5 : 5 %\nweb-4 : 4 %\nweb-3 : 3 %\net 3 autres, plus basses\n[antigone-cpu-1y.png]"},
			{"en", "!graph", "Of what, and which metric?\nUsage: !graph HOST|THING METRIC [24h|7d|30d|1y]"},
			{"en", "!graph 24h cpu", "I measure nothing called 24h; there are: antigone, balearica, /srv, nextcloud, peertube, web-0, web-1, web-2, web-3, web-4, web-5, web-6, ….\nUsage: !graph HOST|THING METRIC [24h|7d|30d|1y]"},
			{"en", "!graph nextclud cpu", "Did you mean nextcloud? I measure nothing called nextclud; there are: antigone, balearica, /srv, nextcloud, peertube, web-0, web-1, web-2, web-3, web-4, web-5, web-6, ….\nUsage: !graph HOST|THING METRIC [24h|7d|30d|1y]"},
			{"fr", "!courbe nextcloud", "De nextcloud je garde : memory.\nUsage : !courbe SERVEUR|CHOSE MESURE [24h|7j|30j|1an]"},
			{"fr", "!courbe nextcloud memori", "Vouliez-vous dire memory ? De nextcloud je garde : memory.\nUsage : !courbe SERVEUR|CHOSE MESURE [24h|7j|30j|1an]"},
		} {
			if got := w.asks(tt.code, tt.body); got != tt.want {
				t.Errorf("%s:\n got %q\nwant %q", tt.body, got, tt.want)
			}
		}
		time.Sleep(25 * time.Hour)
		if got, want := w.asks("en", "!graph peertube cpu"), "📈 peertube · CPU · 24 h"; !strings.Contains(got, "nothing was measured in that time. I know of it since Sat 1 Jan 08:00.") || strings.HasPrefix(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheTimeOfACurveIsRead(t *testing.T) {
	now := time.Date(2026, 3, 30, 9, 0, 0, 0, time.UTC)
	for words, want := range map[string]string{
		"antigone cpu":                    "antigone/cpu since 2026-03-29 09:00",
		"antigone cpu 36h":                "antigone/cpu since 2026-03-28 21:00",
		"antigone 7d espace utilisé":      "antigone/espace utilisé since 2026-03-23 09:00",
		"antigone cpu 2w":                 "antigone/cpu since 2026-03-16 09:00",
		"antigone cpu 2s":                 "antigone/cpu since 2026-03-16 09:00",
		"antigone cpu 30J":                "antigone/cpu since 2026-02-28 09:00",
		"antigone cpu 2ans":               "antigone/cpu since 2024-03-30 09:00",
		"antigone cpu 9999y":              "antigone/cpu since 2016-03-22 09:00", // as long as anything is kept
		"antigone cpu 0h":                 "antigone/cpu 0h since 2026-03-29 09:00",
		"7d cpu":                          "7d/cpu since 2026-03-29 09:00",
		"antigone cpu 99999999999999999h": "antigone/cpu 99999999999999999h since 2026-03-29 09:00",
	} {
		w, ok := readGraph(strings.Fields(words))
		if got := w.place + "/" + w.metric + " since " + w.back(now).Format("2006-01-02 15:04"); !ok || got != want {
			t.Errorf("%s: %s, want %s", words, got, want)
		}
	}
}
