package hosts

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func names(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("c%d", i))
	}
	return list
}

func byName(samples []ContainerSample) map[string]ContainerSample {
	m := map[string]ContainerSample{}
	for _, s := range samples {
		m[s.Name] = s
	}
	return m
}

func TestAllContainersAreAskedAtOnce(t *testing.T) {
	f := newFakeEngine(t, names(30)...)
	var waiting sync.WaitGroup
	waiting.Add(30)
	f.stats = func(w http.ResponseWriter, _ *http.Request, name string) {
		waiting.Done()
		waiting.Wait() // nobody is answered before everybody has asked
		fmt.Fprint(w, statsJSON(name, 1000, 2000))
	}
	samples, err := f.host.Containers(t.Context())
	if err != nil || len(samples) != 30 {
		t.Fatalf("got %d containers, error %v; want 30", len(samples), err)
	}
	got := samples[7]
	if time.Since(got.At) > time.Minute {
		t.Errorf("read at %v, want about now", got.At)
	}
	got.At = time.Time{}
	want := ContainerSample{
		ID: "c7", Name: "c7", State: "running",
		Before: CPU{Used: 1000, System: 10000, Cores: 2}, Now: CPU{Used: 2000, System: 20000, Cores: 2},
		Memory: Memory{Usage: 3000, Limit: 8000, InactiveFile: 1000}, PIDs: PIDs{Current: 5, Limit: 100},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sample (-want +got):\n%s", diff)
	}
}

func TestMoreContainersThanAreAskedAtOnce(t *testing.T) {
	f := newFakeEngine(t, names(parallel*2+5)...)
	samples, err := f.host.Containers(t.Context())
	if err != nil || len(samples) != parallel*2+5 {
		t.Errorf("got %d containers, error %v; want %d", len(samples), err, parallel*2+5)
	}
}

func TestAContainerThatHangsComesBackWithItsError(t *testing.T) {
	t.Parallel() // the time is real, and what does not hang must be able to answer in it
	f := newFakeEngine(t, "good", "hangs", "hangs-midway")
	f.host.patience = 3 * time.Second
	f.stats = func(w http.ResponseWriter, r *http.Request, name string) {
		switch name {
		case "hangs-midway":
			fmt.Fprint(w, `{"read":"2026-11-21T02:14:08Z",`)
			w.(http.Flusher).Flush()
			fallthrough
		case "hangs":
			<-r.Context().Done()
		default:
			fmt.Fprint(w, statsJSON(name, 1000, 2000))
		}
	}
	samples, err := f.host.Containers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := byName(samples)
	if got["good"].Err != nil {
		t.Errorf("good: %v", got["good"].Err)
	}
	for _, name := range []string{"hangs", "hangs-midway"} {
		if s := got[name]; !errors.Is(s.Err, context.DeadlineExceeded) || s.ID != name || s.Memory.Usage != 0 {
			t.Errorf("%s: got %+v, want only its name and that time ran out", name, s)
		}
	}
}

func TestAnEngineThatListsIsThereEvenIfNoContainerAnswers(t *testing.T) {
	t.Parallel()
	f := newFakeEngine(t, "hangs")
	f.host.patience = 3 * time.Second
	f.stats = func(_ http.ResponseWriter, r *http.Request, _ string) { <-r.Context().Done() }
	samples, err := f.host.Containers(t.Context())
	if err != nil || len(samples) != 1 || !errors.Is(samples[0].Err, context.DeadlineExceeded) {
		t.Errorf("got %+v, %v; want the container with its error", samples, err)
	}
}

func TestContainersThatEndWhileTheyAreMeasured(t *testing.T) {
	f := newFakeEngine(t, "good", "stopped", "removed", "broken", "looping")
	f.states = map[string]string{"looping": "restarting"}
	f.stats = func(w http.ResponseWriter, _ *http.Request, name string) {
		switch name {
		case "removed":
			http.Error(w, `{"message":"No such container: removed"}`, http.StatusNotFound)
		case "broken":
			http.Error(w, `{"message":"cgroup deleted"}`, http.StatusInternalServerError)
		case "stopped", "looping":
			fmt.Fprint(w, `{"read":"0001-01-01T00:00:00Z","cpu_stats":{},"memory_stats":{}}`)
		default:
			fmt.Fprint(w, statsJSON(name, 1000, 2000))
		}
	}
	samples, err := f.host.Containers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := byName(samples)
	if _, ok := got["removed"]; ok || len(got) != 4 {
		t.Errorf("got %d containers, want all but the removed one", len(got))
	}
	if !errors.Is(got["stopped"].Err, ErrNotRunning) || !errors.Is(got["looping"].Err, ErrNotRunning) {
		t.Errorf("stopped: %v, looping: %v; want %v", got["stopped"].Err, got["looping"].Err, ErrNotRunning)
	}
	if got["looping"].State != "restarting" {
		t.Errorf("state is %q, want restarting", got["looping"].State)
	}
	if got["broken"].Err == nil || !strings.Contains(got["broken"].Err.Error(), "cgroup deleted") {
		t.Errorf("broken: %v, want what the engine answered", got["broken"].Err)
	}
}

