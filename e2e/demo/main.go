// Demo shows the bot live: go run ./e2e/demo
//
// It starts a real Matrix homeserver, a mailbox and the bot on this machine only,
// plays a short scene with a person in two rooms, one of them encrypted, prints
// what that person then sees, and stays up for whoever wants to join.
//
// DEMO_LANGUAGE=en speaks English. With DEMO_ONCE=1 it ends after the scene, with
// exit status 1 when a step of it did not happen.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	if err != nil && ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	release()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	w, err := wordsOf(os.Getenv("DEMO_LANGUAGE"))
	if err != nil {
		return err
	}
	t := &town{words: w, log: os.Stderr}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.open(ctx); err != nil {
		return errors.Join(err, t.botLog())
	}
	failure := play(ctx, t)
	if err := t.show(os.Stdout); err != nil {
		return err
	}
	switch {
	case failure != nil:
		return errors.Join(failure, t.botLog())
	case os.Getenv("DEMO_ONCE") == "1":
		return nil
	}
	t.invite(os.Stdout)
	return t.stay(ctx, os.Stdin)
}

// invite tells how to join with any Matrix client.
func (t *town) invite(out io.Writer) {
	const lines = "\n%s\n\n  %-20s %s\n  %-20s %s\n  %-20s %s\n  %-20s %s, %s\n\n%s\n"
	w := t.words
	fmt.Fprintf(out, lines, w.join, w.homeserver, t.homeserver.URL, w.user, person, w.password, passwordOf(person),
		w.rooms, w.technique, w.supervision, w.hints)
}

// stay keeps everything up until Ctrl-C. Each line typed meanwhile has Kuma write
// on, so that whoever joined sees something happen.
func (t *town) stay(ctx context.Context, in io.Reader) error {
	lines := make(chan struct{})
	go func() {
		for typed := bufio.NewScanner(in); typed.Scan(); {
			lines <- struct{}{}
		}
	}()
	for typed := 0; ; {
		select {
		case <-lines:
			if err := t.goOn(typed); err != nil {
				return err
			}
			typed++
		case <-t.bot.Exited():
			if ctx.Err() == nil {
				return errors.Join(errBotEnded, t.botLog())
			}
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// botLog is the bot's log as an error, or nil when there is none.
func (t *town) botLog() error {
	if t.bot == nil || t.bot.Log() == "" {
		return nil
	}
	return fmt.Errorf("the bot's log:\n%s", strings.TrimSpace(t.bot.Log()))
}
