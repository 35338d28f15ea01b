// Package commands answers what people ask and does what they say: one file for
// each !command, and the reactions that do the same from a card.
//
// Whatever was stored from a room is handled once: the change, the reply, the
// line in the audit log and the mark that it is handled are one transaction.
package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// Command is one thing that people can ask for by typing !Name. Its usage and
// help are in the catalogue, under command.<Name>.
type Command struct {
	Name    string
	French  string   // what people type in French; "" for the same
	Aliases []string // what else they may type
	// Args is true when it takes any; the catalogue names them.
	Args bool
	// Acts is true when it changes something: it needs the right to act, and is
	// obeyed however late it is read. Others are answered only while somebody may
	// still be waiting for them.
	Acts bool
	// InThread lets people leave the "!" out when they write under a routine's card;
	// for an incident's see triageWords.
	InThread bool
	// Listed is true when it destroys, publishes or concerns the bot itself: beyond
	// Acts it needs a person that the rights name, whatever the level in the room.
	Listed bool
	// Do runs in the transaction that also stores the reply.
	Do func(tx *store.Tx, c *Call) error
	// Ask runs outside of any transaction, for what has to be fetched from
	// elsewhere. It changes nothing, since after a restart it may run again; what it
	// prepares is done by Call.after. A command has either Do or Ask.
	Ask func(ctx context.Context, c *Call) error
}

// All lists every command, in the order in which !help shows them.
var All = []Command{
	Due,
	Week,
	DoneCommand,
	Skip,
	Snooze,
	Claim,
	Undo,
	RoutineCommand,
	Runbook,
	History,
	Digest,
	Away,
	Swap,
	OnCall,
	Incidents,
	IncidentCommand,
	Ack,
	Resolve,
	Silence,
	Silences,
	NoteCommand,
	Who,
	Why,
	Hosts,
	Host,
	Checks,
	Check,
	Stats,
	Top,
	Disk,
	Updates,
	Backups,
	GraphCommand,
	Logs,
	Netdata,
	Reload,
	Help,
}

// Call is one command that somebody typed.
type Call struct {
	Desk  *Desk
	Event store.RoomEvent
	Args  []string // what follows the command, split at spaces and quotes
	Rest  string   // what follows the command's first argument, as it was typed
	Tail  string   // what follows the command, as it was typed
	Reply text.Message

	card    store.Card   // under which it was said; its ID is 0 for none
	subject string       // what it was about, for the audit log
	mistake bool         // it could not be understood
	picture *cards.Image // to show above the reply; nil for none
	after   func()       // runs once all that it says and did is stored; nil for nothing
}

// Say returns a sentence of the catalogue.
func (c *Call) Say(id string, args ...any) string { return c.Desk.Language.Say(id, args...) }

// when is the moment at which somebody said it, in the local zone; a phone whose clock
// is ahead says it now. It may have been read much later.
func (c *Call) when(tx *store.Tx) time.Time {
	if c.Event.At.After(tx.Now) {
		return tx.Now.In(c.Desk.Location)
	}
	return c.Event.At.In(c.Desk.Location)
}

// Mistake replies that the command could not be obeyed as it was typed, and how
// it is used.
func (c *Call) Mistake(command, explanation string) error {
	c.mistake = true
	cmd, _, _ := c.Desk.find(command)
	c.Reply = text.Message{}
	c.Reply.Text(explanation)
	c.Reply.Line().Text(c.Say("command.usage") + " ")
	c.Reply.Code(c.usage(cmd))
	return nil
}

func (c *Call) usage(cmd Command) string {
	name := "!" + c.Desk.callName(cmd)
	if cmd.Args {
		name += " " + c.Say("command."+cmd.Name+".args")
	}
	return name
}

// find returns the command with that name or alias; when there is none, near is
// the one that was probably meant, as people of the room's language would type it.
func (d *Desk) find(name string) (cmd Command, near string, found bool) {
	var names []string
	for _, cmd := range d.commands {
		for _, n := range cmd.names() {
			if text.Fold(n) == text.Fold(name) {
				return cmd, "", true
			}
			names = append(names, n)
		}
	}
	return Command{}, text.Nearest(name, names), false
}

// callName is what people of the room's language type for a command.
func (d *Desk) callName(cmd Command) string {
	if d.Language.Code() == "fr" && cmd.French != "" {
		return cmd.French
	}
	return cmd.Name
}

// callNamed is what people of the room's language type for the command of a name.
func (d *Desk) callNamed(name string) string {
	cmd, _, _ := d.find(name)
	return d.callName(cmd)
}

// names lists all that people may type for a command.
func (cmd Command) names() []string {
	names := []string{cmd.Name}
	if cmd.French != "" {
		names = append(names, cmd.French)
	}
	return append(names, cmd.Aliases...)
}

// parse splits a message into the command's name, its arguments, and what follows
// the first of them. ok is false when the message is no command.
func parse(body string) (name string, args []string, rest string, ok bool) {
	line, ok := strings.CutPrefix(strings.TrimSpace(body), "!")
	words := text.Words(line)
	if !ok || len(words) == 0 || !startsWithLetter(line) {
		return "", nil, "", false
	}
	if len(words) == 1 { // what may still follow is a quote around nothing
		return words[0], nil, "", true
	}
	_, rest, _ = strings.Cut(line, words[0])
	_, rest, _ = strings.Cut(rest, words[1])
	return words[0], words[1:], note(strings.TrimPrefix(rest, `"`)), true
}

// tailOf returns what follows the command's name in a message that parse takes for
// a command.
func tailOf(body, name string) string {
	_, tail, _ := strings.Cut(body, name)
	return note(tail)
}

// note cleans what follows an argument: of guillemets that closed the argument, of a
// comma or colon behind it, and of quotes around the whole.
func note(rest string) string {
	rest = strings.TrimSpace(strings.TrimLeft(rest, "»”,;:"+spaces))
	for _, q := range []string{`""`, "“”", "«»"} {
		marks := []rune(q)
		inner, quoted := strings.CutPrefix(rest, string(marks[0]))
		inner, closed := strings.CutSuffix(inner, string(marks[1]))
		if quoted && closed && !strings.ContainsAny(inner, q) {
			return strings.TrimSpace(inner)
		}
	}
	return rest
}

const spaces = " \t\n\u00a0\u202f"

func startsWithLetter(s string) bool {
	return slices.ContainsFunc([]rune(s)[:min(1, len([]rune(s)))], func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 'À' && r <= 'ÿ'
	})
}
