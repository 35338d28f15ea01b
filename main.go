// Ronde is a Matrix chat bot for the volunteers who keep a small host running: it
// asks for their routines when they are due, relays alerts without losing or
// doubling one, and answers what they ask.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"ronde/bot"
	"ronde/config"
	"ronde/hosts"
)

// version is set when the program is built.
var version = "unknown"

// What the process exits with. `ronde check` exits with the verdict instead, as
// monitoring plugins do: 0 ok, 1 warning, 2 critical, 3 unknown.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitUnhealthy   = 4
	exitConfig      = 10
	exitDatabase    = 12
	exitLoggedOut   = 13
	exitUnreachable = 14
	exitInput       = 15
)

type cli struct {
	Run     runCommand     `cmd:"" help:"Live in the rooms until stopped."`
	Login   loginCommand   `cmd:"" help:"Log in to the homeserver, once."`
	Config  configCommand  `cmd:"" help:"Look at a configuration."`
	Due     dueCommand     `cmd:"" help:"Show which routines are due, and when."`
	History historyCommand `cmd:"" help:"Print what was done, skipped and missed, and by whom."`
	Check   checkCommand   `cmd:"" help:"Make a check now; exits with its verdict (0 ok, 1 warning, 2 critical, 3 unknown)."`
	Backup  backupCommand  `cmd:"" help:"Copy the database to a new file, also while the bot runs."`
	Mail    mailCommand    `cmd:"" help:"Look at mails."`
	Page    pageCommand    `cmd:"" help:"Reach people as when the homeserver is away."`
	Health  healthCommand  `cmd:"" help:"Say whether the running bot is alive; for a container's health check."`
	Host    hostCommand    `cmd:"" help:"Look at the hosts of a configuration."`
	Probe   probeCommand   `cmd:"" help:"Answer the bot's questions about this machine."`
	Print   printVersion   `cmd:"" name:"version" help:"Print the version."`
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], &streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, s *streams) (code int) {
	if strings.Contains(strings.Join(args, " "), "PRIVATE KEY") { // which the parser would quote
		fmt.Fprintln(s.err, hosts.ErrPrivateKey)
		return exitUsage
	}
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("ronde"), kong.Writers(s.out, s.err), kong.UsageOnError(),
		kong.Description("A watchman for small hosts, in two Matrix rooms.\n\nExit codes: 1 failure, 2 usage, 4 not healthy, 10 configuration, 12 database, 13 logged out, 14 unreachable, 15 unreadable input."),
		kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s))
	if err != nil {
		panic(err) // the tables above are wrong
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help
	}
	if err != nil {
		fmt.Fprintf(s.err, "ronde: %v\nTry: ronde --help\n", err)
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		return explain(s, err)
	}
	return 0
}

// explain prints an error and returns the exit code of its kind.
func explain(s *streams, err error) int {
	if verdict, ok := errors.AsType[*verdictError](err); ok {
		return verdict.code
	}
	fmt.Fprintf(s.err, "%v\n", err)
	var mistakes config.Mistakes
	var loggedOut *bot.LoggedOutError
	var unknownHost *hosts.UnknownHostError
	var unreachable *hosts.UnreachableError
	var coded *codedError
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &mistakes):
		return exitConfig
	case errors.As(err, &loggedOut), errors.Is(err, bot.ErrNoAccount):
		return exitLoggedOut
	case errors.As(err, &unknownHost):
		return exitUsage
	case errors.As(err, &unreachable):
		return exitUnreachable
	}
	return exitFailure
}

// codedError is an error with an exit code of its own.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }

func (e *codedError) Unwrap() error { return e.err }

// verdictError ends a command with the exit code of a verdict that was printed.
type verdictError struct{ code int }

func (e *verdictError) Error() string { return fmt.Sprintf("verdict %d", e.code) }

type printVersion struct{}

func (printVersion) Run(s *streams) error {
	_, err := fmt.Fprintln(s.out, "ronde", version)
	return err
}

// configFlag is shared by the commands that read the configuration.
type configFlag struct {
	Config string `short:"c" default:"config.toml" env:"RONDE_CONFIG" help:"The configuration file." placeholder:"FILE"`
}

type configCommand struct {
	Check configCheck `cmd:"" help:"Print every mistake in a configuration."`
}

type configCheck struct {
	File string `arg:"" help:"The configuration file."`
}

func (c configCheck) Run(s *streams) error {
	read, err := config.LoadOffline(c.File)
	if err != nil {
		return &codedError{exitConfig, err}
	}
	if _, err := fmt.Fprintf(s.out, "%s: OK, %d routines, %d hosts\n", c.File, len(read.Routines), len(read.Hosts)); err != nil {
		return err
	}
	// Secrets may well be elsewhere than where somebody looks at the file, so what
	// is missing here is told and is no failure.
	if _, err := config.Load(c.File); err != nil {
		fmt.Fprintf(s.err, "To run here, the bot would also need:\n%v\n", err)
	}
	return nil
}
