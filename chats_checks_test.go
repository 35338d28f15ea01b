package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"ronde/checks"
	"ronde/commands"
	"ronde/hosts"
	"ronde/text"
)

// engines are the Docker engines of a story, for the checks that the bot makes by
// itself: no time passes in a story while somebody talks to a real one. Their methods
// may be called from several goroutines.
type engines struct {
	mu     sync.Mutex
	of     map[string]engine // by host
	behind interface {
		Run(ctx context.Context, refs []string, l *text.Language) []checks.Outcome
	}
	real commands.Engines
	logs map[string][]hosts.LogLine // by host and container; nil lines cannot be read

	found map[string]checks.Outcome // by check: what those find that ask no engine
}

// engine is what one answers with: its containers, or why there is nothing to say, and
// after how long.
type engine struct {
	samples []hosts.ContainerSample
	fault   checks.Fault
	after   time.Duration
	read    bool // what it has now was measured
}

// Run answers for the engines of the story, and leaves the rest to the bot.
func (e *engines) Run(ctx context.Context, refs []string, l *text.Language) []checks.Outcome {
	var outcomes []checks.Outcome
	for _, ref := range refs {
		kind, host, _ := strings.Cut(ref, " ")
		e.mu.Lock()
		one := e.of[host]
		found, other := e.found[ref]
		e.mu.Unlock()
		if other {
			found.At = time.Now()
			outcomes = append(outcomes, found)
			continue
		}
		if kind != "containers" || one.fault == "" { // see storyEngine
			outcomes = append(outcomes, e.behind.Run(ctx, []string{ref}, l)...)
			continue
		}
		outcomes = append(outcomes, one.answer(ctx, ref, host))
	}
	return outcomes
}

// Recent is Run: in a story everything is found anew.
func (e *engines) Recent(ctx context.Context, refs []string, _ time.Duration, l *text.Language) []checks.Outcome {
	return e.Run(ctx, refs, l)
}

func (e engine) answer(ctx context.Context, ref, host string) checks.Outcome {
	select {
	case <-time.After(e.after):
	case <-ctx.Done():
	}
	if e.fault != "" {
		return checks.Outcome{Ref: ref, Result: checks.Result{
			Check: "containers", Host: host, At: time.Now(), Findings: []checks.Finding{{Thing: host, Fault: e.fault}}, Error: "dial 192.0.2.1",
		}}
	}
	return checks.Outcome{}
}

// storyEngine is the engine of a host, for the samplers of the bot.
type storyEngine struct {
	all  *engines
	host string
}

func (e storyEngine) Name() string { return e.host }

// Ping fails when what the engine has changed: a story is not about the minute that a
// measurement may be old.
func (e storyEngine) Ping(context.Context) error {
	e.all.mu.Lock()
	defer e.all.mu.Unlock()
	if !e.all.of[e.host].read {
		return errors.New("there is something new")
	}
	return nil
}

func (e storyEngine) Since(context.Context, []hosts.ContainerSample) ([]hosts.ContainerSample, error) {
	samples, err := e.now()
	e.all.mu.Lock()
	defer e.all.mu.Unlock()
	one := e.all.of[e.host]
	one.read = true
	e.all.of[e.host] = one
	return samples, err
}

// Conditions are of containers that run without trouble.
func (e storyEngine) Conditions(context.Context) (all []hosts.Condition, err error) {
	samples, err := e.now()
	for _, s := range samples {
		all = append(all, hosts.Condition{Container: hosts.Container{ID: s.ID, Name: s.Name, State: cmp.Or(s.State, "running")}})
	}
	return all, err
}

func (e storyEngine) now() ([]hosts.ContainerSample, error) {
	e.all.mu.Lock()
	defer e.all.mu.Unlock()
	if one := e.all.of[e.host]; one.fault == "" {
		return one.samples, nil
	}
	return nil, &hosts.UnreachableError{Host: e.host, Err: errors.New("dial 192.0.2.1")}
}

// connect puts the engines of the story in the place of the real ones.
func (c *chat) connect() *engines {
	if c.engines == nil {
		c.engines = &engines{of: map[string]engine{}, logs: map[string][]hosts.LogLine{}, found: map[string]checks.Outcome{}}
		before := c.prepare
		c.prepare = func(r *ronde) {
			if before != nil {
				before(r)
			}
			c.engines.behind, r.alerts.Checks, r.watch.Suite = r.alerts.Checks, c.engines, c.engines
			c.engines.real, r.commands.Engines = r.commands.Engines, c.engines
			for host := range c.engines.of {
				if err := r.samplers.Use(host, storyEngine{c.engines, host}); err != nil {
					c.t.Error(err)
				}
			}
		}
	}
	return c.engines
}

// Listed lists the containers of an engine of the story.
func (e *engines) Listed(ctx context.Context, host string) (all []hosts.Container, err error) {
	e.mu.Lock()
	one, known := e.of[host]
	e.mu.Unlock()
	switch {
	case !known:
		return e.real.Listed(ctx, host)
	case one.fault != "":
		return nil, &hosts.UnreachableError{Host: host, Err: errors.New("dial 192.0.2.1")}
	}
	for _, s := range one.samples {
		all = append(all, hosts.Container{ID: s.ID, Name: s.Name, State: cmp.Or(s.State, "running")})
	}
	return all, nil
}

