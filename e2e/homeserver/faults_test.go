package homeserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"maunium.net/go/mautrix"

	"ronde/e2e/homeserver"
)

// first does the fault to the first try of each sending, and nothing after.
func first(fault homeserver.Fault) func(homeserver.Request) homeserver.Fault {
	return func(r homeserver.Request) homeserver.Fault {
		if r.Kind == homeserver.Send && r.Try == 1 {
			return fault
		}
		return homeserver.Fault{}
	}
}

func TestEachFaultFailsOnceAndATryAgainMakesOneEvent(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  homeserver.Fault
		is     error // in process; nil: an answer came
		status int   // of that answer
		after  []string
	}{
		{"refused", homeserver.Fault{Drop: homeserver.DropConnection}, syscall.ECONNREFUSED, 0, nil},
		{"cut before", homeserver.Fault{Drop: homeserver.DropRequest}, syscall.ECONNRESET, 0, nil},
		{"cut after", homeserver.Fault{Drop: homeserver.DropAnswer}, syscall.ECONNRESET, 0, []string{"hello"}},
		{"half an answer", homeserver.Fault{Drop: homeserver.DropHalf}, io.ErrUnexpectedEOF, 0, []string{"hello"}},
		{"rate limited", homeserver.RateLimited(1500 * time.Millisecond), nil, 429, nil},
		{"server error", homeserver.Fault{Status: 502}, nil, 502, nil},
	} {
		for _, over := range []string{"in process", "over TCP"} {
			t.Run(test.name+" "+over, func(t *testing.T) {
				s, room := town(t, homeserver.Options{Faults: first(test.fault)})
				url, hc := homeserver.URL, s.Client()
				if over == "over TCP" {
					url, hc = listen(t, s), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
				}
				alice := clientAt(t, url, hc, "alice")
				_, err := say(t.Context(), alice, room, "txn", "hello")
				switch {
				case err == nil:
					t.Fatal("the first try succeeded")
				case test.is != nil && over == "in process" && !errors.Is(err, test.is):
					t.Errorf("the first try fails with %v, want %v", err, test.is)
				case test.status != 0:
					wantStatus(t, err, test.status)
				}
				wantBodies(t, s, room, test.after...)
				if _, err := say(t.Context(), alice, room, "txn", "hello"); err != nil {
					t.Errorf("the second try: %v", err)
				}
				wantBodies(t, s, room, "hello")
			})
		}
	}
}

func listen(t *testing.T, s *homeserver.Server) string {
	t.Helper()
	url, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return url
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	var he mautrix.HTTPError
	if !errors.As(err, &he) || he.RespError == nil || he.RespError.StatusCode != status {
		t.Fatalf("error is %v, want status %d", err, status)
	}
	if wait, _ := he.RespError.ExtraData["retry_after_ms"].(float64); status == 429 && wait != 1500 {
		t.Errorf("retry_after_ms is %v, want 1500", he.RespError.ExtraData)
	}
}

func TestAForgottenTransactionIsANewEvent(t *testing.T) {
	lost := homeserver.Fault{Drop: homeserver.DropAnswer, Forget: true}
	s, room := town(t, homeserver.Options{Faults: first(lost)})
	alice := client(t, s, "alice")
	if _, err := say(t.Context(), alice, room, "txn", "hello"); err == nil {
		t.Fatal("the first answer was not lost")
	}
	if _, err := say(t.Context(), alice, room, "txn", "hello"); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, s, room, "hello", "hello")
	s.Forget()
	if _, err := say(t.Context(), alice, room, "txn", "hello"); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, s, room, "hello", "hello", "hello")
}

func TestTransactionsAreRememberedForAsLongAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, room := town(t, homeserver.Options{Remember: 30 * time.Minute})
		alice := client(t, s, "alice")
		for _, wait := range []time.Duration{0, 29 * time.Minute, time.Minute} {
			time.Sleep(wait)
			if _, err := say(t.Context(), alice, room, "txn", "hello"); err != nil {
				t.Fatal(err)
			}
		}
		wantBodies(t, s, room, "hello", "hello")
	})
}

func TestAwayRefusesAndCutsLongPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, room := town(t, homeserver.Options{})
		alice := client(t, s, "alice")
		start, err := alice.SyncRequest(t.Context(), 0, "", "", false, "")
		if err != nil {
			t.Fatal(err)
		}
		cut := make(chan error)
		go func() {
			_, err := alice.SyncRequest(t.Context(), 30000, start.NextBatch, "", false, "")
			cut <- err
		}()
		synctest.Wait()
		s.GoAway()
		if err := <-cut; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the long poll ends with %v", err)
		}
		if _, err := say(t.Context(), alice, room, "txn", "hello"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("sending fails with %v", err)
		}
		wantBodies(t, s, room)
		if err := s.ComeBack(); err != nil {
			t.Fatal(err)
		}
		if _, err := say(t.Context(), alice, room, "txn", "hello"); err != nil {
			t.Error(err)
		}
	})
}

