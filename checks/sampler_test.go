package checks

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ronde/hosts"
)

// fakeEngine takes two seconds for two readings, as a real one does, and answers
// at once when it is given the earlier one.
type fakeEngine struct {
	mu      sync.Mutex
	away    bool
	asked   int
	paired  int // how many readings had an earlier one
	working int // requests in flight
	most    int // the largest number of these
}

func (f *fakeEngine) Name() string { return "antigone" }

func (f *fakeEngine) Ping(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return &hosts.UnreachableError{Host: "antigone", Err: errors.New("refused")}
	}
	return nil
}

// Conditions knows of one container that stopped with an error.
func (f *fakeEngine) Conditions(ctx context.Context) ([]hosts.Condition, error) {
	return []hosts.Condition{ended("mail", "always", 1)}, f.Ping(ctx)
}

func (f *fakeEngine) Since(ctx context.Context, before []hosts.ContainerSample) ([]hosts.ContainerSample, error) {
	f.begin(before != nil)
	defer f.end()
	if before == nil {
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return nil, &hosts.UnreachableError{Host: "antigone", Err: errors.New("refused")}
	}
	s := sample("keycloak", 1, 10, 100, 3)
	s.At = time.Now()
	return []hosts.ContainerSample{s}, nil
}

func (f *fakeEngine) begin(paired bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if paired {
		f.paired++
	}
	f.working++
	f.most = max(f.most, f.working)
}

func (f *fakeEngine) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.working--
}

func (f *fakeEngine) setAway(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = away
}

// count returns how often the engine was asked, how many of these readings had an
// earlier one, and how many went on at once.
func (f *fakeEngine) count() (asked, paired, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked, f.paired, f.most
}

// running plays a story about a sampler whose Run is on from the start. The bubble
// fails when a goroutine is left behind.
func running(t *testing.T, story func(t *testing.T, f *fakeEngine, s *Sampler)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f := &fakeEngine{}
		s := NewSampler(f, slog.New(slog.DiscardHandler))
		go s.Run(ctx)
		story(t, f, s)
	})
}

// ask returns a measurement and how long it took.
func ask(t *testing.T, s *Sampler) (Measurement, time.Duration, error) {
	t.Helper()
	start := time.Now()
	m, err := s.Stats(t.Context())
	return m, time.Since(start), err
}

func TestAWarmAnswerComesAtOnceAndKnowsItsAge(t *testing.T) {
	running(t, func(t *testing.T, f *fakeEngine, s *Sampler) {
		time.Sleep(12 * time.Second)
		m, took, err := ask(t, s)
		if err != nil || took != 0 || len(m.Containers) != 1 || m.Status != OK {
			t.Fatalf("got %+v after %s, error %v", m, took, err)
		}
		if age := m.Age(time.Now()); age != 10*time.Second {
			t.Errorf("the sample of second 2 is %s old in second 12", age)
		}
	})
}

func TestWhoAsksBeforeTheFirstSampleWaitsForIt(t *testing.T) {
	running(t, func(t *testing.T, f *fakeEngine, s *Sampler) {
		time.Sleep(500 * time.Millisecond)
		m, took, err := ask(t, s)
		if err != nil || took != 1500*time.Millisecond || m.Age(time.Now()) != 0 {
			t.Errorf("got an answer of age %s after %s, error %v", m.Age(time.Now()), took, err)
		}
		if asked, _, most := f.count(); asked != 1 || most != 1 {
			t.Errorf("asked the engine %d times, %d at once; want once", asked, most)
		}
	})
}

func TestWithoutRunEachAnswerIsMeasuredOrRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeEngine{}
		s := NewSampler(f, slog.New(slog.DiscardHandler))
		if _, took, err := ask(t, s); err != nil || took != 2*time.Second {
			t.Errorf("the first took %s, error %v; want 2 s", took, err)
		}
		time.Sleep(freshFor)
		if m, took, _ := ask(t, s); took != 0 || m.Age(time.Now()) != freshFor {
			t.Errorf("after a minute: age %s in %s, want the same sample", m.Age(time.Now()), took)
		}
		time.Sleep(time.Second)
		m, _, _ := ask(t, s)
		if asked, paired, _ := f.count(); m.Age(time.Now()) != 0 || asked != 2 || paired != 1 {
			t.Errorf("age %s, asked %d times, %d of them paired; want a second, paired one", m.Age(time.Now()), asked, paired)
		}
		time.Sleep(longestWindow + time.Second)
		_, took, _ := ask(t, s)
		if _, paired, _ := f.count(); took != 2*time.Second || paired != 1 {
			t.Errorf("after a long time: took %s, want two new readings", took)
		}
	})
}

func TestManyWhoAskAtOnceShareOneMeasurement(t *testing.T) {
	for _, away := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeEngine{away: away}
			s := NewSampler(f, slog.New(slog.DiscardHandler))
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if _, err := s.Stats(t.Context()); (err != nil) != away {
						t.Errorf("engine away: %t, error: %v", away, err)
					}
				})
			}
			all.Wait()
			if asked, _, _ := f.count(); asked != 1 {
				t.Errorf("engine away: %t; asked it %d times, want once", away, asked)
			}
		})
	}
}

