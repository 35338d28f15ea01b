package probe

import (
	"encoding/json"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// burn starts a process that does nothing but that, with a secret among its arguments.
func burn(t *testing.T) (pid int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "while :; do :; done", "hunter2")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}

// TestABusyProcessIsThatOfTopAndPs: its share of the CPU by top over the same time, the
// rest by ps; and nothing that it was started with. Top begins a moment sooner or later: where
// others want the CPU, too, that makes a difference now and then, and not each time.
func TestABusyProcessIsThatOfTopAndPs(t *testing.T) {
	pid := strconv.Itoa(burn(t))
	p, share := measuredTwice(t, pid)
	for tries := 1; tries < 5 && math.Abs(p.CPU-share) > 15; tries++ {
		p, share = measuredTwice(t, pid)
	}
	compareProcess(t, p, share)
}

// measuredTwice is a process that must be among the busiest, and its share of the CPU by top.
func measuredTwice(t *testing.T, pid string) (Process, float64) {
	t.Helper()
	var top []string
	var both sync.WaitGroup
	both.Go(func() { top = toldBy(t, "top", "-b", "-d", "3", "-n", "2", "-p", pid) })
	list, err := Ask(t.Context(), machine(t, "/").Host, Processes(3*time.Second))
	both.Wait()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(list)
	if err != nil || strings.Contains(string(raw), "hunter2") || strings.Contains(string(raw), "while") {
		t.Errorf("it tells what a process was started with: %s (%v)", raw, err)
	}
	share, err := strconv.ParseFloat(top[len(top)-4], 64) // %CPU %MEM TIME+ COMMAND
	at := slices.IndexFunc(list.Busiest, func(p Process) bool { return strconv.Itoa(p.PID) == pid })
	if err != nil || at < 0 {
		t.Fatalf("it is not among the busiest of %d: %+v; top says %q (%v)", list.Count, list.Busiest, top, err)
	}
	return list.Busiest[at], share
}

func compareProcess(t *testing.T, p Process, share float64) {
	t.Helper()
	if math.Abs(p.CPU-share) > 15 || p.Least > p.CPU+1 || p.Least <= 0 {
		t.Errorf("%v %% of a core, at least %v %%; top says %v", p.CPU, p.Least, share)
	}
	ps := toldBy(t, "ps", "-o", "user=,comm=,etimes=,rss=", "-p", strconv.Itoa(p.PID))
	if p.User != ps[0] || p.Name != ps[1] {
		t.Errorf("it is %s of %s, ps says %q", p.Name, p.User, ps)
	}
	if age, err := strconv.Atoi(ps[2]); err != nil || math.Abs(time.Since(p.Started).Seconds()-float64(age)) > 5 {
		t.Errorf("started %s, %s seconds ago by ps (%v)", p.Started, ps[2], err)
	}
	if rss, err := strconv.Atoi(ps[3]); err != nil || math.Abs(float64(p.Memory)-float64(rss)*1024) > 4<<20 {
		t.Errorf("%d bytes, ps says %s KiB (%v)", p.Memory, ps[3], err)
	}
}

// TestWhatIsBusyAllTheTime: a peak is none, nor a process that came or went.
func TestWhatIsBusyAllTheTime(t *testing.T) {
	start := time.Unix(1000, 0)
	type life struct {
		pid     int32
		started time.Duration // since the first sample
		cpu     []float64     // seconds at each sample; -1 for "not there"
		want    [2]float64    // on average, and at least
	}
	lives := []life{
		{1, -time.Hour, []float64{50, 51, 52, 53}, [2]float64{100, 100}},
		{2, -time.Hour, []float64{7, 9.5, 9.5, 9.5}, [2]float64{83.3, 0}},
		{3, -time.Hour, []float64{1, 1.3, 1.6, 1.9}, [2]float64{30, 30}},
		{4, 1500 * time.Millisecond, []float64{-1, -1, 0.2, 1.2}, [2]float64{80, 0}},
		{5, -time.Hour, []float64{0, 1, 2, -1}, [2]float64{}},
		{6, -time.Hour, []float64{90, 90, 89, 90}, [2]float64{0, 0}},
	}
	samples := make([]map[int32]usage, 4)
	for i := range samples {
		samples[i] = map[int32]usage{}
		for _, l := range lives {
			if jitter := time.Duration(i) * 10 * time.Millisecond; l.cpu[i] >= 0 {
				samples[i][l.pid] = usage{at: start.Add(time.Duration(i) * time.Second), cpu: l.cpu[i], started: start.Add(l.started + jitter)}
			}
		}
	}
	samples[0][4] = usage{at: start, cpu: 900, started: start.Add(-time.Hour)} // another that had the number
	all := mostBusy(samples)
	for _, b := range all {
		if w := lives[b.pid-1].want; math.Abs(b.average-w[0]) > 2 || math.Abs(b.least-w[1]) > 0.1 {
			t.Errorf("%d: %v and at least %v, want %v", b.pid, b.average, b.least, w)
		}
	}
	if len(all) != 5 || all[0].pid != 1 || all[1].pid != 2 {
		t.Errorf("got %v", all)
	}
}

func TestTheContainerOfAProcessIsFound(t *testing.T) {
	id := strings.Repeat("ab", 32)
	inner := strings.Repeat("cd", 32)
	for name, tt := range map[string]struct{ cgroup, want string }{
		"version 2, systemd":   {"0::/system.slice/docker-" + id + ".scope\n", id},
		"version 2, cgroupfs":  {"0::/docker/" + id + "\n", id},
		"version 1":            {"12:pids:/docker/" + id + "\n1:name=systemd:/docker/" + id + "\n0::/\n", id},
		"seen from another":    {"0::/../docker-" + id + ".scope\n", id},
		"a container in one":   {"0::/docker/" + id + "/docker/" + inner + "\n", inner},
		"below its own":        {"0::/system.slice/docker-" + id + ".scope/init.scope\n", id},
		"none":                 {"0::/user.slice/user-1000.slice/session-3.scope\n", ""},
		"something like an id": {"0::/docker/" + id + "ab\n", ""},
		"nothing":              {"", ""},
		"no cgroup file":       {id, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ReadContainerID(tt.cgroup); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUsersAreThoseOfTheMachine(t *testing.T) {
	users := ReadUsers(strings.NewReader("root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\n\nwww-data:x:33:33\nbroken\n:x:5\nbad:x:-1:\nfar:x:4294967296:"))
	if len(users) != 2 || users[0] != "root" || users[33] != "www-data" {
		t.Errorf("got %v", users)
	}
}

func FuzzContainerID(f *testing.F) {
	f.Add("0::/system.slice/docker-" + strings.Repeat("ab", 32) + ".scope\n")
	f.Add("12:pids:/docker/x\n::")
	f.Fuzz(func(t *testing.T, cgroup string) {
		if id := ReadContainerID(cgroup); id != "" && len(id) != 64 {
			t.Errorf("%q: %q", cgroup, id)
		}
	})
}

func FuzzUsers(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/bash\n")
	f.Fuzz(func(t *testing.T, passwd string) {
		for uid, name := range ReadUsers(strings.NewReader(passwd)) {
			if name == "" || strings.ContainsAny(name, ":\n") {
				t.Errorf("%d is %q", uid, name)
			}
		}
	})
}

func TestHowLongProcessesAreSampledIsBounded(t *testing.T) {
	for _, line := range []string{"processes", "processes 0", "processes -1", "processes 16", "processes 5s", "processes 5 5", "processes 1e9"} {
		if _, err := parse(line); err == nil {
			t.Errorf("%q is asked", line)
		}
	}
}
