package checks

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"ronde/hosts"
)

// patients are containers that do badly, by name: the options and the script of each.
var patients = map[string][]string{
	"fine":      {"--restart=always", "sleep 1000"},
	"unhealthy": {"--health-cmd=exit 1", "--health-interval=200ms", "--health-retries=1", "sleep 1000"},
	"exits":     {"--restart=on-failure:1", "exit 3"},
	"job":       {"exit 4"},
	"hungry":    {"--restart=on-failure:1", "--memory=16m", "--memory-swap=16m", `x=$(head -c 90000000 /dev/zero | tr '\0' x)`},
	"loops":     {"--restart=always", "exit 5"},
	"burns":     {"--cpus=0.3", "while :; do :; done"},
}

// TestWhatBefallsContainersOfARealEngineIsFound: each with what docker inspect says of it.
func TestWhatBefallsContainersOfARealEngineIsFound(t *testing.T) {
	address, _ := realEngine(t)
	prefix := fmt.Sprintf("ronde-%d-", os.Getpid())
	h, err := hosts.New(hosts.Config{Name: "antigone", Docker: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	admit(t, address, prefix)
	first := awaitPatients(t, h, prefix, func(all map[string]hosts.Condition) bool {
		return all["unhealthy"].Health == "unhealthy" && all["exits"].State == "exited" && all["hungry"].State == "exited" && all["job"].State == "exited" && all["loops"].Restarts > 0
	})
	second := awaitPatients(t, h, prefix, func(all map[string]hosts.Condition) bool { return all["loops"].Restarts > first["loops"].Restarts })
	for name, c := range second {
		compareCondition(t, address, prefix+name, c)
	}
	want := map[string]string{"unhealthy": "critical unhealthy", "exits": "critical exited", "hungry": "critical oom-killed", "loops": "warning restarted"}
	for name, found := range whatIsFound(t, h, prefix, first) {
		if strings.TrimSpace(strings.ReplaceAll(found, "warning restarting", "")) != want[name] {
			t.Errorf("of %s it finds %q, want %q", name, found, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("it does not find %v", want)
	}
	findBurning(t, address, prefix+"burns")
}

// findBurning looks for the process of a container among the busiest of this machine.
func findBurning(t *testing.T, address, container string) {
	t.Helper()
	if os.Getenv("RONDE_DOCKER_HOST") != "" {
		return // its containers may run on another machine
	}
	h, err := hosts.New(hosts.Config{Name: "antigone", Docker: address, Local: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	report, err := processesKind().Measure(t.Context(), Asked{Name: h.Name(), Host: h, Settings: processesSettings{Share: 1, Over: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.(ProcessReport).Processes {
		if p.Container == container {
			if p.Name != "sh" || p.User != "root" || p.CPU <= 0 || p.CPU > 45 {
				t.Errorf("in the container runs %+v", p)
			}
			return
		}
	}
	t.Errorf("no process is in %s: %+v", container, report)
}

// admit starts the patients.
func admit(t *testing.T, address, prefix string) {
	t.Helper()
	image := prefix + "busybox:conditions"
	docker(t, address, busyboxImage(t), "import", "-", image)
	remove := []string{"-H", address, "rm", "-f"}
	var all sync.WaitGroup
	for name, words := range patients {
		remove = append(remove, prefix+name)
		args := append([]string{"run", "-d", "--network=none", "--stop-signal=KILL", "--name", prefix + name}, words[:len(words)-1]...)
		args = append(args, image, "/bin/sh", "-c", words[len(words)-1])
		all.Go(func() { docker(t, address, nil, args...) })
	}
	t.Cleanup(func() {
		_ = exec.Command("docker", remove...).Run()
		_ = exec.Command("docker", "-H", address, "rmi", image).Run()
	})
	all.Wait()
}

// awaitPatients returns their conditions, without the prefix, once they are as wanted.
func awaitPatients(t *testing.T, h *hosts.Host, prefix string, wanted func(map[string]hosts.Condition) bool) map[string]hosts.Condition {
	t.Helper()
	// Docker waits twice as long before each restart: the next takes as long as all before it did.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		conditions, err := h.Conditions(ctx)
		all := map[string]hosts.Condition{}
		for _, c := range conditions {
			if name, ours := strings.CutPrefix(c.Name, prefix); ours {
				all[name] = c
			}
		}
		if wanted(all) {
			return all
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("they are %+v (%v)", all, err)
		}
	}
}

// compareCondition compares with what docker says, of what does not change any more.
func compareCondition(t *testing.T, address, name string, c hosts.Condition) {
	t.Helper()
	format := "{{.State.ExitCode}} {{.State.OOMKilled}} {{.HostConfig.RestartPolicy.Name}}"
	ours := fmt.Sprint(c.ExitCode, " ", c.OOMKilled, " ", c.Policy)
	if !strings.HasSuffix(name, "loops") {
		format += " {{.State.Status}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
		ours += fmt.Sprint(" ", c.State, " ", c.Restarts, " ", c.Health)
	}
	if said := docker(t, address, nil, "inspect", "--format", format, name); strings.TrimSpace(said) != strings.TrimSpace(ours) {
		t.Errorf("%s: ours %q, docker's %q", name, ours, said)
	}
}

// whatIsFound makes the check, after a look at which the restarts were those of before.
func whatIsFound(t *testing.T, h *hosts.Host, prefix string, before map[string]hosts.Condition) map[string]string {
	t.Helper()
	s, history := containersKind().Settings.(containersSettings), remembered{}
	s.Restarts = 1
	for name, c := range before {
		history["restarts "+prefix+name] = []float64{float64(c.Restarts)}
	}
	report, err := containersKind().Measure(t.Context(), Asked{Name: h.Name(), Host: h, Settings: s, History: history})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range report.Verdict().Findings {
		if name, ours := strings.CutPrefix(f.Thing, prefix); ours {
			found[name] = strings.TrimSpace(found[name] + " " + f.Status.String() + " " + string(f.Fault))
		}
	}
	return found
}
