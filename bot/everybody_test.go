package bot

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/cards"
	"ronde/e2e/homeserver"
)

// TestEverybodyIsMentionedInAnyCase: by one word where the bot may, one by one where
// phones would ignore that word.
func TestEverybodyIsMentionedInAnyCase(t *testing.T) {
	for _, test := range []struct {
		name   string
		levels map[string]int
		want   map[string]any
	}{
		{"as a moderator", map[string]int{"ronde": 50}, map[string]any{"room": true}},
		{"without any level", nil, map[string]any{"user_ids": []any{alice, mallory}}},
	} {
		story(t, test.name, func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{PowerLevels: test.levels}).settled()
			w.srv.Invite("alice", w.cfg.Technique, "mallory")
			w.srv.Join("mallory", w.cfg.Technique)
			time.Sleep(time.Second) // the sync that brings the room's state
			out := message(w.cfg.Technique, "txn", "nobody is on it")
			out.Message.Rings, out.Message.MentionsRoom = true, true
			if _, err := w.bot.Send(t.Context(), out); err != nil {
				t.Fatal(err)
			}
			said := w.srv.Timeline(w.cfg.Technique)
			if diff := cmp.Diff(test.want, said[len(said)-1].Value("m.mentions")); diff != "" {
				t.Errorf("mentions (-want +got):\n%s", diff)
			}
			if !out.Message.MentionsRoom || len(out.Message.Mentions) > 0 {
				t.Error("the caller's message was changed")
			}
		})
	}
}

// TestNobodyIsForgottenWhenTheRoomCannotBeAsked: such a message waits, instead of going
// out with a mention that rings nobody.
func TestNobodyIsForgottenWhenTheRoomCannotBeAsked(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault homeserver.Fault
		want  string
	}{
		{"down", homeserver.Fault{Status: 502}, "not sent"},
		{"busy", homeserver.RateLimited(2 * time.Second), "wait 2s"},
	} {
		story(t, test.name, func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
			w.srv.SetFaults(func(r homeserver.Request) (fault homeserver.Fault) {
				if r.Kind == homeserver.Members {
					return test.fault
				}
				return fault
			})
			before := len(w.srv.Timeline(w.cfg.Technique))
			out := message(w.cfg.Technique, "txn", "nobody is on it")
			out.Message = &cards.Message{Plain: out.Message.Plain, Rings: true, MentionsRoom: true}
			if _, err := w.bot.Send(t.Context(), out); verdict(err) != test.want {
				t.Errorf("%v means %q, want %q", err, verdict(err), test.want)
			}
			if after := len(w.srv.Timeline(w.cfg.Technique)); after != before {
				t.Errorf("%d events more", after-before)
			}
		})
	}
}
