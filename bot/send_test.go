package bot

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/cards"
	"ronde/e2e/homeserver"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestContent(t *testing.T) {
	said := cards.Message{Plain: "🔴 web is down", HTML: "🔴 <b>web</b> is down"}
	with := func(change func(*cards.Message)) *cards.Message {
		m := said
		change(&m)
		return &m
	}
	tests := []struct {
		name string
		out  cards.Outgoing
	}{
		{"notice", cards.Outgoing{Message: &said}},
		{"plain", cards.Outgoing{Message: &cards.Message{Plain: "a line"}}},
		{"rings", cards.Outgoing{Message: with(func(m *cards.Message) { m.Rings, m.Mentions = true, []string{alice} })}},
		{"rings everybody", cards.Outgoing{Message: with(func(m *cards.Message) { m.Rings, m.MentionsRoom = true, true })}},
		{"reply", cards.Outgoing{Message: with(func(m *cards.Message) { m.ReplyTo = "$asked" })}},
		{"thread", cards.Outgoing{Message: with(func(m *cards.Message) { m.Thread = "$root" })}},
		{"reply in a thread", cards.Outgoing{Message: with(func(m *cards.Message) { m.Thread, m.ReplyTo = "$root", "$asked" })}},
		{"edit", cards.Outgoing{Edits: "$card", Message: with(func(m *cards.Message) { m.Rings, m.Mentions = true, []string{alice} })}},
		{"reaction", cards.Outgoing{Emoji: "✅", Target: "$card"}},
	}
	got := map[string]any{}
	for _, test := range tests {
		test.out.TxnID = "store-card-1"
		kind, content := contentOf(test.out)
		got[test.name] = map[string]any{"type": kind.Type, "content": content}
	}
	golden(t, "content.json", got)
}

// golden compares a value, as JSON, with a file in testdata.
func golden(t *testing.T, name string, value any) {
	t.Helper()
	got, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// verdict is what the outbox makes of an error.
func verdict(err error) string {
	var limited *cards.RateLimitError
	var refused *cards.RefusedError
	switch {
	case err == nil:
		return "sent"
	case errors.As(err, &limited):
		return "wait " + limited.After.String()
	case errors.As(err, &refused):
		return "refused " + refused.Code
	case errors.Is(err, cards.ErrNotSent):
		return "not sent"
	default:
		return "uncertain"
	}
}

func TestWhatAFailureMeans(t *testing.T) {
	tests := []struct {
		name  string
		fault homeserver.Fault
		want  string
	}{
		{"nothing goes wrong", homeserver.Fault{}, "sent"},
		{"a rate limit", homeserver.RateLimited(1500 * time.Millisecond), "wait 1.5s"},
		{"forbidden", homeserver.Fault{Status: 403, Code: "M_FORBIDDEN"}, "refused M_FORBIDDEN"},
		{"too large", homeserver.Fault{Status: 413, Code: "M_TOO_LARGE"}, "refused M_TOO_LARGE"},
		{"bad", homeserver.Fault{Status: 400, Code: "M_BAD_JSON"}, "refused M_BAD_JSON"},
		{"not found", homeserver.Fault{Status: 404, Code: "M_NOT_FOUND"}, "refused M_NOT_FOUND"},
		{"a worker that does not know the endpoint", homeserver.Fault{Status: 404, Code: "M_UNRECOGNIZED"}, "uncertain"},
		{"there already", homeserver.Fault{Status: 400, Code: "M_DUPLICATE_ANNOTATION"}, "sent"},
		{"a server error", homeserver.Fault{Status: 502}, "uncertain"},
		{"a refused connection", homeserver.Fault{Drop: homeserver.DropConnection}, "not sent"},
		{"a connection cut before", homeserver.Fault{Drop: homeserver.DropRequest}, "uncertain"},
		{"a lost answer", homeserver.Fault{Drop: homeserver.DropAnswer}, "uncertain"},
		{"half an answer", homeserver.Fault{Drop: homeserver.DropHalf}, "uncertain"},
		{"an answer without an event id", homeserver.Fault{Status: 200}, "uncertain"},
		{"no answer at all", homeserver.Fault{Delay: time.Hour}, "uncertain"},
	}
	for _, test := range tests {
		story(t, test.name, func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
			w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
				if r.Kind == homeserver.Send {
					return test.fault
				}
				return homeserver.Fault{}
			})
			began := time.Now()
			_, err := w.bot.Send(t.Context(), message(w.cfg.Technique, "txn", "the text itself"))
			if got := verdict(err); got != test.want {
				t.Errorf("%v means %q, want %q", err, got, test.want)
			}
			if took := time.Since(began); took > requestTime {
				t.Errorf("it took %s", took)
			}
			if log := w.logs.String(); strings.Contains(log, "the text itself") {
				t.Errorf("the log holds what was said:\n%s", log)
			}
		})
	}
}

func TestALimitWhileKeysAreSharedIsALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		w.person("alice")
		w.rooms(homeserver.RoomOptions{Encrypted: true}).settled()
		w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
			if r.Kind == homeserver.SendToDevice {
				return homeserver.RateLimited(3 * time.Second)
			}
			return homeserver.Fault{}
		})
		_, err := w.bot.Send(t.Context(), message(w.cfg.Technique, "txn", "hello"))
		if got := verdict(err); got != "wait 3s" {
			t.Errorf("%v means %q", err, got)
		}
	})
}

func TestTheSameTransactionIsOneEventThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		one, err := w.bot.Send(t.Context(), message(w.cfg.Technique, "store-card-1", "hello"))
		if err != nil {
			t.Fatal(err)
		}
		two, err := w.bot.Send(t.Context(), message(w.cfg.Technique, "store-card-1", "hello"))
		if err != nil || one != two {
			t.Errorf("the second try made %s (%v), want %s again", two, err, one)
		}
		reaction := cards.Outgoing{Room: w.cfg.Technique, TxnID: "store-seed-1", Emoji: "✅", Target: one}
		if _, err := w.bot.Send(t.Context(), reaction); err != nil {
			t.Fatal(err)
		}
		w.until("both come back", func() bool {
			message, _ := w.inbox.find(one)
			return message.Txn == "store-card-1" && message.Own && slices.ContainsFunc(w.inbox.all(), func(e cards.Event) bool {
				return e.Txn == "store-seed-1" && e.Emoji == "✅" && e.Target == one
			})
		})
		reaction.TxnID = "store-seed-1-again"
		if eventID, err := w.bot.Send(t.Context(), reaction); err != nil || eventID != "" {
			t.Errorf("reacting twice gave %q, %v", eventID, err)
		}
	})
}

func TestAReactionOfTheBotIsTakenBackOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		send := func(out cards.Outgoing) string {
			t.Helper()
			out.Room = w.cfg.Technique
			eventID, err := w.bot.Send(t.Context(), out)
			if err != nil || eventID == "" {
				t.Fatalf("send %+v: %q, %v", out, eventID, err)
			}
			return eventID
		}
		asked := send(message(w.cfg.Technique, "txn", "hello"))
		hourglass := send(cards.Outgoing{TxnID: "on", Emoji: "⏳", Target: asked})
		gone := send(cards.Outgoing{TxnID: "off", Redacts: hourglass})
		if again := send(cards.Outgoing{TxnID: "off", Redacts: hourglass}); again != gone {
			t.Errorf("the second try made %s, want %s again", again, gone)
		}
		if left := w.srv.ReactionsTo(asked); len(left) > 0 {
			t.Errorf("%d reactions are left", len(left))
		}
		w.until("it comes back", func() bool {
			e, _ := w.inbox.find(gone)
			return e.Txn == "off" && e.Own
		})
	})
}

func TestARoomThatIsNotTheBotsIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		_, err := w.bot.Send(t.Context(), message("!elsewhere:ronde.test", "txn", "hello"))
		if got := verdict(err); got != "refused not configured" {
			t.Errorf("%v means %q", err, got)
		}
	})
}

func TestAfterAKickNothingIsSentUntilTheBotIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		w.srv.Kick("alice", w.cfg.Technique, "ronde")
		time.Sleep(time.Second)
		if _, err := w.bot.Send(t.Context(), message(w.cfg.Technique, "txn", "hello")); !errors.Is(err, cards.ErrNotSent) {
			t.Errorf("Send returned %v, want ErrNotSent", err)
		}
		w.srv.Invite("alice", w.cfg.Technique, "ronde")
		w.sends(message(w.cfg.Technique, "txn", "hello"))
		w.srv.Say("alice", w.cfg.Technique, "welcome back")
		w.hears("welcome back")
	})
}