func TestAwayOverTCPComesBackOnTheSameAddress(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // an old connection would say EOF first
	alice := clientAt(t, listen(t, s), fresh, "alice")
	s.GoAway()
	if _, err := say(t.Context(), alice, room, "1", "hello"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("sending fails with %v", err)
	}
	if err := s.ComeBack(); err != nil {
		t.Fatal(err)
	}
	if _, err := say(t.Context(), alice, room, "2", "hello"); err != nil {
		t.Error(err)
	}
	wantBodies(t, s, room, "hello")
}

func TestADelayTakesItsTimeAndAClientMayGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, room := town(t, homeserver.Options{Faults: first(homeserver.Fault{Delay: time.Minute})})
		alice := client(t, s, "alice")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := say(ctx, alice, room, "1", "given up"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("giving up: %v", err)
		}
		begun := time.Now()
		if _, err := say(t.Context(), alice, room, "2", "late"); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("%v after %s, want one minute", err, time.Since(begun))
		}
		wantBodies(t, s, room, "late")
	})
}

func TestTheHookMayHoldARequestBeforeAndAfterItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := make(chan bool), make(chan bool)
		s, room := town(t, homeserver.Options{Faults: func(r homeserver.Request) homeserver.Fault {
			if r.Kind != homeserver.Send {
				return homeserver.Fault{}
			}
			<-before
			return homeserver.Fault{After: func() { <-after }}
		}})
		alice := client(t, s, "alice")
		done := make(chan error, 1)
		go func() {
			_, err := say(t.Context(), alice, room, "txn", "hello")
			done <- err
		}()
		synctest.Wait()
		wantBodies(t, s, room)
		before <- true
		synctest.Wait()
		wantBodies(t, s, room, "hello")
		if len(done) != 0 {
			t.Error("the answer was not held")
		}
		after <- true
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestTheLogSaysWhatWasAskedAndWhatWentWrong(t *testing.T) {
	s, room := town(t, homeserver.Options{Faults: first(homeserver.Fault{Drop: homeserver.DropAnswer}), KeepRequests: 2})
	alice := client(t, s, "alice")
	_, _ = say(t.Context(), alice, room, "txn", "hello")
	_, _ = say(t.Context(), alice, room, "txn", "hello")
	type line struct {
		N, Nth, Try int
		Kind        homeserver.Kind
		User, Room  string
		Type, Txn   string
		Status      int
		Drop        homeserver.Drop
	}
	var got []line
	for _, r := range s.Requests() {
		got = append(got, line{r.N, r.Nth, r.Try, r.Kind, r.User, r.Room, r.Type, r.Txn, r.Status, r.Fault.Drop})
	}
	want := []line{
		{2, 1, 1, homeserver.Send, "@alice:ronde.test", room.String(), "m.room.message", "txn", 0, homeserver.DropAnswer},
		{3, 2, 2, homeserver.Send, "@alice:ronde.test", room.String(), "m.room.message", "txn", 200, homeserver.DropNothing},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

func TestASeedDecidesTheSameFaultForTheSameRequest(t *testing.T) {
	odds := homeserver.Odds{
		Refuse: 0.05, CutBefore: 0.1, CutAfter: 0.1, Half: 0.05, RateLimit: 0.1, ServerError: 0.1,
		Late: 0.1, Forget: 0.1, Repeat: 0.1, Limited: 0.1,
	}
	draw := func(seed uint64, backwards bool) map[int]homeserver.Fault {
		faults, hook := map[int]homeserver.Fault{}, homeserver.Seeded(seed, odds)
		for i := range 500 {
			if backwards {
				i = 499 - i
			}
			faults[i] = hook(homeserver.Request{Kind: homeserver.Sync, Nth: i})
		}
		return faults
	}
	same := func(a, b map[int]homeserver.Fault) bool { return cmp.Equal(a, b) }
	if !same(draw(1, false), draw(1, true)) {
		t.Error("the order of the requests matters")
	}
	if same(draw(1, false), draw(2, false)) {
		t.Error("the seed does not matter")
	}
	calm := 0
	for _, fault := range draw(1, false) {
		if cmp.Equal(fault, homeserver.Fault{}) {
			calm++
		}
	}
	if calm < 25 || calm > 100 {
		t.Errorf("%d of 500 requests have no fault, want about 50", calm)
	}
}
