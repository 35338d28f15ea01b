package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"ronde/hosts"
)

// Version is that of the questions and answers. It grows when one changes so that the
// other side could misunderstand it; a new question or a new field does not.
const Version = 1

const (
	// AnswerTimeout bounds how long a question may take on its machine.
	AnswerTimeout = 25 * time.Second
	// lastSecond is what a question has to end what it started when its time is over.
	lastSecond = time.Second
	// LargestAnswer is how many bytes an answer may have.
	LargestAnswer = 4 << 20
	// longestLine bounds a command line, in bytes.
	longestLine = 4 << 10
	mostArgs    = 16
)

// Request is a question that [Serve] answers.
type Request struct {
	Name  string
	Usage string // its arguments: "NAME [LINES]"; "" for none
	// parse makes the question of arguments that are all there is to it. What it does
	// not understand is an [*Error] with the code [BadRequest].
	parse func(args []string) (asked, error)
}

// asked is a question whose answer can be of any type.
type asked interface {
	read(ctx context.Context, m *Machine) (any, error)
}

func (q Question[T]) read(ctx context.Context, m *Machine) (any, error) { return q.answer(ctx, m) }

// plain is a request without arguments.
func plain[T any](q Question[T]) Request {
	return Request{Name: q.Name, parse: func(args []string) (asked, error) {
		if len(args) > 0 {
			return nil, badRequest("%s takes no arguments", q.Name)
		}
		return q, nil
	}}
}

func badRequest(format string, args ...any) *Error {
	return &Error{Code: BadRequest, Text: fmt.Sprintf(format, args...)}
}

// envelope is what goes over the network.
type envelope struct {
	Probe  int             `json:"probe"`   // [Version] of the machine
	Ronde  string          `json:"version"` // of the program there
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  *Error          `json:"error,omitempty"`
}

// Serve answers one command line, as sshd hands it over in SSH_ORIGINAL_COMMAND: the
// name of a question and its arguments, escaped as in a URL and separated by spaces.
// The result is one line of JSON, whatever happens. ronde is the program's version.
func (m *Machine) Serve(ctx context.Context, line, ronde string) []byte {
	ctx, cancel := context.WithTimeout(ctx, AnswerTimeout)
	defer cancel()
	answer, err := inTime(ctx, func() ([]byte, error) { return m.serve(ctx, line) })
	if err != nil {
		return Refuse(err, ronde)
	}
	raw, err := json.Marshal(envelope{Probe: Version, Ronde: ronde, Answer: answer})
	if err != nil {
		return Refuse(err, ronde)
	}
	return append(raw, '\n')
}

// Refuse is an answer that says why there is none.
func Refuse(err error, ronde string) []byte {
	raw, _ := json.Marshal(envelope{Probe: Version, Ronde: ronde, Error: errorOf(err)}) // which are texts
	return append(raw, '\n')
}

// inTime is answer, or the error of ctx for one that does not come to an end when it should:
// a file on a network that is away can block for ever.
func inTime(ctx context.Context, answer func() ([]byte, error)) (raw []byte, err error) {
	over := make(chan struct{})
	var late []byte
	var lateErr error
	go func() {
		defer close(over)
		late, lateErr = answer()
	}()
	select {
	case <-over:
		return late, lateErr
	case <-ctx.Done():
	}
	select {
	case <-over:
		return late, lateErr
	case <-time.After(lastSecond):
		return nil, context.Cause(ctx)
	}
}

func (m *Machine) serve(ctx context.Context, line string) (raw []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the probe panicked: %v", p)
		}
	}()
	question, err := parse(line)
	if err != nil {
		return nil, err
	}
	answer, err := question.read(ctx, m)
	if err != nil {
		return nil, err
	}
	raw, err = json.Marshal(answer)
	if err == nil && len(raw) > LargestAnswer {
		return nil, &Error{Code: TooLarge, Text: fmt.Sprintf("the answer has %d bytes, more than %d", len(raw), LargestAnswer)}
	}
	return raw, err
}

// parse reads a command line.
func parse(line string) (asked, error) {
	if len(line) > longestLine {
		return nil, badRequest("the request has %d bytes, more than %d", len(line), longestLine)
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil, badRequest("no request: this key answers %s", strings.Join(names(), ", "))
	}
	if len(words) > 1+mostArgs {
		return nil, badRequest("the request has %d arguments, more than %d", len(words)-1, mostArgs)
	}
	args := make([]string, 0, mostArgs)
	for _, word := range words[1:] {
		arg, err := url.PathUnescape(word)
		if err != nil || strings.ContainsRune(arg, 0) {
			return nil, badRequest("an argument is not escaped as in a URL")
		}
		args = append(args, arg)
	}
	for _, r := range Requests() {
		if r.Name == words[0] {
			return r.parse(args)
		}
	}
	return nil, badRequest("no such request: this key answers %s", strings.Join(names(), ", "))
}

func names() (all []string) {
	for _, r := range Requests() {
		all = append(all, r.Name)
	}
	return all
}

// CommandLine is the line that [Machine.Serve] understands for a request and its arguments.
func CommandLine(name string, args []string) string {
	words := []string{name}
	for _, arg := range args {
		words = append(words, url.PathEscape(arg))
	}
	return strings.Join(words, " ")
}

// VersionError says that the program on a server is of another time than the bot.
type VersionError struct {
	Probe int    // the server's [Version]; 0 when it did not answer as a probe does
	Ronde string // the version of the program there; "" when unknown
}

func (e *VersionError) Error() string {
	if e.Probe == 0 {
		return "what answers there is not ronde probe"
	}
	return fmt.Sprintf("its probe speaks version %d (ronde %s), the bot speaks %d", e.Probe, e.Ronde, Version)
}

// told reads what came back from a server. What failed there instead of answering is not
// the probe of this version.
func told(raw []byte, err error, answer any) error {
	var exit *hosts.ExitError
	switch {
	case errors.As(err, &exit):
		return fmt.Errorf("%w: %w", &VersionError{}, err)
	case err != nil:
		return err
	}
	return readAnswer(raw, answer)
}

// readAnswer reads what Serve wrote.
func readAnswer(raw []byte, answer any) error {
	var e envelope
	if err := json.Unmarshal(bytes.TrimSpace(raw), &e); err != nil || e.Probe == 0 {
		return &VersionError{}
	}
	switch {
	case e.Probe != Version:
		return &VersionError{Probe: e.Probe, Ronde: e.Ronde}
	case e.Error != nil && e.Error.Code == BadRequest:
		return errors.Join(&VersionError{Probe: e.Probe, Ronde: e.Ronde}, e.Error)
	case e.Error != nil:
		return e.Error
	}
	if err := json.Unmarshal(e.Answer, answer); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	return nil
}
