package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ronde/logs"
)

const (
	logSize = 200 << 20 // bytes
	logRuns = 7
)

// measureLogs counts a log in turns with wc and grep, all of it in the page cache.
func measureLogs(ctx context.Context, t *town) ([]figure, error) {
	dir, err := t.folder("logs")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "services.log")
	if err := writeLog(file); err != nil {
		return nil, err
	}
	var ours, wc, grep, same []time.Duration
	var lines uint64
	for range logRuns {
		begun := time.Now()
		tally := logs.NewTally(logs.Auto, "own")
		if _, err := logs.Follow(ctx, []string{file}, logs.Cursor{}, logs.Limits{Bytes: 1 << 40, First: 1 << 40}, tally); err != nil {
			return nil, err
		}
		ours, lines = append(ours, time.Since(begun)), tally.Lines
		for _, one := range []struct {
			took *[]time.Duration
			args []string
		}{
			{&wc, []string{"wc", "-l", file}},
			{&grep, []string{"grep", "-c", "error", file}},
			{&same, []string{"grep", "-ciwE", strings.Join(logs.Words(), "|"), file}},
		} {
			d, said, err := timed(ctx, one.args)
			if err != nil {
				return nil, err
			}
			if *one.took = append(*one.took, d); one.args[0] == "wc" && said != lines {
				return nil, fmt.Errorf("counted %d lines, wc counts %d", lines, said)
			}
		}
	}
	t.say("logs: %d lines; ours %v, wc -l %v, grep -c error %v, grep -ciwE with our words %v", lines, median(ours), median(wc), median(grep), median(same))
	speed := figure{name: "logs", value: logSize / 1e6 / median(ours).Seconds(), unit: "MB/s", ratio: median(wc).Seconds() / median(ours).Seconds()}
	beside := speed
	beside.name, beside.ratio = "logs_grep", median(grep).Seconds()/median(ours).Seconds()
	return []figure{speed, beside}, nil
}

// timed runs a program in the C locale, where both are quickest, and returns the number
// that it says first.
func timed(ctx context.Context, args []string) (took time.Duration, said uint64, err error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	begun := time.Now()
	out, err := cmd.Output()
	took = time.Since(begun)
	if err != nil {
		return took, 0, fmt.Errorf("%s: %w", args[0], err)
	}
	said, err = strconv.ParseUint(strings.Fields(string(out))[0], 10, 64)
	return took, said, err
}

// writeLog writes a mix of what a proxy and some services say: two of three lines are of
// an access log, and one of a hundred is an error.
func writeLog(file string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write a log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same log each time
	services := []string{"mastodon_web", "nextcloud", "peertube", "gitea", "postfix/smtpd"}
	for written := 0; written < logSize; {
		n, head := 0, fmt.Sprintf("2026-11-21T03:14:%02d.%06d+01:00 serveur-a ", r.IntN(60), r.IntN(1e6))
		switch kind := r.IntN(300); {
		case kind < 200:
			n, err = fmt.Fprintf(w, `%straefik[812]: 203.0.%d.%d - - [21/Nov/2026:02:14:07 +0000] "GET /u/%d/photo.jpg?size=%d HTTP/2.0" %d %d "-" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" 1042 "nextcloud@docker" "http://172.18.0.9:8080" 3ms`+"\n",
				head, r.IntN(8), r.IntN(250), r.IntN(3000), r.IntN(9), 200+r.IntN(4)*100, r.IntN(90000))
		case kind < 203:
			n, err = fmt.Fprintf(w, "%s%s[812]: [ERROR] cannot transcode the video %d: an error came\n", head, services[r.IntN(len(services))], r.IntN(1e6))
		default:
			n, err = fmt.Fprintf(w, "%s%s[812]: method=GET path=/api/v1/timelines/home format=html controller=Timelines status=200 duration=%d.12 view=0.5\n",
				head, services[r.IntN(len(services))], r.IntN(900))
		}
		if written += n; err != nil {
			return fmt.Errorf("write a log: %w", err)
		}
	}
	return w.Flush()
}
