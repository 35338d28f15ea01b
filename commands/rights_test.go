package commands

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/routines"
	"ronde/store"
)

// somebody is a person of the table of rights. dora has the right to act, and did what
// the others take back.
type somebody struct {
	name, id string
	level    int
}

const dora = "@dora:ronde.test"

var everybody = []somebody{
	{"reader", "@eve:ronde.test", 49},
	{"actor", "@ana:ronde.test", 50},
	{"listed", "@bob:ronde.test", 0},
	{"stranger", "@bob:elsewhere.test", 0},
	{"kuma", "@kuma:ronde.test", 100},
	{"bot", "@ronde:ronde.test", 100},
}

// The cards under which people act in the table, by what it calls them.
var underCards = map[string]string{"chore": routines.CardKind, "round": routines.RoundKind, "incident": alerts.IncidentCard}

// right is one line of the table.
type right struct {
	how, what string
	want      []string // in the order of everybody
}

// readRights reads the table, whose columns two spaces or more part.
func readRights(t *testing.T) (all []right) {
	t.Helper()
	table, err := os.ReadFile("testdata/rights.txt")
	if err != nil {
		t.Fatal(err)
	}
	gap := regexp.MustCompile(` {2,}`)
	head := []string{"how", "what"}
	for _, who := range everybody {
		head = append(head, who.name)
	}
	for n, line := range strings.Split(string(table), "\n") {
		columns := gap.Split(strings.TrimSpace(line), -1)
		switch {
		case line == "" || strings.HasPrefix(line, "#"), slices.Equal(columns, head):
		case len(columns) != len(head):
			t.Fatalf("testdata/rights.txt:%d: %d columns, want %d: %q", n+1, len(columns), len(head), columns)
		default:
			all = append(all, right{columns[0], columns[1], columns[2:]})
		}
	}
	return all
}

// TestRights plays the table: who may do what, through each way in which it can be done.
func TestRights(t *testing.T) {
	fast(t)
	rights := readRights(t)
	for _, missing := range withoutRights(rights, All, buttons) {
		t.Errorf("testdata/rights.txt has no line for: %s", missing)
	}
	for _, r := range rights {
		t.Run(r.how+" "+r.what, func(t *testing.T) { r.play(t) })
	}
}

// fast keeps the databases of the many towns in memory, where that can be.
func fast(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/dev/shm"); err == nil {
		t.Setenv("TMPDIR", "/dev/shm")
	}
}

// play has everybody do what a line says, in each way that it stands for. A town is as
// new until something happened in it.
func (r right) play(t *testing.T) {
	var w *rightsTown
	for _, place := range r.places() {
		for n, who := range everybody {
			if w == nil || w.touched {
				w = newRightsTown(t)
			}
			if got := w.try(who, r.how, r.what, place); got != r.want[n] {
				t.Errorf("%s%s: %s, want %s", who.name, place, got, r.want[n])
			}
		}
	}
}

// places are where a command is typed.
func (r right) places() []string {
	if r.how == "command" {
		return []string{" in the room", " in answer to a card", " in its thread"}
	}
	return []string{""}
}

// rightsTown is a town in which all that can be acted on stands in the room.
type rightsTown struct {
	*town
	outbox  *cards.Outbox
	used    int  // how often a configuration was put to use
	touched bool // something happened
	said    int
}

func newRightsTown(t *testing.T) *rightsTown {
	t.Helper()
	w := &rightsTown{town: newTown(t)}
	w.outbox = cards.New(w.Store, w.Language, cards.Config{}, w.Log).Connect(nil, func() {})
	w.Rights = Rights{Act: 50, People: []string{everybody[2].id}}
	w.Alerts.KumaUser = everybody[4].id
	w.Routines.Notices, w.Alerts.Notices, w.levels[dora] = hushed{}, hushed{}, 50
	w.reading = Reading{Settings: []string{"log_level"}, Use: func() { w.used++ }}
	rota := []string{dora, "@carl:ronde.test"}
	for _, who := range everybody {
		w.levels[who.id], rota = who.level, append(rota, who.id)
	}
	w.Routines.Routines[0].Rota.People = rota
	w.furnish()
	return w
}

// hushed says nothing under cards: what is rolled back would not be said either.
type hushed struct{}

func (hushed) AddNotice(*store.Tx, string, string, cards.Message) error    { return nil }
func (hushed) AddUnder(*store.Tx, string, store.Card, cards.Message) error { return nil }
func (hushed) Withdraw(*store.Tx, string) (bool, error)                    { return false, nil }

