package checks

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
	"ronde/text"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/name; go test -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

var languages = sync.OnceValue(func() map[string]*text.Language {
	fr, errFR := text.In("fr")
	en, errEN := text.In("en")
	if err := errors.Join(errFR, errEN); err != nil {
		panic(err)
	}
	return map[string]*text.Language{"fr": fr, "en": en}
})

func speak(code string) *text.Language { return languages()[code] }

// crowd is n calm containers.
func crowd(n int) (samples []hosts.ContainerSample) {
	for i := range n {
		samples = append(samples, sample(fmt.Sprintf("calme-%02d", i), float64(i%50)/100, 75, 2048, 7))
	}
	return samples
}

// rooms are the measurements whose messages are kept in testdata.
func rooms() map[string]Measurement {
	silent := hosts.ContainerSample{Name: "gitea", State: "running", Err: errors.New("time is up")}
	looping := hosts.ContainerSample{Name: "nitter", State: "restarting", Err: hosts.ErrNotRunning}
	busy := []hosts.ContainerSample{
		sample("nextcloud-app-1", 112.4, 469, 800, 45), sample("nextcloud-db-1", 12.3, 1946, 4096, 112),
		sample("keycloak", 0.64, 752, 800, 45), sample("<script>", 3, 800, 1000, 950),
	}
	var many []hosts.ContainerSample
	for i := range 14 {
		many = append(many, sample(fmt.Sprintf("actif-%02d", i), float64(100-i), 500, 512, 3))
	}
	return map[string]Measurement{
		"calm":  NewMeasurement("antigone", crowd(38), now),
		"few":   NewMeasurement("antigone", crowd(2), now),
		"none":  NewMeasurement("antigone", nil, now),
		"busy":  NewMeasurement("antigone", append(crowd(34), busy[:2]...), now),
		"look":  NewMeasurement("antigone", append(append(crowd(32), busy...), silent, looping), now),
		"storm": NewMeasurement("antigone", append(crowd(1), many...), now),
	}
}

func TestStatsOnAPhone(t *testing.T) {
	for name, m := range rooms() {
		for _, code := range []string{"fr", "en"} {
			t.Run(name+"."+code, func(t *testing.T) {
				var short, all text.Message
				WriteStats(&short, speak(code), m, now.Add(8*time.Second))
				WriteStatsAll(&all, speak(code), m, now.Add(8*time.Second))
				golden(t, "phone-"+name+"."+code+".txt", fmt.Sprintf("%s\n\n--- html\n%s\n\n--- all\n%s\n", short.Plain(), short.HTML(), all.Plain()))
				checkPhone(t, m)
			})
		}
	}
}

func TestTheHeadlineIsAPushNotification(t *testing.T) {
	for name, m := range rooms() {
		for _, code := range []string{"fr", "en"} {
			var msg text.Message
			WriteStats(&msg, speak(code), m, now.Add(59*time.Second))
			head, _, _ := strings.Cut(msg.Plain(), "\n")
			if n := utf8.RuneCountInString(head); n > 80 {
				t.Errorf("%s in %s: %d characters: %s", name, code, n, head)
			}
		}
	}
}

func TestAMeasurementOfThisInstantHasNoAge(t *testing.T) {
	for _, ago := range []time.Duration{-time.Minute, 0, 900 * time.Millisecond} {
		var msg text.Message
		WriteStats(&msg, speak("fr"), NewMeasurement("antigone", crowd(3), now), now.Add(ago))
		if head, _, _ := strings.Cut(msg.Plain(), "\n"); !strings.HasSuffix(head, "mesuré à l’instant") {
			t.Errorf("after %s: %s", ago, head)
		}
	}
}

