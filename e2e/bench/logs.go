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

	"golang.org/x/sys/unix"

	"ronde/logs"
)

const (
	logSize = 200 << 20 // bytes
	logRuns = 7
)

// measureLogs counts a log in turns with wc and grep, all of it in the page cache, and
// then from the disk, as a log is met that nobody read since it was written.
func measureLogs(ctx context.Context, t *town) ([]figure, error) {
	dir, err := t.folder("logs")
	if err != nil {
		return nil, err
	}
	l := logRace{file: filepath.Join(dir, "services.log")}
	if err := writeLog(l.file); err != nil {
		return nil, err
	}
	for range logRuns {
		if err := l.warm(ctx); err != nil {
			return nil, err
		}
	}
	for range logRuns {
		if err := l.cold(ctx); err != nil {
			return nil, err
		}
	}
	t.say("logs: %d lines; ours %v, wc -l %v, grep -c error %v, grep -ciwE with our words %v; from the disk: ours %v, wc -l %v",
		l.lines, median(l.ours), median(l.wc), median(l.grep), median(l.same), median(l.oursCold), median(l.wcCold))
	return []figure{
		speed("logs", l.ours, l.wc),
		speed("logs_grep", l.ours, l.grep),
		speed("logs_cold", l.oursCold, l.wcCold),
	}, nil
}

// logRace is what has been measured on one log.
type logRace struct {
	file                                   string
	lines                                  uint64
	ours, wc, grep, same, oursCold, wcCold []time.Duration
}

func speed(name string, ours, yardstick []time.Duration) figure {
	return figure{name: name, value: logSize / 1e6 / median(ours).Seconds(), unit: "MB/s", ratio: median(yardstick).Seconds() / median(ours).Seconds()}
}

func (l *logRace) warm(ctx context.Context) error {
	err := l.count(ctx, &l.ours)
	return errors.Join(err,
		l.run(ctx, &l.wc, "wc", "-l"),
		l.run(ctx, &l.grep, "grep", "-c", "error"),
		l.run(ctx, &l.same, "grep", "-ciwE", strings.Join(logs.Words(), "|")))
}

// cold takes the file out of the page cache before each turn, and makes sure that it came
// from the disk.
func (l *logRace) cold(ctx context.Context) error {
	for _, turn := range []func() error{
		func() error { return l.count(ctx, &l.oursCold) },
		func() error { return l.run(ctx, &l.wcCold, "wc", "-l") },
	} {
		if err := forget(l.file); err != nil {
			return err
		}
		before, err := sectorsRead(l.file)
		if err != nil {
			return err
		}
		if err := turn(); err != nil {
			return err
		}
		after, err := sectorsRead(l.file)
		if err != nil {
			return err
		}
		if read := (after - before) * sector; read < logSize*9/10 {
			return fmt.Errorf("of %s only %d bytes came from the disk: is TMPDIR in memory?", l.file, read)
		}
	}
	return nil
}

// count has our own code count the lines.
func (l *logRace) count(ctx context.Context, took *[]time.Duration) error {
	begun := time.Now()
	tally := logs.NewTally(logs.Auto, "own")
	_, err := logs.Follow(ctx, []string{l.file}, logs.Cursor{}, logs.Limits{Bytes: 1 << 40, First: 1 << 40}, tally)
	*took, l.lines = append(*took, time.Since(begun)), tally.Lines
	return err
}

// run has a program count the lines.
func (l *logRace) run(ctx context.Context, took *[]time.Duration, args ...string) error {
	d, said, err := timed(ctx, append(args, l.file))
	if *took = append(*took, d); err == nil && args[0] == "wc" && said != l.lines {
		return fmt.Errorf("counted %d lines, wc counts %d", l.lines, said)
	}
	return err
}

// forget takes a file out of the page cache.
func forget(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("take a log out of the page cache: %w", err)
	}
	return errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
}

const sector = 512 // bytes, whatever the disk's are

// sectorsRead returns how many were read so far from the disk that a file is on; see
// https://www.kernel.org/doc/Documentation/block/stat.txt.
func sectorsRead(file string) (n uint64, err error) {
	var stat unix.Stat_t
	if err := unix.Stat(file, &stat); err != nil {
		return 0, fmt.Errorf("find the disk of a log: %w", err)
	}
	text, err := os.ReadFile(fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(stat.Dev), unix.Minor(stat.Dev)))
	if err != nil {
		return 0, fmt.Errorf("read what the disk of a log did: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 3 {
		return 0, fmt.Errorf("%q is no state of a disk", text)
	}
	n, err = strconv.ParseUint(fields[2], 10, 64)
	return n, err
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
