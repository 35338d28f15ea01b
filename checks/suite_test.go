package checks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ronde/hosts"
)

// simple is a report that is a result alone.
type simple struct{ Result }

func (simple) Print(io.Writer) error { return nil }

// suite makes a suite over two hosts, with more kinds of check.
func suite(t *testing.T, log io.Writer, kinds ...Kind) *Suite {
	t.Helper()
	set, err := hosts.NewSet([]hosts.Config{{Name: "antigone"}, {Name: "balearica"}})
	if err != nil {
		t.Fatal(err)
	}
	s := NewSuite(Sources{Hosts: set}, slog.New(slog.NewTextHandler(log, nil)))
	s.kinds = append(s.kinds, kinds...)
	return s
}

// does is a kind of check that runs f.
func does(name string, f func(ctx context.Context, host string) error) Kind {
	return Kind{Name: name, Measure: func(ctx context.Context, a Asked) (Report, error) {
		h := a.Host
		if err := f(ctx, h.Name()); err != nil {
			return simple{}, err
		}
		return simple{Result{Check: name, Host: h.Name(), Status: OK, At: time.Now(), Findings: []Finding{}}}, nil
	}}
}

func fine(context.Context, string) error { return nil }

// verdicts writes outcomes as "status fault" in their order.
func verdicts(all []Outcome) string {
	var words []string
	for _, o := range all {
		word := o.Status.String()
		if len(o.Findings) > 0 {
			word += " " + string(o.Findings[0].Fault)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func TestEveryCheckHasAnOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := suite(t, io.Discard, does("fine", fine),
			does("broken", func(context.Context, string) error { return errors.New("hunter2") }),
			does("panics", func(context.Context, string) error { panic("hunter2") }),
			does("slow", func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }),
			Kind{Name: "nil", Measure: func(context.Context, Asked) (Report, error) { return nil, nil }})
		refs := []string{"fine antigone", "broken antigone", "panics antigone", "slow antigone", "nil antigone", "containers balearica",
			"fine antigon", "dance antigone", "oauth intra", "", "fine", " fine  balearica "}
		start := time.Now()
		all := s.Run(t.Context(), refs, speak("fr"))
		want := "ok, unknown unmeasured, unknown unmeasured, unknown late, unknown unmeasured, unknown no-engine, " +
			"unknown no-such, unknown no-such, unknown no-such, unknown no-such, unknown no-such, ok"
		if got := verdicts(all); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for i, o := range all {
			if o.Ref != refs[i] || o.Findings == nil {
				t.Errorf("outcome %d is %+v, want that of %q", i, o, refs[i])
			}
		}
		if took := time.Since(start); took != checkTimeout {
			t.Errorf("it took %s", took)
		}
	})
}

func TestFourChecksAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		var kinds []Kind
		var refs []string
		for i := range 10 {
			name := fmt.Sprint("kind", i)
			kinds = append(kinds, does(name, func(context.Context, string) error {
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Second)
				running.Add(-1)
				return nil
			}))
			refs = append(refs, name+" antigone")
		}
		start := time.Now()
		all := suite(t, io.Discard, kinds...).Run(t.Context(), refs, speak("fr"))
		if took := time.Since(start); took != 3*time.Second || most.Load() != atOnce || strings.Count(verdicts(all), "ok") != 10 {
			t.Errorf("%d at once in %s: %s", most.Load(), took, verdicts(all))
		}
	})
}

// TestHostsDoNotWaitForEachOther: up to as many checks as the bot has room for.
func TestHostsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var configs []hosts.Config
		var refs []string
		for i := range 2 * inAll {
			name := fmt.Sprint("host", i)
			configs, refs = append(configs, hosts.Config{Name: name}), append(refs, "slow "+name)
		}
		set, err := hosts.NewSet(configs)
		if err != nil {
			t.Fatal(err)
		}
		s := NewSuite(Sources{Hosts: set, Checks: []Config{{Kind: "slow", Name: "other", Host: "HOST0"}}}, slog.New(slog.DiscardHandler))
		s.kinds = append(s.kinds, does("slow", func(context.Context, string) error { time.Sleep(time.Second); return nil }))
		start := time.Now()
		if all := s.Run(t.Context(), refs, speak("fr")); time.Since(start) != 2*time.Second || strings.Count(verdicts(all), "ok") != len(refs) {
			t.Errorf("it took %s: %s", time.Since(start), verdicts(all))
		}
		if s.place("slow", "Other") != s.place("slow", "host0") || s.place("slow", "host1") == s.place("slow", "host0") {
			t.Error("a check does not count for its host")
		}
	})
}