func TestEveryContainerIsShownOrCounted(t *testing.T) {
	for n := range 30 {
		for busy := range 15 {
			samples := crowd(n)
			for i := range busy {
				samples = append(samples, sample(fmt.Sprintf("actif-%02d", i), 50, 10, 100, 3))
			}
			var msg text.Message
			WriteStats(&msg, speak("en"), NewMeasurement("antigone", samples, now), now)
			rows := strings.Count(msg.Plain(), "/2.0G") + strings.Count(msg.Plain(), "/100M")
			folded := 0
			for _, m := range regexp.MustCompile(`\+ (\d+) `).FindAllStringSubmatch(msg.Plain(), -1) {
				var count int
				if _, err := fmt.Sscan(m[1], &count); err != nil {
					t.Fatal(err)
				}
				folded += count
			}
			if rows+folded != n+busy {
				t.Fatalf("%d calm and %d busy: %d rows and %d folded in\n%s", n, busy, rows, folded, msg.Plain())
			}
		}
	}
}

var block = regexp.MustCompile(`(?s)<pre><code>(.*?)</code></pre>`)

// checkPhone checks that blocks have at most ten lines of at most 36 columns.
func checkPhone(t *testing.T, m Measurement) {
	t.Helper()
	for _, code := range []string{"fr", "en"} {
		var msg text.Message
		WriteStats(&msg, speak(code), m, now)
		WriteStatsAll(&msg, speak(code), m, now)
		for _, found := range block.FindAllStringSubmatch(msg.HTML(), -1) {
			lines := strings.Split(found[1], "\n")
			if len(lines) > 10 {
				t.Errorf("%d lines in a block", len(lines))
			}
			for _, line := range lines {
				line = regexp.MustCompile(`&[#\w]+;`).ReplaceAllString(line, "x")
				if n := utf8.RuneCountInString(line); n > 36 {
					t.Errorf("%d columns: %q", n, line)
				}
			}
		}
	}
}

func TestNamesAreCutInTheirMiddle(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"keycloak", "keycloak"}, {"exactly-12-c", "exactly-12-c"},
		{"nextcloud-redis-1", "nextcl…dis-1"}, {"éééééééééééééé", "éééééé…ééééé"},
	} {
		if got := middle(tt.name, 12); got != tt.want {
			t.Errorf("middle(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSizesFitInFourColumns(t *testing.T) {
	l := speak("en")
	for size, want := range map[float64]string{
		0: "0", 999: "999", 1000: "1.0K", 10 << 10: "10K", 469.3 * (1 << 20): "469M", 999.4 * (1 << 20): "999M",
		999.6 * (1 << 20): "1.0G", 1.95 * (1 << 30): "1.9G", 9.96 * (1 << 30): "10G", 1 << 40: "1.0T", math64: "16E",
	} {
		if got := short(l, size); got != want {
			t.Errorf("short(%v) = %q, want %q", size, got, want)
		}
	}
}

const math64 = 1<<64 - 1

func TestErrorsForThePersonWhoAsked(t *testing.T) {
	tests := []struct {
		err    error
		fr, en string
	}{
		{
			fmt.Errorf("find: %w", &hosts.UnknownHostError{Name: "antigon\n@room", Known: []string{"antigone", "balearica"}}),
			"Je ne connais pas de serveur «\u00a0antigon @room\u00a0». Je connais\u00a0: antigone, balearica.",
			"I don’t know a host called “antigon @room”. I know: antigone, balearica.",
		},
		{
			&hosts.UnreachableError{Host: "antigone", Err: errors.New("dial 192.0.2.1: refused")},
			"❔ antigone\u00a0: moteur Docker injoignable, rien n’a pu être mesuré.",
			"❔ antigone: Docker engine out of reach, nothing could be measured.",
		},
		{
			fmt.Errorf("list: %w", hosts.ErrNoEngine),
			"Aucun moteur Docker n’est configuré pour ce serveur.",
			"No Docker engine is configured for this host.",
		},
		{errors.New("password hunter2"), "", ""},
	}
	for _, tt := range tests {
		for code, want := range map[string]string{"fr": tt.fr, "en": tt.en} {
			var m text.Message
			if said := WriteStatsError(&m, speak(code), tt.err); m.Plain() != want || said != (want != "") {
				t.Errorf("%v in %s: got %q, want %q", tt.err, code, m.Plain(), want)
			}
		}
	}
}
