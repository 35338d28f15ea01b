package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
)

// dockerd is an engine on a socket, with two containers whose counters grow with each
// reading.
type dockerd struct {
	mu      sync.Mutex
	refuses string            // what of the engine a proxy keeps to itself: "/json"
	reads   map[string]uint64 // by container
	asked   []string          // paths and queries
	socket  string
	server  *http.Server
}

func newDockerd(t *testing.T) *dockerd {
	t.Helper()
	dir, err := os.MkdirTemp("", "rd")
	if err != nil {
		t.Fatal(err)
	}
	d := &dockerd{reads: map[string]uint64{"web": 0, "db": 0}, socket: filepath.Join(dir, "s")}
	listener, err := net.Listen("unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	d.server = &http.Server{Handler: d}
	go func() { _ = d.server.Serve(listener) }()
	t.Cleanup(func() { _ = d.server.Close(); _ = os.RemoveAll(dir) })
	return d
}

func (d *dockerd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, r.URL.RequestURI())
	name := strings.Split(r.URL.Path+"///", "/")[3]
	switch path := r.URL.Path; {
	case path == "/_ping":
		w.Header().Set("Api-Version", "1.41")
	case path == "/v1.41/containers/json":
		fmt.Fprint(w, `[{"Id":"web","Names":["/web"],"State":"running"},{"Id":"db","Names":["/db"],"State":"running"}]`)
	case d.refuses != "" && strings.HasSuffix(path, d.refuses):
		http.Error(w, `{"message":"the proxy says no"}`, http.StatusForbidden)
	case strings.HasSuffix(path, "/json"):
		fmt.Fprintf(w, `{"Id":%q,"Name":"/%s","RestartCount":2,"HostConfig":{"RestartPolicy":{"Name":"always"}},"Config":{"Env":["PASSWORD=hunter2"]},
			"State":{"Status":"running","ExitCode":0,"OOMKilled":true,"Health":{"Status":"unhealthy"}}}`, name, name)
	case strings.HasSuffix(path, "/logs"):
		fmt.Fprint(w, "2026-11-21T02:14:08Z out of cheese\n")
	default:
		d.reads[name]++
		n := d.reads[name]
		fmt.Fprintf(w, `{"id":%q,"read":"2026-11-21T02:14:08Z","cpu_stats":{"cpu_usage":{"total_usage":%d},"system_cpu_usage":%d,"online_cpus":2},
			"precpu_stats":{"cpu_usage":{"total_usage":1},"system_cpu_usage":1},"memory_stats":{"usage":300,"limit":800},"pids_stats":{"current":5}}`, name, n*100, n*1000)
	}
}

// readings returns how often containers were read so far, once or twice.
func (d *dockerd) readings() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, path := range d.asked {
		if strings.Contains(path, "/stats") {
			n++
		}
	}
	return n
}

