// Bench measures the bot on real peers: go run ./e2e/bench
//
// It starts a homeserver, a mail server and a Docker engine on this machine and
// prints one line per figure on standard output,
//
//	bench NAME VALUE UNIT [ratio R]
//
// where R is the figure divided by that of a yardstick measured in the same run: a
// bare loop without any memory for what has to do with alerts, `docker stats --no-stream` for
// stats_cold and stats_warm, wc -l for logs, a plain SELECT of each row for due_decision, all
// values of the year as plain rows for metrics_year. Everything else that it says goes to
// standard error.
// It exits with 1 when a figure is missing, whatever the reason.
//
//	relay_p50   from the mail server's push to the event that the homeserver has
//	relay_p99   accepted, into a room without encryption
//	alert_p99   the same from the moment at which the mail was handed out
//	sent_p99    the bot's own part of that: until the homeserver has the request
//	server_p99  the rest of it: what the homeserver takes to answer
//	trickle_p99  alerts one at a time by webhook: from its answer, which says that the
//	            alert is stored, to the event that the homeserver has accepted
//	trickle_sent_p99  the bot's own part of that
//	storm_events  1,000 things go down, told by webhooks as fast as they are taken: all
//	            events that the bot sends for it, edits and seeded reactions included,
//	            until it is quiet
//	storm_p99   from an alert's answer to the first accepted event that names it, or
//	            that counts at least as many as were taken up to then
//	flood_rss   most resident memory of a bot that finds 10,000 mails in its mailbox, up
//	            to when the last of them is folded
//	alertmanager_trickle_p99, alertmanager_trickle_sent_p99,
//	alertmanager_storm_events, alertmanager_storm_p99
//	            the same of an Alertmanager that waits as little as it can and posts to
//	            a receiver which puts each post into a room
//	stats_cold  20 containers, with nothing measured before
//	stats_warm  the same while the bot keeps a measurement warm
//	round_100_hosts  the check of containers of 100 hosts with 50 containers each, with
//	            nothing measured before; the yardstick is the slowest of five hosts alone
//	round_100_memory  by how much the process that makes it grows at most; the yardstick
//	            is the same of 10 hosts
//	round_100_growth  the time of round_100_hosts; the yardstick is that of 10 hosts
//	idle_rss    resident memory of a resting bot in two encrypted rooms, with a
//	            mailbox and the 20 containers
//	start       from the start of that bot's process to its first answered /sync
//	binary      size of the stripped program
//	logs        200 MB of an access log and of what services say, counted by service; the
//	            yardstick is wc -l, which only counts lines
//	logs_grep   the same beside grep -c error
//	logs_cold   the log read from the disk instead of the page cache; the yardstick is
//	            wc -l on the same
//	due_decision  what is due of 200 routines with ten years of history, with the
//	            reading of what that depends on
//	due_year    a year of config.example.toml: what it brings, and what is due at
//	            each of its hours
//	metrics_year_size  the database after a year of three metrics of 60 containers, each
//	            once a minute
//	metrics_year_24h, metrics_year_7d, metrics_year_1y
//	            reading one series of it for a graph of that length
//
// The figures say something on an idle machine only; the ratios bear some noise,
// because bot and yardstick take turns.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// part is what measures some of the figures.
type part struct {
	figures []string
	measure func(ctx context.Context, t *town) ([]figure, error)
}

// parts are in the order of their runs: the mail before the containers, which cost
// the machine something even when they sleep.
func parts() []part {
	return []part{
		{[]string{"relay_p50", "relay_p99", "alert_p99", "sent_p99", "server_p99"}, measureRelay},
		{[]string{"trickle_p99", "trickle_sent_p99", "alertmanager_trickle_p99", "alertmanager_trickle_sent_p99"}, measureTrickle},
		{[]string{"storm_events", "storm_p99", "alertmanager_storm_events", "alertmanager_storm_p99"}, measureStorm},
		{[]string{"flood_rss"}, measureFlood},
		{[]string{"stats_cold", "stats_warm"}, measureStats},
		{[]string{"round_100_hosts", "round_100_memory", "round_100_growth"}, measureRound},
		{[]string{"idle_rss"}, measureIdle},
		{[]string{"start"}, measureStart},
		{[]string{"binary"}, measureBinary},
		{[]string{"logs", "logs_grep", "logs_cold"}, measureLogs},
		{[]string{"due_decision"}, measureDecision},
		{[]string{"due_year"}, measureYear},
		{[]string{"metrics_year_size", "metrics_year_24h", "metrics_year_7d", "metrics_year_1y"}, measureMetrics},
	}
}

// limit ends a run that hangs. About six minutes are usual.
const limit = 25 * time.Minute

func main() {
	if len(os.Args) == 4 && os.Args[1] == enginesWord {
		count, err := strconv.Atoi(os.Args[3])
		if err == nil {
			err = playEngines(os.Args[2], count)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	only := flag.String("only", "", "measure these figures alone, as `NAME,…`; due is all that begin with due_")
	mails := flag.Int("n", 100, "relay `N` mails through the bot, and as many through the bare loop")
	program := flag.String("program", "", "measure this stripped build of the bot, as `FILE`, instead of a fresh one")
	flag.Parse()
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, limit)
	err := run(ctx, &town{log: os.Stderr, program: *program, mails: max(*mails, 1)}, *only, os.Stdout)
	cancel()
	release()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures and prints what was asked for. A part that fails does not keep the
// others from being measured.
func run(ctx context.Context, t *town, only string, out io.Writer) (err error) {
	wanted, err := choose(only)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.open(); err != nil {
		return err
	}
	var failures []error
	for _, p := range parts() {
		if ctx.Err() != nil || !slices.ContainsFunc(p.figures, func(name string) bool { return wanted[name] }) {
			continue
		}
		figures, err := p.measure(ctx, t)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", strings.Join(p.figures, ", "), err))
		}
		for _, f := range figures {
			if wanted[f.name] {
				fmt.Fprintln(out, f)
			}
		}
	}
	return errors.Join(append(failures, ctx.Err())...)
}

// choose reads the names of figures; none stands for all.
func choose(only string) (map[string]bool, error) {
	all := map[string]bool{}
	var names []string
	for _, p := range parts() {
		names = append(names, p.figures...)
	}
	for _, name := range names {
		all[name] = true
	}
	if only == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for asked := range strings.SplitSeq(only, ",") {
		before := len(wanted)
		for _, name := range names {
			if name == asked || strings.HasPrefix(name, asked+"_") {
				wanted[name] = true
			}
		}
		if len(wanted) == before && !all[asked] {
			return nil, fmt.Errorf("no figure %q: there are %s", asked, strings.Join(names, ", "))
		}
	}
	return wanted, nil
}
