package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"strings"

	"ronde/probe"
)

// originalCommand is the variable in which sshd hands over what a client of a forced command
// wanted to run. Without it, a client wanted a shell.
const originalCommand = "SSH_ORIGINAL_COMMAND"

type probeCommand struct {
	Answer     probeAnswer       `cmd:"" default:"withargs" help:"Answer the request that sshd hands over, as a forced command; or one that is typed, to try it."`
	InstallKey installKeyCommand `cmd:"" help:"Print the line of authorized_keys that lets the bot's key ask, and do nothing else."`
}

type probeAnswer struct {
	Config  string   `default:"/etc/ronde/probe.toml" help:"What this machine lets be asked beyond its own state. It need not be there." placeholder:"FILE"`
	Request string   `arg:"" optional:"" help:"What to answer, for trying it, such as disks."`
	Args    []string `arg:"" optional:"" help:"Arguments of the request."`
}

func (p probeAnswer) Run(ctx context.Context, s *streams) error {
	line, forced := os.LookupEnv(originalCommand)
	plainEnvironment()
	switch {
	case p.Request != "":
		return p.try(ctx, s)
	case !forced && isTerminal(s):
		return p.help(s)
	}
	_, err := s.out.Write(p.answer(ctx, line))
	return err
}

// answer is one line of JSON, whatever happens.
func (p probeAnswer) answer(ctx context.Context, line string) []byte {
	if err := probe.Crowded(); err != nil {
		return probe.Refuse(err, version)
	}
	m, err := probe.Here(p.Config)
	if err != nil {
		return probe.Refuse(err, version)
	}
	return m.Serve(ctx, line, version)
}

// try shows the answer to a request that somebody typed.
func (p probeAnswer) try(ctx context.Context, s *streams) error {
	raw := p.answer(ctx, probe.CommandLine(p.Request, p.Args))
	var pretty bytes.Buffer
	var told struct{ Error *probe.Error }
	if err := cmp.Or(json.Indent(&pretty, raw, "", "  "), json.Unmarshal(raw, &told)); err != nil {
		return err
	}
	if _, err := s.out.Write(pretty.Bytes()); err != nil || told.Error == nil {
		return err
	}
	return &verdictError{exitFailure}
}

// help says what can be asked, to somebody on a terminal.
func (p probeAnswer) help(s *streams) error {
	var b strings.Builder
	b.WriteString("Usage: ronde probe REQUEST [ARGUMENTS]\n\nRequests that a machine answers:\n")
	for _, r := range probe.Requests() {
		fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(r.Name+" "+r.Usage))
	}
	b.WriteString("\nFor the bot, sshd starts it as a forced command: ronde probe install-key --help\n")
	_, err := s.out.Write([]byte(b.String()))
	return err
}

// isTerminal tells whether somebody reads along.
func isTerminal(s *streams) bool {
	file, ok := s.out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// plainEnvironment forgets all variables: sshd may let clients set some, and libraries and
// programs obey many. What programs need is set anew.
func plainEnvironment() {
	os.Clearenv()
	_ = os.Setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") // the names are right
	if self, err := user.Current(); err == nil {
		_ = os.Setenv("HOME", self.HomeDir)
	}
}
