package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"ronde/e2e/scene"
)

const (
	startRounds = 5
	// idleTime is how long the bot rests before its memory is looked at.
	idleTime = 10 * time.Second
	mebibyte = 1 << 20
)

// needSettled starts a bot as it lives all day: both rooms encrypted, a mailbox, a
// Docker engine, and a routine that is due, so that it has encrypted something.
func (t *town) needSettled(ctx context.Context) error {
	if t.settled != nil {
		return nil
	}
	if err := errors.Join(t.needMail(ctx), t.needEngine(ctx)); err != nil {
		return err
	}
	mail := t.mail[settledName]
	b, err := t.newBot(ctx, settledName, true, func(s *scene.Settings) {
		s.Mailbox = scene.Mailbox{Address: mail.Addr, User: mail.User, Password: mail.Password}
		s.Docker = t.engine.Host
		s.Routines = dueRoutine
	})
	if err != nil {
		return err
	}
	t.say("starting a bot in two encrypted rooms, with a mailbox and %d containers", containers)
	if err := t.move(ctx, b); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err = t.ana.WaitFor(ctx, b.technique, "the routine's card", func(m scene.Message) bool {
		return m.Encrypted && strings.Contains(m.Body, "sauvegardes")
	})
	if err != nil {
		return fmt.Errorf("%w; the bot's log:\n%s", err, b.Log())
	}
	t.settled = b
	return nil
}

const dueRoutine = `
[[routine]]
key = "backups"
aliases = ["sauvegardes"]
title = { fr = "Vérifier les sauvegardes", en = "Check the backups" }
every = "7d"
at = "00:00"
start = "2026-01-05"
`

// measureIdle reads the memory that the kernel counts for the resting bot.
func measureIdle(ctx context.Context, t *town) ([]figure, error) {
	if err := t.needSettled(ctx); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(idleTime):
	}
	resident, err := kilobytes(t.settled.PID(), "status", "VmRSS")
	if err != nil {
		return nil, err
	}
	// Anonymous is the bot's own; the rest is mostly pages of its program, which the
	// kernel can drop at any time.
	err = t.sayMemory(t.settled.PID(), "the idle bot", "smaps_rollup", "Rss", "Anonymous", "Private_Clean", "Shared_Clean")
	return []figure{{name: "idle_rss", value: resident / 1024, unit: "MiB"}}, err
}

// sayMemory tells some fields of one of the kernel's files about a process.
func (t *town) sayMemory(pid int, who, file string, fields ...string) error {
	for _, field := range fields {
		size, err := kilobytes(pid, file, field)
		if err != nil {
			return err
		}
		t.say("%s: %s %.1f MiB", who, field, size/1024)
	}
	return nil
}

// kilobytes reads a field of one of the kernel's files about a process.
func kilobytes(pid int, file, field string) (float64, error) {
	path := fmt.Sprintf("/proc/%d/%s", pid, file)
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var size float64
		if _, err := fmt.Sscanf(lines.Text(), field+": %f kB", &size); err == nil {
			return size, nil
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, field)
}

// measureStart stops and starts the bot on its account and waits for its first
// answered /sync.
func measureStart(ctx context.Context, t *town) ([]figure, error) {
	if err := t.needSettled(ctx); err != nil {
		return nil, err
	}
	t.say("starting the bot %d times", startRounds)
	var all []time.Duration
	for range startRounds {
		if err := t.settled.Stop(); err != nil {
			return nil, err
		}
		took, err := t.timeStart(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	t.say("start took %v", all)
	return []figure{milliseconds("start", median(all), 0)}, nil
}

func (t *town) timeStart(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	came := t.matrix.expect(firstSync)
	start := time.Now()
	if err := t.settled.Start(); err != nil {
		return 0, err
	}
	synced, err := await(ctx, "the first sync", came)
	if err != nil {
		return 0, fmt.Errorf("%w; the bot's log:\n%s", err, t.settled.Log())
	}
	for _, c := range t.matrix.since(start) {
		t.say("start: %4d ms %s %s, %d ms", c.asked.Sub(start).Milliseconds(), c.method, c.path, c.answered.Sub(c.asked).Milliseconds())
	}
	return synced.answered.Sub(start), nil
}

// measureBinary looks at the size of the program.
func measureBinary(ctx context.Context, t *town) ([]figure, error) {
	if err := t.build(ctx); err != nil {
		return nil, err
	}
	info, err := os.Stat(t.program)
	if err != nil {
		return nil, err
	}
	return []figure{{name: "binary", value: float64(info.Size()) / mebibyte, unit: "MiB"}}, nil
}