func TestWhatIsNamedTwiceIsMadeOnce(t *testing.T) {
	var made atomic.Int32
	s := suite(t, io.Discard, does("count", func(context.Context, string) error { made.Add(1); return nil }))
	all := s.Run(t.Context(), []string{"count antigone", "count  Antigone", "count balearica", "count antigone"}, speak("fr"))
	if made.Load() != 2 || len(all) != 4 || all[1].Ref != "count  Antigone" || all[3].Status != OK {
		t.Errorf("made %d times: %+v", made.Load(), all)
	}
}

// What does not heed its context is given up, and not made a second time while it
// goes on: a folder that hangs must not pile up what waits for it.
func TestAHangingCheckHangsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int32
		release := make(chan struct{})
		s := suite(t, io.Discard, does("fine", fine), does("hang", func(context.Context, string) error { made.Add(1); <-release; return nil }))
		for range 9 {
			if got := verdicts(s.Run(t.Context(), []string{"hang antigone", "fine antigone"}, speak("fr"))); got != "unknown late, ok" {
				t.Fatal(got)
			}
		}
		if made.Load() != 1 {
			t.Errorf("it hangs %d times", made.Load())
		}
		close(release)
		synctest.Wait()
		if got := verdicts(s.Run(t.Context(), []string{"hang antigone"}, speak("fr"))); got != "ok" {
			t.Errorf("after it ended: %s", got)
		}
	})
}

func TestWhoGivesUpGetsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := suite(t, io.Discard, does("slow", func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got := verdicts(s.Run(ctx, []string{"slow antigone", "slow balearica"}, speak("fr"))); got != "unknown late, unknown late" {
			t.Error(got)
		}
	})
}

func TestANightOfFailuresIsOneLine(t *testing.T) {
	var log strings.Builder
	var fault error
	s := suite(t, &log, does("dance", func(context.Context, string) error { return fault }))
	for _, fault = range []error{nil, errors.New("refused"), errors.New("refused"), nil, nil} {
		s.Run(t.Context(), []string{"dance antigone"}, speak("fr"))
	}
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "err=refused") {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
}

func TestStatsComesFromTheWarmSample(t *testing.T) {
	set, err := hosts.NewSet([]hosts.Config{{Name: "antigone"}})
	if err != nil {
		t.Fatal(err)
	}
	samplers := NewSamplers(set, slog.New(slog.DiscardHandler))
	warm := NewMeasurement("antigone", crowd(29), time.Now())
	warm.At = time.Now()
	engine := &fakeEngine{}
	sampler := NewSampler(engine, slog.New(slog.DiscardHandler))
	sampler.remember(nil, warm, nil)
	samplers.of[set.All()[0]] = sampler
	o := NewSuite(Sources{Hosts: set, Samplers: samplers}, slog.New(slog.DiscardHandler)).Run(t.Context(), []string{"containers antigone"}, speak("fr"))[0]
	if o.Count != 29 || !o.At.Equal(warm.At) || !strings.HasPrefix(o.Detail, "conteneur ") {
		t.Errorf("%+v", o)
	}
	if verdicts([]Outcome{o}) != "critical exited" || o.Findings[0].Thing != "mail" {
		t.Errorf("beside the sample it finds %v", o.Findings)
	}
	checkDetail(t, o.Detail)
}

