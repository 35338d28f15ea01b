// Package probe is what a server can be asked about itself. Each question has a name,
// arguments that are checked, and an answer that JSON can carry, so that it is the same
// whether the bot runs on that server or asks `ronde probe` there, which sshd starts as
// a forced command.
//
// A question only reads. It starts no shell, and what it may read or run beyond the
// state of the machine itself stands in the machine's own configuration, which the bot
// cannot change.
//
// To add a question: one file with the type of its answer and its Question, one test,
// and its line in [Requests].
package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"ronde/hosts"
)

// Machine is the server that questions are about.
type Machine struct {
	// Host is how this server is reached from here. It need have no more than an
	// engine.
	Host *hosts.Host
	// Root is the folder where its files begin: "/", or "/host" for a bot in a
	// container. "" for a server whose files cannot be read from here.
	Root string
	// Config says what it lets be asked beyond its own state.
	Config Config
}

// Question is something that a machine can be asked; its answer is a T, which JSON can
// carry both ways.
type Question[T any] struct {
	Name string   // "disks"
	Args []string // as written behind the name; any text
	// answer reads. Its error is shown to the bot's log, not to a room.
	answer func(ctx context.Context, m *Machine) (T, error)
}

// Ask asks a host: over SSH when it is reached so, else by reading here. Errors: an
// [*Error] with what the host answered, [hosts.ErrNotLocal] for one whose files cannot be
// read, those of [hosts.Host.Exec], or that of ctx.
func Ask[T any](ctx context.Context, h *hosts.Host, q Question[T]) (answer T, err error) {
	if h.IsRemote() {
		return askOver(ctx, h.Name(), h.Exec, q)
	}
	m, err := machineOf(h)
	if err == nil {
		answer, err = q.answer(ctx, m)
	}
	if err != nil {
		return answer, fmt.Errorf("ask %s for %s: %w", h.Name(), q.Name, err)
	}
	return answer, nil
}

// askOver asks the host called name through what sends it a command line.
func askOver[T any](ctx context.Context, name string, exec func(ctx context.Context, line string) ([]byte, error), q Question[T]) (answer T, err error) {
	raw, err := exec(ctx, CommandLine(q.Name, q.Args))
	if err = told(raw, err, &answer); err != nil {
		return answer, fmt.Errorf("ask %s for %s: %w", name, q.Name, err)
	}
	return answer, nil
}

// machineOf is the machine that a host is, which is this one.
func machineOf(h *hosts.Host) (*Machine, error) {
	m := &Machine{Host: h, Root: h.Root()}
	if h.ProbeFile() == "" {
		return m, nil
	}
	var err error
	if m.Config, err = Load(h.ProbeFile()); errors.Is(err, fs.ErrNotExist) {
		err = nil // nothing is let be asked beyond the machine's own state
	}
	return m, err
}

// files returns the folder where the machine's files begin, or [hosts.ErrNotLocal].
func (m *Machine) files() (string, error) {
	if m.Root == "" {
		return "", hosts.ErrNotLocal
	}
	return m.Root, nil
}

// Code says in one word that never changes why a question has no answer.
type Code string

// Codes of an [Error].
const (
	Failed     Code = "failed"      // it could not be read; the text says why
	Late       Code = "late"        // it took too long
	NoSuch     Code = "no-such"     // the machine's configuration names no such thing
	BadRequest Code = "bad-request" // the question or its arguments are not understood
	NoEngine   Code = "no-engine"   // there is no Docker engine
	Away       Code = "away"        // the Docker engine is
	TooLarge   Code = "too-large"   // the answer is
	Busy       Code = "busy"        // too many are asking at once
)

// Error is why a machine did not answer a question, as it says itself.
type Error struct {
	Code Code   `json:"code"`
	Text string `json:"text"` // for the log and the terminal, one line
}

func (e *Error) Error() string { return e.Text }

// Is lets errors that crossed the network be told apart as before.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Code == Late
	case hosts.ErrNoEngine:
		return e.Code == NoEngine
	}
	return false
}

// errorOf turns what went wrong while reading into what crosses the network.
func errorOf(err error) *Error {
	e := &Error{Code: Failed, Text: oneLine(err.Error())}
	var coded *Error
	var away *hosts.UnreachableError
	switch {
	case errors.As(err, &coded):
		e.Code = coded.Code
	case errors.As(err, &away):
		e.Code = Away
	case errors.Is(err, context.DeadlineExceeded):
		e.Code = Late
	case errors.Is(err, hosts.ErrNoEngine):
		e.Code = NoEngine
	}
	return e
}

// longestText is how long the text of an [Error] may be, in characters: it may repeat what
// was asked, or what a program said.
const longestText = 500

// oneLine makes one line of a text, no longer than that.
func oneLine(text string) string {
	line := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	if len(line) > longestText {
		return string(line[:longestText-1]) + "…"
	}
	return string(line)
}