// both returns the engine of a host asked from here, and asked through its probe.
func (d *dockerd) both(t *testing.T, c Config) (near, far Engine) {
	t.Helper()
	h, err := hosts.New(hosts.Config{Name: "antigone", Docker: "unix://" + d.socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	bare, err := hosts.New(hosts.Config{Name: "antigone"})
	if err != nil {
		t.Fatal(err)
	}
	m := &Machine{Host: h, Config: c}
	return Engine{Host: h}, Engine{Host: bare, exec: func(ctx context.Context, line string) ([]byte, error) {
		return m.Serve(ctx, line, "1.0"), nil
	}}
}

// TestAnEngineSaysTheSameThroughTheProbe: figures, conditions, list and log.
func TestAnEngineSaysTheSameThroughTheProbe(t *testing.T) {
	d := newDockerd(t)
	near, far := d.both(t, Config{ContainerLogs: true})
	ask := func(e Engine) (said map[string]any) {
		t.Helper()
		samples, err := e.Since(t.Context(), nil)
		list, err2 := e.Listed(t.Context())
		states, err3 := e.Conditions(t.Context())
		log, err4 := e.Tail(t.Context(), "web")
		if err := errors.Join(err, err2, err3, err4, e.Ping(t.Context())); err != nil {
			t.Fatal(err)
		}
		for i := range samples {
			samples[i].At, samples[i].Now, samples[i].Before = time.Time{}, hosts.CPU{}, hosts.CPU{}
		}
		return map[string]any{"samples": samples, "list": list, "states": states, "log": log}
	}
	here := ask(near)
	if diff := cmp.Diff(here, ask(far)); diff != "" {
		t.Errorf("here (-) and through the probe (+):\n%s", diff)
	}
	want := hosts.Condition{
		Container: hosts.Container{ID: "web", Name: "web", State: "running"}, Restarts: 2, Health: "unhealthy", OOMKilled: true, Policy: "always",
	}
	if got := here["states"].([]hosts.Condition)[0]; got != want {
		t.Errorf("web is %+v, want %+v", got, want)
	}
}

// TestAnEarlierReadingSavesOneThroughTheProbe: unless a container is new or began anew.
func TestAnEarlierReadingSavesOneThroughTheProbe(t *testing.T) {
	d := newDockerd(t)
	_, far := d.both(t, Config{})
	first, err := far.Since(t.Context(), nil)
	if err != nil || len(first) != 2 {
		t.Fatalf("%v, %v", first, err)
	}
	reads := d.readings()
	second, err := far.Since(t.Context(), first)
	if err != nil || d.readings() != reads+2 || second[0].Before != first[0].Now || !second[0].Now.Follows(first[0].Now) {
		t.Errorf("after %d readings %d, %v: %+v", reads, d.readings(), err, second)
	}
	reads = d.readings()
	if third, err := far.Since(t.Context(), second[:1]); err != nil || d.readings() != reads+4 || third[1].Before == (hosts.CPU{}) {
		t.Errorf("with a new container: %d readings, %v: %+v", d.readings()-reads, err, third)
	}
	first[0].Now.Used = 1 << 60
	if again, err := far.Since(t.Context(), first); err != nil || again[0].Before.Used > again[0].Now.Used {
		t.Errorf("after a restart: %+v, %v", again, err)
	}
}

// TestWhyAContainerHasNoFiguresCrossesTheNetwork: as what it was.
func TestWhyAContainerHasNoFiguresCrossesTheNetwork(t *testing.T) {
	for _, err := range []error{nil, hosts.ErrNotRunning, context.DeadlineExceeded, errors.New("the proxy says no")} {
		raw, failure := json.Marshal(Sample{ContainerSample: hosts.ContainerSample{ID: "web", Err: err}, Fault: faultOf(err)})
		var back Sample
		if failure = errors.Join(failure, json.Unmarshal(raw, &back)); failure != nil {
			t.Fatal(failure)
		}
		if got := back.sample().Err; !errors.Is(got, err) && fmt.Sprint(got) != fmt.Sprint(err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// TestWhatAProxyKeepsToItselfIsAProblemOfThatPart: the list still says who is there.
func TestWhatAProxyKeepsToItselfIsAProblemOfThatPart(t *testing.T) {
	d := newDockerd(t)
	near, far := d.both(t, Config{})
	d.refuses = "/json"
	for _, e := range []Engine{near, far} {
		all, err := e.Conditions(t.Context())
		if err != nil || len(all) != 2 || all[0].Name != "web" || !strings.Contains(all[0].Problem, "the proxy says no") {
			t.Errorf("got %+v, %v", all, err)
		}
	}
}

func TestAnEngineThatIsAwayIsSoThroughTheProbe(t *testing.T) {
	d := newDockerd(t)
	_, far := d.both(t, Config{})
	if _, err := far.Tail(t.Context(), "web"); err == nil || !strings.Contains(err.Error(), "container_logs") {
		t.Errorf("a log that the machine does not let be read: %v", err)
	}
	_ = d.server.Close()
	var away *hosts.UnreachableError
	if _, err := far.Since(t.Context(), nil); !errors.As(err, &away) || away.Host != "antigone" {
		t.Errorf("got %v", err)
	}
	none, err := hosts.New(hosts.Config{Name: "sarus"})
	if err != nil {
		t.Fatal(err)
	}
	m := &Machine{Host: none}
	far.exec = func(ctx context.Context, line string) ([]byte, error) { return m.Serve(ctx, line, "1.0"), nil }
	if _, err := far.Since(t.Context(), nil); !errors.Is(err, hosts.ErrNoEngine) {
		t.Errorf("without an engine: %v", err)
	}
}

func TestAContainerIsNamedAndNothingElse(t *testing.T) {
	d := newDockerd(t)
	near, _ := d.both(t, Config{})
	m := &Machine{Host: near.Host, Config: Config{ContainerLogs: true}}
	for _, line := range []string{
		"container-log", "container-log web db", "container-log ../../_ping", "container-log web%2F..%2Fdb", "container-log .",
		"container-log -f", "container-log web%3Ffollow=1", "containers", "containers thrice", "containers once twice", "container-list all",
		"container-log " + strings.Repeat("x", 129), "engine start",
	} {
		var told *Error
		if err := readAnswer(m.Serve(t.Context(), line, "1.0"), new(any)); !errors.As(err, &told) || told.Code != BadRequest {
			t.Errorf("%.40q: got %v, want a bad request", line, err)
		}
	}
	if len(d.asked) > 0 {
		t.Errorf("the engine was asked %q", d.asked)
	}
}
