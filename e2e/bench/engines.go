package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// roundContainers is how many containers each of the engines of measureRound has.
	roundContainers = 50
	// engineTick is how often an engine reads its counters, as dockerd does.
	engineTick = time.Second
)

// enginesWord as the first argument makes this program play engines instead.
const enginesWord = "engines"

// playEngines answers like that many Docker engines, each on a socket in dir, until its
// standard input ends.
func playEngines(dir string, count int) error {
	for i := range count {
		listener, err := net.Listen("unix", engineSocket(dir, i))
		if err != nil {
			return err
		}
		e := engine{born: time.Now().Add(-time.Duration(i) * 37 * time.Millisecond)}
		server := &http.Server{Handler: e.handler(), ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }()
	}
	if _, err := fmt.Println("ready"); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func engineSocket(dir string, i int) string { return filepath.Join(dir, fmt.Sprint(i)) }

// engine answers as dockerd 20.10 does: what has to be read it reads at its next tick, and
// twice at the one after that.
type engine struct {
	born time.Time
}

func (e engine) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("GET /v1.41/containers/json", func(w http.ResponseWriter, _ *http.Request) { answer(w, listed()) })
	mux.HandleFunc("GET /v1.41/containers/{id}/json", func(w http.ResponseWriter, r *http.Request) { answer(w, inspected(r.PathValue("id"))) })
	mux.HandleFunc("GET /v1.41/containers/{id}/stats", e.stats)
	return mux
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func (e engine) stats(w http.ResponseWriter, r *http.Request) {
	lived := time.Since(e.born)
	wait := lived.Truncate(engineTick) + engineTick - lived
	if r.URL.Query().Get("one-shot") == "" {
		wait += engineTick
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
	case <-timer.C:
		answer(w, e.counted(r.PathValue("id"), (lived+wait).Truncate(engineTick)))
	}
}

func containerID(i int) string { return fmt.Sprintf("%064x", i+1) }

func listed() (all []map[string]any) {
	for i := range roundContainers {
		all = append(all, map[string]any{
			"Id": containerID(i), "Names": []string{fmt.Sprintf("/service-%02d", i)}, "State": "running", "Status": "Up 3 weeks (healthy)",
			"Image": "registry.example.org/service:stable", "Labels": map[string]string{"com.docker.compose.project": strings.Repeat("x", 600)},
		})
	}
	return all
}

func inspected(id string) map[string]any {
	return map[string]any{
		"Id": id, "Name": "/service", "RestartCount": 0, "State": map[string]any{"Status": "running", "Health": map[string]any{"Status": "healthy"}},
		"HostConfig": map[string]any{"RestartPolicy": map[string]any{"Name": "unless-stopped"}},
		"Config":     map[string]any{"Env": []string{strings.Repeat("x", 3000)}},
	}
}

// counted is what a container used that is busy for a tenth of a core.
func (e engine) counted(id string, lived time.Duration) map[string]any {
	memory := map[string]uint64{"inactive_file": 1 << 20}
	for i := range 35 {
		memory[fmt.Sprint("some_memory_figure_", i)] = uint64(i) << 20
	}
	cpu := func(at time.Duration) map[string]any {
		return map[string]any{"cpu_usage": map[string]any{"total_usage": at / 10}, "system_cpu_usage": 4 * at, "online_cpus": 4}
	}
	return map[string]any{
		"id": id, "name": "/service", "read": e.born.Add(lived), "cpu_stats": cpu(lived), "precpu_stats": cpu(lived - engineTick),
		"memory_stats": map[string]any{"usage": 100 << 20, "limit": 1 << 30, "stats": memory}, "pids_stats": map[string]any{"current": 12},
	}
}