func TestAnEngineThatIsAwayIsUnreachable(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(f *fakeEngine)
	}{
		{"nobody listens", func(f *fakeEngine) { f.server.Close() }},
		{"it answers with an error", func(f *fakeEngine) {
			f.list = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusServiceUnavailable) }
		}},
		{"it answers nonsense", func(f *fakeEngine) {
			f.list = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }
		}},
		{"it never answers", func(f *fakeEngine) {
			f.host.patience = 100 * time.Millisecond
			f.list = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		}},
		{"it goes away in the middle", func(f *fakeEngine) {
			f.server.Config.SetKeepAlivesEnabled(false)
			f.list = func(w http.ResponseWriter, _ *http.Request) {
				f.server.Listener.Close()
				f.writeList(w)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeEngine(t, "c0", "c1")
			tt.spoil(f)
			samples, err := f.host.Containers(t.Context())
			var away *UnreachableError
			if !errors.As(err, &away) || away.Host != "antigone" || samples != nil {
				t.Errorf("got %v and error %v, want an UnreachableError of antigone", samples, err)
			}
		})
	}
}

// TestAnAnswerWithoutEndIsReadWithinABound, although each is one that the bot would
// understand.
func TestAnAnswerWithoutEndIsReadWithinABound(t *testing.T) {
	f := newFakeEngine(t, "c0")
	pad := strings.Repeat(" ", largestAnswer)
	f.stats = func(w http.ResponseWriter, _ *http.Request, _ string) {
		fmt.Fprint(w, `{"Id":"c0","State":{"Status":"running"},"HostConfig":{},`+pad+`"RestartCount":0}`)
	}
	if all, err := f.host.Conditions(t.Context()); err != nil || len(all) != 1 || !strings.Contains(all[0].Problem, errTooMuch.Error()) {
		t.Errorf("of a container: %.200v, %v", all, err)
	}
	f.list = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"Id":"c0","Names":["/c0"],"State":"running"}`+pad+`]`)
	}
	list, err := f.host.Listed(t.Context())
	if _, away := errors.AsType[*UnreachableError](err); list != nil || !away || !errors.Is(err, errTooMuch) {
		t.Errorf("of the list: %v, %v", list, err)
	}
	if samples, err := f.host.Once(t.Context()); samples != nil || !errors.Is(err, errTooMuch) {
		t.Errorf("of the list of those that run: %v, %v", samples, err)
	}
}

func TestAnEngineWithoutContainersIsThere(t *testing.T) {
	samples, err := newFakeEngine(t).host.Containers(t.Context())
	if err != nil || len(samples) != 0 {
		t.Errorf("got %v, %v; want none", samples, err)
	}
}

func TestACallerWhoGivesUpSaysNothingAboutTheEngine(t *testing.T) {
	f := newFakeEngine(t, "c0", "c1")
	ctx, cancel := context.WithCancel(t.Context())
	f.stats = func(_ http.ResponseWriter, r *http.Request, _ string) {
		cancel()
		<-r.Context().Done()
	}
	_, err := f.host.Containers(ctx)
	var away *UnreachableError
	if !errors.Is(err, context.Canceled) || errors.As(err, &away) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if _, err := f.host.Containers(ctx); !errors.Is(err, context.Canceled) || errors.As(err, &away) {
		t.Errorf("before the list: got %v, want the cancellation", err)
	}
}

func TestAPingIsNotWaitedForForEver(t *testing.T) {
	socket := socketPath(t)
	listener, err := net.Listen("unix", socket) // which nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	h := newHost(t, Config{Name: "antigone", Docker: "unix://" + socket})
	h.patience = 50 * time.Millisecond
	var away *UnreachableError
	if err := h.Ping(t.Context()); !errors.As(err, &away) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want an UnreachableError", err)
	}
	h.patience = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Ping(ctx); !errors.Is(err, context.Canceled) || errors.As(err, &away) {
		t.Errorf("given up: got %v, want the cancellation", err)
	}
}

func TestTheAPIVersionIsAgreedOnAgainAfterAnUpgrade(t *testing.T) {
	f := newFakeEngine(t, "c0")
	if _, err := f.host.Containers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(f.asked("/v1.41/containers/c0/stats?stream=0")) != 1 {
		t.Errorf("asked %q, want version 1.41", f.requests)
	}
	f.mu.Lock()
	f.version, f.refuses = "1.49", "1.41"
	f.mu.Unlock()
	var away *UnreachableError
	if _, err := f.host.Containers(t.Context()); !errors.As(err, &away) {
		t.Errorf("the first request after the upgrade: got %v, want an UnreachableError", err)
	}
	if _, err := f.host.Containers(t.Context()); err != nil {
		t.Errorf("the second request after the upgrade: %v", err)
	}
	if len(f.asked("/v1.49/containers/c0/stats")) != 1 {
		t.Errorf("asked %q, want version 1.49 at last", f.requests)
	}
}

func TestSinceReadsOnceWhatItKnows(t *testing.T) {
	f := newFakeEngine(t, "known", "new", "restarted", "failed-before")
	f.stats = func(w http.ResponseWriter, r *http.Request, name string) {
		if r.URL.Query().Get("one-shot") != "" {
			fmt.Fprint(w, statsJSON(name, 0, 5000)) // as an engine: no earlier reading
			return
		}
		fmt.Fprint(w, statsJSON(name, 100, 200))
	}
	before := []ContainerSample{
		{ID: "known", Now: CPU{Used: 4000, System: 40000, Cores: 2}},
		{ID: "restarted", Now: CPU{Used: 9000, System: 40000, Cores: 2}},
		{ID: "failed-before", Err: ErrNotRunning},
		{ID: "removed", Now: CPU{Used: 1, System: 1}},
	}
	samples, err := f.host.Since(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	got := byName(samples)
	for name, want := range map[string][2]uint64{
		"known": {4000, 5000}, "new": {100, 200}, "restarted": {100, 200}, "failed-before": {100, 200},
	} {
		if got := [2]uint64{got[name].Before.Used, got[name].Now.Used}; got != want {
			t.Errorf("%s: read %d, want %d", name, got, want)
		}
	}
	if once := f.asked("one-shot=1"); len(once) != 2 || len(f.asked("/stats")) != 5 {
		t.Errorf("asked %q, want 2 readings once and 3 twice", f.asked("/stats"))
	}
}

func TestAHostWithoutAnEngine(t *testing.T) {
	h := newHost(t, Config{Name: "balearica"})
	if _, err := h.Containers(t.Context()); !errors.Is(err, ErrNoEngine) || h.HasEngine() {
		t.Errorf("got %v, want %v", err, ErrNoEngine)
	}
}

func TestTLSIsVerifiedBothWays(t *testing.T) {
	f := &fakeEngine{version: "1.41", names: []string{"c0"}}
	server := httptest.NewUnstartedServer(f)
	server.Config.ErrorLog = nil
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	ca := writePEM(t, dir, "ca.pem", "CERTIFICATE", server.Certificate().Raw)
	cert, key := selfSigned(t, dir)
	address := "tcp://" + server.Listener.Addr().String()

	good := newHost(t, Config{Name: "antigone", Docker: address, TLS: TLS{CA: ca, Cert: cert, Key: key}})
	if samples, err := good.Containers(t.Context()); err != nil || len(samples) != 1 {
		t.Errorf("with both certificates: got %v, %v", samples, err)
	}
	for name, files := range map[string]TLS{
		"without our certificate": {CA: ca},
		"with another authority":  {CA: cert, Cert: cert, Key: key},
	} {
		_, err := newHost(t, Config{Name: "antigone", Docker: address, TLS: files}).Containers(t.Context())
		if _, ok := errors.AsType[*UnreachableError](err); !ok {
			t.Errorf("%s: got %v, want an UnreachableError", name, err)
		}
	}
}

func writePEM(t *testing.T, dir, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func selfSigned(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, dir, "cert.pem", "CERTIFICATE", der), writePEM(t, dir, "key.pem", "EC PRIVATE KEY", keyDER)
}

func FuzzReadSample(f *testing.F) {
	f.Add([]byte(statsJSON("keycloak", 1000, 2000)))
	f.Add([]byte(`{"read":"0001-01-01T00:00:00Z","memory_stats":{}}`))
	f.Add([]byte(`{"read":"2026-11-21T02:14:08Z","memory_stats":{"stats":{"total_inactive_file":1}},"cpu_stats":{"cpu_usage":{"percpu_usage":[1,2]}}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		s, err := ReadSample(strings.NewReader(string(answer)))
		if err != nil && !cmp.Equal(s, ContainerSample{}) {
			t.Errorf("got %+v beside error %v", s, err)
		}
		if s.Now.Cores < 0 || s.Before.Cores < 0 {
			t.Errorf("fewer than no cores: %+v", s)
		}
	})
}
