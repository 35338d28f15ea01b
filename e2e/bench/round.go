package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"ronde/checks"
	"ronde/hosts"
	"ronde/text"
)

const (
	roundHosts = 100
	fewHosts   = 10
	// aloneHosts are asked one after another, for the slowest of them.
	aloneHosts = 5
)

// measureRound makes the check of containers of many hosts at once, with nothing measured
// before. The hosts are engines in a process of their own.
func measureRound(ctx context.Context, t *town) ([]figure, error) {
	set, stop, err := startEngines(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	t.say("measuring %d hosts of %d containers", roundHosts, roundContainers)
	var slowest time.Duration
	for _, name := range set.Names()[:aloneHosts] {
		took, _, err := timeRound(ctx, set, []string{name})
		if err != nil {
			return nil, err
		}
		slowest = max(slowest, took)
	}
	few, fewMemory, err := timeRound(ctx, set, set.Names()[:fewHosts])
	if err != nil {
		return nil, err
	}
	all, memory, err := timeRound(ctx, set, set.Names())
	if err != nil {
		return nil, err
	}
	t.say("the slowest alone took %v, %d hosts %v and %.1f MiB, %d hosts %v and %.1f MiB", slowest, fewHosts, few, fewMemory, roundHosts, all, memory)
	return []figure{
		milliseconds("round_100_hosts", all, slowest),
		{name: "round_100_memory", value: memory, unit: "MiB", ratio: memory / max(fewMemory, 1)},
		milliseconds("round_100_growth", all, few),
	}, nil
}

// startEngines starts engines and returns them as hosts.
func startEngines(ctx context.Context) (set *hosts.Set, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "rd")
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, self, enginesWord, dir, strconv.Itoa(roundHosts))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() { _ = stdin.Close(); _ = cmd.Wait(); _ = os.RemoveAll(dir) }
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		stop()
		return nil, nil, fmt.Errorf("the engines said %q: %w", line, err)
	}
	var configs []hosts.Config
	for i := range roundHosts {
		configs = append(configs, hosts.Config{Name: fmt.Sprint("host-", i), Docker: "unix://" + engineSocket(dir, i)})
	}
	if set, err = hosts.NewSet(configs); err != nil {
		stop()
	}
	return set, stop, err
}

// timeRound makes the check of each host once. memory is by how much that made this
// process grow at most, in MiB.
func timeRound(ctx context.Context, set *hosts.Set, names []string) (took time.Duration, memory float64, err error) {
	english, err := text.In("en")
	if err != nil {
		return 0, 0, err
	}
	defer set.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // as the bot has it
	suite := checks.NewSuite(checks.Sources{Hosts: set}, slog.New(slog.DiscardHandler))
	var refs []string
	for _, name := range names {
		refs = append(refs, "containers "+name)
	}
	grown := watchMemory()
	start := time.Now()
	outcomes := suite.Run(ctx, refs, english)
	took = time.Since(start)
	memory, err = grown()
	for _, o := range outcomes {
		if o.Status != checks.OK || o.Count != roundContainers {
			return 0, 0, fmt.Errorf("%s of %d containers: %s: %s", o.Ref, o.Count, o.Status, strings.TrimSpace(o.Error+" "+fmt.Sprint(o.Findings)))
		}
	}
	return took, memory, err
}

// watchMemory looks at what the kernel counts for this process until grown is called.
func watchMemory() (grown func() (float64, error)) {
	debug.FreeOSMemory()
	before, err := kilobytes(os.Getpid(), "status", "VmRSS")
	most, stop, ended := before, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			now, failure := kilobytes(os.Getpid(), "status", "VmRSS")
			if failure != nil {
				err = failure
			}
			most = max(most, now)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() (float64, error) {
		close(stop)
		<-ended
		return (most - before) / 1024, err
	}
}