func TestHowOftenTheEngineIsAsked(t *testing.T) {
	running(t, func(t *testing.T, f *fakeEngine, s *Sampler) {
		last := 0
		during := func(d time.Duration) int {
			time.Sleep(d)
			asked, _, _ := f.count()
			n := asked - last
			last = asked
			return n
		}
		if n := during(10*time.Minute + time.Second); n != 14 {
			t.Errorf("%d times in the first quiet ten minutes, want every 45 s", n)
		}
		if _, paired, _ := f.count(); paired != last-1 {
			t.Errorf("%d of %d readings had an earlier one, want all but the first", paired, last)
		}
		_, _, _ = ask(t, s)
		if n := during(time.Second); n != 1 {
			t.Errorf("%d times when somebody asks after a long silence, want one at once", n)
		}
		if n := during(2 * time.Minute); n != 12 {
			t.Errorf("%d times in the next two minutes, want every 10 s", n)
		}
		during(8 * time.Minute)
		if n := during(10 * time.Minute); n < 13 || n > 15 {
			t.Errorf("%d times in the ten minutes after, want every 45 s again", n)
		}
	})
}

func TestAnEngineThatWentAwayIsNeverShownAsItWas(t *testing.T) {
	running(t, func(t *testing.T, f *fakeEngine, s *Sampler) {
		time.Sleep(time.Minute)
		_, _, _ = ask(t, s)
		f.setAway(true)
		time.Sleep(attentivePause + 3*time.Second)
		m, _, err := ask(t, s)
		var away *hosts.UnreachableError
		if !errors.As(err, &away) || m.Status != Unknown || len(m.Containers) != 0 || m.Error == "" {
			t.Errorf("got %+v, error %v; want unknown, without containers", m, err)
		}
		f.setAway(false)
		if m, took, err := ask(t, s); err != nil || took != 2*time.Second || m.Age(time.Now()) != 0 {
			t.Errorf("back again: age %s after %s, error %v; want a new measurement", m.Age(time.Now()), took, err)
		}
	})
}

func TestAnEngineThatHasJustGoneIsNotShownFromAWarmSample(t *testing.T) {
	running(t, func(t *testing.T, f *fakeEngine, s *Sampler) {
		if _, _, err := ask(t, s); err != nil {
			t.Fatal(err)
		}
		f.setAway(true)
		m, _, err := ask(t, s)
		var away *hosts.UnreachableError
		if !errors.As(err, &away) || m.Status != Unknown {
			t.Errorf("Stats = %v, %v; want unknown and an UnreachableError", m.Status, err)
		}
	})
}

func TestWhoGivesUpDoesNotSpoilWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSampler(&fakeEngine{}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 2 { // one measures, one waits for it
			all.Go(func() {
				if m, err := s.Stats(ctx); !errors.Is(err, context.DeadlineExceeded) || m.Status != Unknown {
					t.Errorf("got %s, %v; want the deadline", m.Status, err)
				}
			})
		}
		all.Wait()
		if _, _, err := ask(t, s); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})
}

func TestANightWithoutEngineIsTwoLinesInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		f := &fakeEngine{away: true}
		s := NewSampler(f, slog.New(slog.NewTextHandler(&lines, nil)))
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Hour)
		defer cancel()
		time.AfterFunc(8*time.Hour, func() { f.setAway(false) })
		s.Run(ctx)
		if n := strings.Count(lines.String(), "\n"); n != 2 || strings.Count(lines.String(), "host=antigone") != 2 {
			t.Errorf("%d lines:\n%s", n, lines.String())
		}
	})
}

func TestSamplersAreFoundByHost(t *testing.T) {
	set, err := hosts.NewSet([]hosts.Config{
		{Name: "antigone", Docker: "unix:///nowhere/docker.sock"}, {Name: "balearica"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	all := NewSamplers(set, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { all.Run(ctx) })
	defer done.Wait()
	defer cancel()

	var away *hosts.UnreachableError
	if _, err := stats(t, all, "Antigone"); !errors.As(err, &away) {
		t.Errorf("antigone: %v, want that it is away", err)
	}
	if _, err := stats(t, all, "balearica"); !errors.Is(err, hosts.ErrNoEngine) {
		t.Errorf("balearica: %v, want that it has no engine", err)
	}
	var unknown *hosts.UnknownHostError
	if _, err := all.Find("sarus"); !errors.As(err, &unknown) || len(set.Names()) != 2 {
		t.Errorf("sarus: %v, want an UnknownHostError", err)
	}
}

func stats(t *testing.T, all *Samplers, host string) (Measurement, error) {
	t.Helper()
	s, err := all.Find(host)
	if err != nil {
		t.Fatal(err)
	}
	return s.Stats(t.Context())
}
