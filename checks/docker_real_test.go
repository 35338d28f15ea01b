package checks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/go-units"
	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
)

// dockerLine is one line of docker stats --no-stream --format '{{json .}}'.
type dockerLine struct {
	Name, CPUPerc, MemUsage, MemPerc, PIDs string
}

// ourLines writes a measurement as docker does, by container.
func ourLines(m Measurement) map[string]dockerLine {
	lines := map[string]dockerLine{}
	for _, c := range m.Containers {
		lines[c.Name] = dockerLine{
			Name: c.Name, CPUPerc: fmt.Sprintf("%.2f%%", c.CPU), MemPerc: fmt.Sprintf("%.2f%%", c.MemoryPercent),
			MemUsage: units.BytesSize(float64(c.Memory)) + " / " + units.BytesSize(float64(c.Limit)),
			PIDs:     strconv.FormatUint(c.PIDs, 10),
		}
	}
	return lines
}

// dockerLines runs docker's own command against an engine.
func dockerLines(t *testing.T, address string) map[string]dockerLine {
	t.Helper()
	lines := map[string]dockerLine{}
	decoder := json.NewDecoder(strings.NewReader(docker(t, address, nil, "stats", "--no-stream", "--format", "{{json .}}")))
	for {
		var line dockerLine
		if err := decoder.Decode(&line); err == io.EOF {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		lines[line.Name] = line
	}
}

func measure(t *testing.T, address string) Measurement {
	t.Helper()
	h, err := hosts.New(hosts.Config{Name: "antigone", Docker: address})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	report, err := containersKind().Measure(t.Context(), Asked{Name: h.Name(), Host: h, Settings: containersKind().Settings, History: noHistory{}})
	if err != nil {
		t.Fatal(err)
	}
	return report.(Measurement)
}

// Docker's own command and ours read the same answers, of both kinds of cgroup.
func TestDockersOwnCommandPrintsTheSame(t *testing.T) {
	need(t, "docker")
	answers := map[string][]byte{}
	files, _ := filepath.Glob("testdata/stats/*.json")
	for i, file := range files {
		answer, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("%012d%052d", i, 0)
		name := regexp.MustCompile(`"name": "[^"]*"`)
		answer = name.ReplaceAll(answer, []byte(fmt.Sprintf(`"name": "/%s"`, strings.TrimSuffix(filepath.Base(file), ".json"))))
		answers[id] = bytes.ReplaceAll(answer, []byte(strings.Repeat("ab", 32)), []byte(id))
	}
	address := serve(t, replay(answers))
	ours, theirs := ourLines(measure(t, address)), dockerLines(t, address)
	if len(theirs) != len(files) || len(files) == 0 {
		t.Fatalf("docker printed %d lines for %d files", len(theirs), len(files))
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("docker's lines (-) and ours (+):\n%s", diff)
	}
}

// replay is an engine that always gives the same answers, by container id.
func replay(answers map[string][]byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("/v1.41/version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"ApiVersion":"1.41","Os":"linux"}`) })
	mux.HandleFunc("/v1.41/info", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"OSType":"linux"}`) })
	mux.HandleFunc("/v1.41/events", func(w http.ResponseWriter, r *http.Request) { // docker 20.10 listens even so
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/v1.41/containers/json", func(w http.ResponseWriter, _ *http.Request) {
		list := []map[string]any{}
		for id, answer := range answers {
			var c struct{ Name string }
			_ = json.Unmarshal(answer, &c)
			list = append(list, map[string]any{"Id": id, "Names": []string{c.Name}, "State": "running"})
		}
		_ = json.NewEncoder(w).Encode(list)
	})
	mux.HandleFunc("/v1.41/containers/{id}/stats", func(w http.ResponseWriter, r *http.Request) {
		for id, answer := range answers {
			if strings.HasPrefix(id, r.PathValue("id")) { // docker's command asks with twelve digits
				_, _ = w.Write(answer)
			}
		}
	})
	return mux
}

func TestStatsOfARealEngine(t *testing.T) {
	address, stop := realEngine(t)
	crew := startCrew(t, address)

	t.Run("the same answers give exactly docker's figures", func(t *testing.T) {
		recorder := serve(t, record(t, address))
		ours := ourLines(measure(t, recorder))
		if diff := cmp.Diff(dockerLines(t, recorder), ours); diff != "" {
			t.Errorf("docker's lines (-) and ours (+):\n%s", diff)
		}
		if len(ours) < len(crew) {
			t.Errorf("%d containers, want at least %d", len(ours), len(crew))
		}
	})
	t.Run("asked at the same moment, docker says nearly the same", func(t *testing.T) {
		differ := askBoth(t, address, crew)
		for tries := 1; tries < 4 && differ != nil; tries++ { // on a busy machine the moments differ, but not each time
			differ = askBoth(t, address, crew)
		}
		for _, what := range differ {
			t.Error(what)
		}
	})
	t.Run("one reading after another gives the same too", func(t *testing.T) {
		h, err := hosts.New(hosts.Config{Name: "antigone", Docker: address})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		compareWarm(t, h, crew)
		compareSampler(t, h)
	})
	if stop == nil {
		return
	}
	t.Run("an engine that went away is an error, and quickly", func(t *testing.T) {
		stop()
		h, err := hosts.New(hosts.Config{Name: "antigone", Docker: address})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		m, err := NewSampler(h, slog.New(slog.DiscardHandler)).Stats(t.Context())
		var away *hosts.UnreachableError
		if !errors.As(err, &away) || m.Status != Unknown || time.Since(start) > 5*time.Second {
			t.Errorf("got %s, %v after %s", m.Status, err, time.Since(start))
		}
	})
}

// askBoth says how docker and we differ when both are asked at the same moment.
func askBoth(t *testing.T, address string, crew map[string]float64) []string {
	t.Helper()
	var ours Measurement
	var both sync.WaitGroup
	both.Go(func() { ours = measure(t, address) })
	theirs := dockerLines(t, address)
	both.Wait()
	return compareLive(ourLines(ours), theirs, crew)
}

// compareLive allows for a moment between the two commands.
func compareLive(ours, theirs map[string]dockerLine, crew map[string]float64) (differ []string) {
	compared := 0
	for name, cpu := range crew {
		mine, docker := ours[name], theirs[name]
		if docker.CPUPerc == "--" {
			continue // docker itself gives up after two seconds
		}
		compared++
		if mine.PIDs != docker.PIDs || limitOf(mine) != limitOf(docker) {
			differ = append(differ, fmt.Sprintf("%s: ours %+v, docker's %+v", name, mine, docker))
		}
		if math.Abs(number(mine.MemPerc)-number(docker.MemPerc)) > 2 {
			differ = append(differ, fmt.Sprintf("%s: memory %s, docker says %s", name, mine.MemPerc, docker.MemPerc))
		}
		if math.Abs(number(mine.CPUPerc)-number(docker.CPUPerc)) > 10 || number(mine.CPUPerc) > cpu+10 {
			differ = append(differ, fmt.Sprintf("%s: CPU %s, docker says %s; it may burn %.0f%%", name, mine.CPUPerc, docker.CPUPerc, cpu))
		}
	}
	if compared < len(crew)/2 {
		differ = append(differ, fmt.Sprintf("docker itself answered for %d of %d only", compared, len(crew)))
	}
	return differ
}

// compareWarm takes two single readings some seconds apart and compares the
// percentages with the CPU time used in the time that went by.
func compareWarm(t *testing.T, h *hosts.Host, crew map[string]float64) {
	t.Helper()
	first, err := h.Containers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(4 * time.Second) // real containers burn real time
	start := time.Now()
	second, err := h.Since(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("one reading of %d containers took %s", len(second), time.Since(start))
	earlier := map[string]hosts.ContainerSample{}
	for _, s := range first {
		earlier[s.ID] = s
	}
	for _, s := range second {
		before := earlier[s.ID]
		if crew[s.Name] == 0 || s.Err != nil || before.Err != nil {
			continue
		}
		want := float64(s.Now.Used-before.Now.Used) / float64(s.At.Sub(before.At)) * 100
		if got := NewContainer(s).CPU; s.Before != before.Now || got <= 0 || math.Abs(got-want) > 2+0.4*want {
			t.Errorf("%s: CPU %.2f%%, by the clock %.2f%%", s.Name, got, want)
		}
	}
}

// compareSampler asks twice: the second answer is the first, which is there already.
func compareSampler(t *testing.T, h *hosts.Host) {
	t.Helper()
	s := NewSampler(h, slog.New(slog.DiscardHandler))
	start := time.Now()
	cold, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a cold answer about %d containers took %s", len(cold.Containers), time.Since(start))
	start = time.Now()
	warm, err := s.Stats(t.Context())
	if err != nil || !warm.At.Equal(cold.At) {
		t.Errorf("the warm answer is of %s, error %v; want that of %s", warm.At, err, cold.At)
	}
	t.Logf("a warm one took %s", time.Since(start))
}

func limitOf(l dockerLine) string {
	_, limit, _ := strings.Cut(l.MemUsage, " / ")
	return limit
}

func number(percent string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSuffix(percent, "%"), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// serve answers on a unix socket and returns its address.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	dir := shortDir(t)
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return "unix://" + filepath.Join(dir, "s")
}

func unixTransport(socket string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
}

// record passes requests on to an engine, but asks it only once for the stats of
// each container and then repeats that answer.
func record(t *testing.T, address string) http.Handler {
	t.Helper()
	_, socket, ok := strings.Cut(address, "unix://")
	if !ok {
		t.Skipf("%s is not a unix socket", address)
	}
	transport := unixTransport(socket)
	t.Cleanup(transport.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine"
	}}
	var mu sync.Mutex
	first := map[string]*httptest.ResponseRecorder{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Docker's command asks with the first twelve digits.
		id := regexp.MustCompile(`/containers/(\w{12})\w*/stats$`).FindStringSubmatch(r.URL.Path)
		if id == nil {
			proxy.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		answer := first[id[1]]
		mu.Unlock()
		if answer == nil {
			answer = httptest.NewRecorder()
			proxy.ServeHTTP(answer, r)
			mu.Lock()
			first[id[1]] = answer
			mu.Unlock()
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}