// furnish opens a routine, lists it in a round, and breaks something.
func (w *rightsTown) furnish() {
	w.t.Helper()
	w.stands(store.Incident{Source: "kuma", Thing: "Cloud", State: store.Firing, Since: time.Now(), Newest: time.Now(), Alerted: time.Now(), Alerts: 1}, "$incident")
	err := w.Store.Update(w.t.Context(), func(tx *store.Tx) error {
		if _, err := tx.KnowRoutine("backups"); err != nil {
			return err
		}
		o, _, err := tx.OpenOccurrence("backups", tx.Now.Add(-time.Hour))
		if err != nil {
			return err
		}
		round, err := tx.OpenRound("technique", "2026-03-02")
		if err != nil {
			return err
		}
		if err := tx.AddRoundItem(round.ID, o.ID); err != nil {
			return err
		}
		if err := sent(tx, routines.CardKind, o.ID, "$chore"); err != nil {
			return err
		}
		return sent(tx, routines.RoundKind, round.ID, "$round")
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// sent makes a card as if the outbox had sent it.
func sent(tx *store.Tx, kind string, subject int64, event string) error {
	if err := tx.ShowCard(store.Card{Kind: kind, Subject: subject, Room: "technique"}); err != nil {
		return err
	}
	c, _, err := tx.CardOf(kind, subject)
	if err != nil {
		return err
	}
	if err := tx.AttemptCard(c, 1, "!technique", ""); err != nil {
		return err
	}
	_, err = tx.CardSent(c.ID, 1, event)
	return err
}

// try has somebody do something, and tells what came of it.
func (w *rightsTown) try(who somebody, how, what, place string) string {
	w.t.Helper()
	what, before, prepared := strings.Cut(what, " after ")
	var event cards.Event
	switch how {
	case "own removal":
		event = cards.Event{Kind: cards.Redacted, Target: w.didOnce(who.id, what)}
	case "removal":
		event = cards.Event{Kind: cards.Redacted, Target: w.didOnce(dora, what)}
	default:
		if prepared {
			w.didOnce(dora, before)
		}
		event = doing(how, what, place)
	}
	w.touched = w.touched || prepared || strings.HasSuffix(how, "removal")
	was := w.state()
	id := w.comes(who.id, event)
	said := w.handle()
	changed := w.state() != was
	w.touched = w.touched || changed
	return outcome(w.deedOf(id), said, changed)
}

// doing is what somebody does, as the table writes it.
func doing(how, what, place string) cards.Event {
	word, card, under := strings.Cut(what, " under ")
	switch {
	case how == "reaction" || under && how != "word":
		return cards.Event{Kind: cards.Reacted, Target: "$" + card, Emoji: word}
	case how == "word":
		return cards.Event{Kind: cards.Said, Thread: "$" + card, Body: word}
	case place == " in answer to a card":
		return cards.Event{Kind: cards.Said, Target: "$chore", Body: what}
	case place == " in its thread":
		return cards.Event{Kind: cards.Said, Thread: "$chore", Body: what}
	}
	return cards.Event{Kind: cards.Said, Body: what}
}

// didOnce has somebody do something while they have the right to it, and returns the event.
func (w *rightsTown) didOnce(who, what string) (event string) {
	w.t.Helper()
	level := w.levels[who]
	w.levels[who] = 100
	event = w.comes(who, doing("", what, ""))
	w.handle()
	w.levels[who] = level
	return event
}

// comes has an event arrive as the bot hands it on, and returns its id.
func (w *rightsTown) comes(who string, e cards.Event) string {
	w.t.Helper()
	w.said++
	e.ID, e.Room, e.Sender, e.At = fmt.Sprintf("$said%d", w.said), "!technique", who, time.Now()
	e.Own = who == everybody[5].id
	if err := w.outbox.Receive(w.t.Context(), cards.Batch{Token: e.ID, Events: []cards.Event{e}}); err != nil {
		w.t.Fatal(err)
	}
	return e.ID
}

// outcome says in one word what came of it, or all that is known when no word fits.
func outcome(deed, said string, changed bool) string {
	denied := strings.HasPrefix(said, "⛔")
	switch {
	case deed == "" && said == "" && !changed:
		return "ignored"
	case deed == "" && said == "" && changed:
		return "folded"
	case deed == "refused" && denied && !changed:
		return "refused"
	case deed == "done" && !denied && changed:
		return "obeyed"
	case (deed == "done" || deed == "mistake") && said != "" && !denied && !changed:
		return "answered"
	}
	return fmt.Sprintf("noted as %q, changed %v, said %q", deed, changed, said)
}

// deedOf returns how the audit log says that an event ended, "" when it says nothing.
func (w *rightsTown) deedOf(event string) (outcome string) {
	w.t.Helper()
	err := w.Store.View(w.t.Context(), func(tx *store.Tx) error {
		deeds, err := tx.Deeds(1)
		if len(deeds) > 0 && deeds[0].EventID == event {
			outcome = deeds[0].Outcome
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return outcome
}

// state writes down all that people can change.
func (w *rightsTown) state() string {
	w.t.Helper()
	all := []any{w.used}
	err := w.Store.View(w.t.Context(), func(tx *store.Tx) error {
		for _, read := range []func() (any, error){
			func() (any, error) { return tx.AllCompletions("") },
			func() (any, error) { return tx.MarksOf(1) },
			func() (any, error) { o, _, err := tx.Occurrence(1); return o, err },
			func() (any, error) { return tx.IncidentMarks(1) },
			func() (any, error) { return tx.RecentIncidents(10) },
			func() (any, error) { return tx.SilencesUntil(time.Time{}) },
			func() (any, error) { return tx.Absences("0000-00-00") },
			func() (any, error) { return tx.SwapsToUse("backups") },
			func() (any, error) { return tx.DirtyCards(10) },
		} {
			one, err := read()
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("%+v", all)
}

// withoutRights lists what can be done, and has no line in the table.
func withoutRights(rights []right, commands []Command, buttons []button) (missing []string) {
	has := func(how string, is func(what string) bool) bool {
		return slices.ContainsFunc(rights, func(r right) bool { return r.how == how && is(r.what) })
	}
	need := func(how, what string, is func(string) bool) {
		if !has(how, is) {
			missing = append(missing, how+" "+what)
		}
	}
	for _, cmd := range commands {
		typed := func(what string) bool { name, _, _, _ := parse(what); return name == cmd.Name }
		need("command", "!"+cmd.Name, typed)
		if cmd.InThread {
			need("word", cmd.Name+" under chore", func(what string) bool { return isWordOf(cmd, what, "chore") })
		}
		if cmd.Acts && cmd.Name != Undo.Name && !cmd.Listed { // to take that back is to do it again
			need("own removal", "!"+cmd.Name, typed)
			need("removal", "!"+cmd.Name, typed)
		}
		if _, isWord := triageWords[cmd.Name]; isWord || cmd.Name == Silence.Name || cmd.Name == NoteCommand.Name {
			need("word", cmd.Name+" under incident", func(what string) bool { return isWordOf(cmd, what, "incident") })
		}
	}
	for _, b := range buttons {
		pressed := func(what string) bool {
			emoji, card, _ := strings.Cut(what, " under ")
			return underCards[card] == b.kind && b.means(emoji)
		}
		for _, how := range []string{"reaction", "own removal", "removal"} {
			need(how, b.name+" under "+b.kind, pressed)
		}
	}
	return missing
}

// isWordOf reports whether a word under a card stands for a command.
func isWordOf(cmd Command, what, card string) bool {
	body, under, _ := strings.Cut(what, " under ")
	under, _, _ = strings.Cut(under, " after ")
	if card == "incident" {
		name, _, _, _ := parse(unmarkedTriage(body))
		return under == card && name == cmd.Name
	}
	word, _ := cutWord(body)
	return under == card && slices.Contains(cmd.names(), word)
}

// TestARightCannotBeForgotten: a command, a word or a button without a line is named.
func TestARightCannotBeForgotten(t *testing.T) {
	rights := readRights(t)
	for _, tt := range []struct {
		name    string
		command Command
		button  button
		want    []string
	}{
		{"nothing", Command{Name: "due"}, buttons[0], nil},
		{"a question", Command{Name: "sing"}, buttons[0], []string{"command !sing"}},
		{"an action", Command{Name: "sing", Acts: true}, buttons[0], []string{"command !sing", "own removal !sing", "removal !sing"}},
		{"a word", Command{Name: "sing", InThread: true}, buttons[0], []string{"command !sing", "word sing under chore"}},
		{"a button", Command{Name: "due"}, button{kind: alerts.IncidentCard, emoji: "🔥", name: "burn"},
			[]string{"reaction burn under incident", "own removal burn under incident", "removal burn under incident"}},
	} {
		if got := withoutRights(rights, []Command{tt.command}, []button{tt.button}); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q is missing, want %q", tt.name, got, tt.want)
		}
	}
	for n, r := range rights {
		fewer := withoutRights(slices.Delete(slices.Clone(rights), n, n+1), All, buttons)
		alone := !slices.ContainsFunc(rights, func(other right) bool { return other.what != r.what && other.how == r.how })
		if alone && len(fewer) == 0 {
			t.Errorf("nobody would miss the line %s %s", r.how, r.what)
		}
	}
}
