package hosts

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fakeEngine answers like a Docker engine on a unix socket. Set its fields before
// the first request.
type fakeEngine struct {
	host   *Host
	server *httptest.Server

	mu       sync.Mutex
	version  string            // what it answers to a ping
	refuses  string            // an API version it no longer speaks
	names    []string          // running containers
	states   map[string]string // by name; "running" if missing
	requests []string          // "/v1.41/containers/c1/stats?one-shot=1&stream=0"

	// list and stats replace the usual answer when they are not nil.
	list  http.HandlerFunc
	stats func(w http.ResponseWriter, r *http.Request, name string)
}

func newFakeEngine(t *testing.T, names ...string) *fakeEngine {
	t.Helper()
	f := &fakeEngine{version: "1.41", names: names}
	socket := socketPath(t)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	f.server = httptest.NewUnstartedServer(f)
	f.server.Listener.Close()
	f.server.Listener = listener
	f.server.Start()
	t.Cleanup(f.server.Close)
	f.host = newHost(t, Config{Name: "antigone", Docker: "unix://" + socket})
	return f
}

// socketPath is short: the path of a unix socket has 107 bytes.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ronde")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "docker.sock")
}

func newHost(t *testing.T, c Config) *Host {
	t.Helper()
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.URL.RequestURI())
	version, refused := f.version, f.refuses
	f.mu.Unlock()
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case path[0] == "_ping":
		w.Header().Set("Api-Version", version)
	case path[0] == "v"+refused:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"message":"client version %s is too old"}`, refused)
	case r.Method != http.MethodGet || len(path) < 3 || path[1] != "containers":
		http.Error(w, `{"message":"not allowed"}`, http.StatusForbidden)
	case path[2] == "json" && f.list != nil:
		f.list(w, r)
	case path[2] == "json":
		f.writeList(w)
	case f.stats != nil:
		f.stats(w, r, path[2])
	default:
		fmt.Fprint(w, statsJSON(path[2], 1000, 2000))
	}
}

func (f *fakeEngine) writeList(w http.ResponseWriter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, name := range f.names {
		state := "running"
		if s, ok := f.states[name]; ok {
			state = s
		}
		list = append(list, fmt.Sprintf(`{"Id":%q,"Names":["/other/alias","/%s"],"State":%q}`, name, name, state))
	}
	fmt.Fprintf(w, "[%s]", strings.Join(list, ","))
}

// asked returns the requests so far whose address contains part.
func (f *fakeEngine) asked(part string) (found []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if strings.Contains(r, part) {
			found = append(found, r)
		}
	}
	return found
}

// statsJSON is a reading that used half of what was used before.
func statsJSON(name string, before, now int) string {
	return fmt.Sprintf(`{"read":"2026-11-21T02:14:08Z","name":"/%s",
		"precpu_stats":{"cpu_usage":{"total_usage":%d},"system_cpu_usage":%d,"online_cpus":2},
		"cpu_stats":{"cpu_usage":{"total_usage":%d},"system_cpu_usage":%d,"online_cpus":2},
		"memory_stats":{"usage":3000,"limit":8000,"stats":{"inactive_file":1000}},
		"pids_stats":{"current":5,"limit":100}}`, name, before, 10*before, now, 10*now)
}