func TestFactsOfAReboot(t *testing.T) {
	h := here(t, map[string]string{"reboot-required": "", "reboot-required.pkgs": "linux-image-6.1.0-28-amd64\nlibc6\n"})
	s := suite(t, io.Discard, Kind{Name: "here", Measure: func(ctx context.Context, _ Asked) (Report, error) { return measureReboot(ctx, Asked{Host: h}) }})
	all := s.Run(t.Context(), []string{"here antigone", "reboot balearica"}, speak("fr"))
	if all[0].Holds == nil || !*all[0].Holds || all[0].Detail != "linux-image-6.1.0-28-amd64\nlibc6" {
		t.Errorf("%+v", all[0])
	}
	if all[1].Holds != nil || all[1].Findings[0].Fault != FaultNotLocal {
		t.Errorf("%+v", all[1])
	}
}

// intra is a provider without TLS that counts its requests, with a suite that asks it.
func intra(t *testing.T) (s *Suite, requests *atomic.Int32, answer *atomic.Value, secretFile string) {
	t.Helper()
	requests, answer = &atomic.Int32{}, &atomic.Value{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answer.Load().(http.HandlerFunc)(w, r)
	}))
	t.Cleanup(server.Close)
	secretFile = filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte(secretWord+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := hosts.NewSet(nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []OAuthConfig{{Name: "intra", TokenURL: server.URL, ClientID: "u", SecretFile: secretFile, ApplicationURL: "https://profile.example.org/1"}}
	return NewSuite(Sources{Hosts: set, Secrets: secrets}, slog.New(slog.DiscardHandler)), requests, answer, secretFile
}

func TestAProviderIsAskedOnceAnHour(t *testing.T) {
	s, requests, answer, secretFile := intra(t)
	ask := func() Outcome { return s.Run(t.Context(), []string{"oauth intra"}, speak("fr"))[0] }
	answer.Store(says(503, ""))
	if o := ask(); o.Status != Unknown || o.Until != nil {
		t.Errorf("an outage: %+v", o)
	}
	answer.Store(says(200, validFor(24*time.Hour)))
	first := ask()
	if first.Status != Warning || first.Until == nil || first.Page == "" || requests.Load() != 2 {
		t.Errorf("after the outage: %+v, %d requests", first, requests.Load())
	}
	if again := ask(); !again.At.Equal(first.At) || requests.Load() != 2 {
		t.Errorf("within the hour: %+v, %d requests", again, requests.Load())
	}
	answer.Store(says(200, validFor(99*24*time.Hour)))
	if err := os.WriteFile(secretFile, []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if renewed := ask(); renewed.Status != OK || requests.Load() != 3 {
		t.Errorf("with a new secret: %+v, %d requests", renewed, requests.Load())
	}
	kept := s.secrets[0].last.(SecretReport)
	kept.At = kept.At.Add(-keepSecret)
	s.secrets[0].last = kept
	if ask(); requests.Load() != 4 {
		t.Errorf("after an hour: %d requests", requests.Load())
	}
}

func TestManyWhoAskAreOneRequest(t *testing.T) {
	s, requests, answer, _ := intra(t)
	answer.Store(says(401, `{"error":"invalid_client"}`))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if o := s.Run(t.Context(), []string{"oauth intra"}, speak("fr"))[0]; o.Status != Critical {
				t.Errorf("%+v", o)
			}
		})
	}
	all.Wait()
	if requests.Load() != 1 {
		t.Errorf("%d requests", requests.Load())
	}
}

// TestWhateverIsMeasuredIsKeptOnce: whoever asks, also by a name written otherwise. What
// another question measured is not kept again, and what cannot be kept is said.
func TestWhateverIsMeasuredIsKeptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := suite(t, io.Discard, does("fine", fine))
		kept, broken := 0, error(nil)
		s.keep = func(_ context.Context, all []Outcome) error {
			kept += len(all)
			return broken
		}
		s.Run(t.Context(), []string{"fine antigone", "Fine  antigone", "fine balearica"}, speak("fr"))
		s.Recent(t.Context(), []string{"fine antigone", "fine balearica"}, time.Minute, speak("fr"))
		if kept != 2 {
			t.Errorf("kept %d outcomes of 2", kept)
		}
		broken = errors.New("the disk is full")
		if got := verdicts(s.Run(t.Context(), []string{"fine antigone"}, speak("fr"))); got != "ok" {
			t.Errorf("said %q", got)
		}
	})
}