// Tail reads what a container of the story wrote.
func (e *engines) Tail(ctx context.Context, host, id string) ([]hosts.LogLine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, known := e.of[host]; !known {
		return e.real.Tail(ctx, host, id)
	}
	lines, wrote := e.logs[host+" "+id]
	if wrote && lines == nil {
		return nil, errors.New("403 Forbidden")
	}
	return lines, nil
}

// setLog has a container write a line, and those of the block, of which \e begins an
// escape sequence; or its engine keep that to itself.
func (c *chat) setLog(s step, m []string) error {
	all := c.connect()
	all.mu.Lock()
	defer all.mu.Unlock()
	of := m[1] + " " + m[2]
	if m[4] == "" {
		all.logs[of] = nil
		return nil
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(s.all(m[4]), `\e`, "\x1b"), "\n") {
		all.logs[of] = append(all.logs[of], hosts.LogLine{At: time.Now(), Text: line})
	}
	return nil
}

var containerForm = regexp.MustCompile(`^(\S+)(?: (\d+)%)?(?: cpu (\d+)%)?( restarting)?$`)

// setContainers says what runs on a host: "nextcloud 95%", which is how much of its
// memory it uses, "peertube cpu 310%", "db restarting", or a name alone.
func (c *chat) setContainers(_ step, m []string) error {
	var samples []hosts.ContainerSample
	for words := range strings.SplitSeq(m[2], ", ") {
		form := containerForm.FindStringSubmatch(words)
		if form == nil {
			return fmt.Errorf("%q is no container", words)
		}
		share, _ := strconv.Atoi(form[2])
		s := hosts.ContainerSample{ID: form[1], Name: form[1], At: time.Now().AddDate(100, 0, 0)} // the measurement's own time counts
		s.Memory.Usage, s.Memory.Limit, s.PIDs.Current = uint64(share)<<20, 100<<20, 12
		used, _ := strconv.ParseUint(cmp.Or(form[3], "0"), 10, 64)
		s.Before, s.Now = hosts.CPU{System: 100, Cores: 1}, hosts.CPU{System: 200, Used: used, Cores: 1}
		if form[4] != "" {
			s.State = "restarting"
		}
		samples = append(samples, s)
	}
	return c.setAnswer(m[1], engine{samples: samples})
}

// setEngine has the engine of a host be away, or not answer within the time that a check
// has.
func (c *chat) setEngine(_ step, m []string) error {
	if m[2] == "silent" {
		return c.setAnswer(m[1], engine{fault: checks.FaultLate, after: 20 * time.Second})
	}
	return c.setAnswer(m[1], engine{fault: checks.FaultAway})
}

func (c *chat) setAnswer(host string, e engine) error {
	if c.service != nil && c.engines == nil {
		return errors.New("the engines of a story are there before the bot starts")
	}
	all := c.connect()
	all.mu.Lock()
	defer all.mu.Unlock()
	all.of[host] = e
	return nil
}

// writeToLog has a service write some lines to the log of the machine.
func (c *chat) writeToLog(_ step, m []string) error {
	times, err := strconv.Atoi(m[1])
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(c.dir, "services.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.Repeat(fmt.Sprintf("Mar  2 09:00:00 antigone %s[812]: %s\n", m[2], m[3]), times))
	return errors.Join(err, f.Close())
}

var findingForm = regexp.MustCompile(`^(warning|critical) (\S+) (\S+) (\S+) of (\S+)%$`)

// setFound says what a check finds from now on: "nothing", why it says nothing, or findings
// as "warning /srv disk-space 91 of 85%"; its details are the block.
func (c *chat) setFound(s step, m []string) error {
	if c.service != nil && c.engines == nil {
		return errors.New("what the checks of a story find is there before the bot starts")
	}
	o := checks.Outcome{Ref: m[1] + " " + m[2], Result: checks.Result{Check: m[1], Host: m[2], Status: checks.OK, Findings: []checks.Finding{}}}
	o.Detail = strings.Join(s.block, "\n")
	switch m[3] {
	case "nothing":
	case "unreachable", "late", "unmeasured":
		o.Status = checks.Unknown
		o.Findings = []checks.Finding{{Thing: m[2], Fault: checks.Fault(m[3])}}
		o.Error = "dial 192.0.2.1"
	default:
		for words := range strings.SplitSeq(m[3], ", ") {
			form := findingForm.FindStringSubmatch(words)
			if form == nil {
				return fmt.Errorf("%q is no finding", words)
			}
			f := checks.Finding{Thing: form[2], Fault: checks.Fault(form[3]), Unit: checks.Percent}
			f.Value, _ = strconv.ParseFloat(form[4], 64)
			f.Limit, _ = strconv.ParseFloat(form[5], 64)
			if err := f.Status.UnmarshalText([]byte(form[1])); err != nil {
				return err
			}
			o.Findings, o.Status = append(o.Findings, f), max(o.Status, f.Status)
		}
	}
	all := c.connect()
	all.mu.Lock()
	defer all.mu.Unlock()
	all.found[o.Ref] = o
	return nil
}
