package bot

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"

	"ronde/cards"
)

func parse(t testing.TB, wire string) *event.Event {
	t.Helper()
	var evt event.Event
	if err := json.Unmarshal([]byte(wire), &evt); err != nil {
		t.Fatal(err)
	}
	if err := prepare(&evt, "!room:ronde.test"); err != nil {
		t.Fatal(err)
	}
	return &evt
}

func TestEvents(t *testing.T) {
	at := time.UnixMilli(1700000000123)
	base := cards.Event{ID: "$1", Room: "!room:ronde.test", Sender: alice, At: at}
	like := func(change func(*cards.Event)) *cards.Event {
		e := base
		change(&e)
		return &e
	}
	tests := []struct {
		name, kind, content, more string
		want                      *cards.Event // nil: not for the bot
	}{
		{"text", "m.room.message", `{"msgtype":"m.text","body":"!due"}`, "", like(func(e *cards.Event) { e.Kind, e.Body = cards.Said, "!due" })},
		{"notice", "m.room.message", `{"msgtype":"m.notice","body":"!due"}`, "", like(func(e *cards.Event) { e.Kind, e.Body = cards.Noticed, "!due" })},
		{"emote", "m.room.message", `{"msgtype":"m.emote","body":"!due"}`, "", like(func(e *cards.Event) { e.Kind, e.Body = cards.Noticed, "!due" })},
		{"image", "m.room.message", `{"msgtype":"m.image","body":"a.png","url":"mxc://a/b"}`, "", like(func(e *cards.Event) { e.Kind, e.Body = cards.Noticed, "a.png" })},
		{"edit", "m.room.message", `{"msgtype":"m.text","body":"* !due","m.new_content":{"msgtype":"m.text","body":"!due"},"m.relates_to":{"rel_type":"m.replace","event_id":"$0"}}`, "",
			like(func(e *cards.Event) { e.Kind, e.Body, e.Edit = cards.Noticed, "* !due", true })},
		{"reply with a fallback", "m.room.message", `{"msgtype":"m.text","body":"> <@ronde:ronde.test> a card\n> of two lines\n\n!done","m.relates_to":{"m.in_reply_to":{"event_id":"$0"}}}`, "",
			like(func(e *cards.Event) { e.Kind, e.Body, e.Target = cards.Said, "!done", "$0" })},
		{"reply without", "m.room.message", `{"msgtype":"m.text","body":"!done","m.relates_to":{"m.in_reply_to":{"event_id":"$0"}}}`, "",
			like(func(e *cards.Event) { e.Kind, e.Body, e.Target = cards.Said, "!done", "$0" })},
		{"quote that is no reply", "m.room.message", `{"msgtype":"m.text","body":"> <@a:b> x\n\n!done"}`, "",
			like(func(e *cards.Event) { e.Kind, e.Body = cards.Said, "> <@a:b> x\n\n!done" })},
		{"thread", "m.room.message", `{"msgtype":"m.text","body":"!due","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":true,"m.in_reply_to":{"event_id":"$last"}}}`, "",
			like(func(e *cards.Event) { e.Kind, e.Body, e.Thread = cards.Said, "!due", "$root" })},
		{"reply in a thread", "m.room.message", `{"msgtype":"m.text","body":"!due","m.relates_to":{"rel_type":"m.thread","event_id":"$root","m.in_reply_to":{"event_id":"$0"}}}`, "",
			like(func(e *cards.Event) { e.Kind, e.Body, e.Thread, e.Target = cards.Said, "!due", "$root", "$0" })},
		{"somebody else's mark proves nothing", "m.room.message", `{"msgtype":"m.text","body":"x","org.ronde.card":{"txn":"forged"}}`, "",
			like(func(e *cards.Event) { e.Kind, e.Body = cards.Said, "x" })},
		{"reaction", "m.reaction", `{"m.relates_to":{"rel_type":"m.annotation","event_id":"$0","key":"👍🏽️"}}`, "",
			like(func(e *cards.Event) { e.Kind, e.Target, e.Emoji = cards.Reacted, "$0", "👍🏽️" })},
		{"reaction taken back", "m.reaction", `{}`, "", nil},
		{"redaction up to version 10", "m.room.redaction", `{"reason":"oops"}`, `,"redacts":"$0"`, like(func(e *cards.Event) { e.Kind, e.Target = cards.Redacted, "$0" })},
		{"redaction from version 11", "m.room.redaction", `{"redacts":"$0"}`, "", like(func(e *cards.Event) { e.Kind, e.Target = cards.Redacted, "$0" })},
		{"redaction of nothing", "m.room.redaction", `{}`, "", nil},
		{"state", "m.room.message", `{"msgtype":"m.text","body":"!due"}`, `,"state_key":""`, nil},
		{"topic", "m.room.topic", `{"topic":"x"}`, `,"state_key":""`, nil},
		{"sticker", "m.sticker", `{"body":"x","url":"mxc://a/b","info":{}}`, "", nil},
		{"something new", "org.example.poll", `{"x":1}`, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			evt := parse(t, `{"event_id":"$1","sender":"`+alice+`","origin_server_ts":1700000000123,"type":"`+test.kind+`","content":`+test.content+test.more+`}`)
			got, ok := cardEvent(evt, self)
			switch {
			case ok != (test.want != nil):
				t.Errorf("for the bot: %v, want %v", ok, test.want != nil)
			case ok:
				if diff := cmp.Diff(*test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestOwnEventsCarryTheirTransaction(t *testing.T) {
	evt := parse(t, `{"event_id":"$1","sender":"`+self+`","type":"m.room.message","content":{"msgtype":"m.notice","body":"x","org.ronde.card":{"txn":"store-card-1"}}}`)
	if got, _ := cardEvent(evt, self); got.Txn != "store-card-1" || !got.Own {
		t.Errorf("it came back as %+v", got)
	}
	for _, mark := range []string{`5`, `null`, `"x"`, `{"txn":5}`, `[]`} {
		evt := parse(t, `{"event_id":"$1","sender":"`+self+`","type":"m.room.message","content":{"msgtype":"m.notice","body":"x","org.ronde.card":`+mark+`}}`)
		if got, _ := cardEvent(evt, self); got.Txn != "" {
			t.Errorf("%s gives the transaction %q", mark, got.Txn)
		}
	}
}

func TestARedactionInsideAnEncryptedEventRedactsNothing(t *testing.T) {
	evt := parse(t, `{"event_id":"$1","sender":"`+alice+`","type":"m.room.redaction","content":{"redacts":"$0"}}`)
	evt.Mautrix.WasEncrypted = true
	if got, ok := cardEvent(evt, self); ok {
		t.Errorf("it counts as %+v", got)
	}
}

func TestAPanicOverOneEventSkipsThatEvent(t *testing.T) {
	logs := &logbook{}
	log := slog.New(slog.NewTextHandler(logs, nil))
	b := &Bot{log: log, cli: &mautrix.Client{UserID: self}}
	// A parsed content that is a nil pointer is one way to get a panic.
	poison := &event.Event{ID: "$poison", Type: event.EventMessage, Content: event.Content{Parsed: (*event.MessageEventContent)(nil)}}
	if e, ok := b.take(t.Context(), poison, false); ok {
		t.Errorf("the event was taken as %+v", e)
	}
	if !strings.Contains(logs.String(), "$poison") {
		t.Errorf("the log does not name the event:\n%s", logs)
	}

	s := newSyncer(log)
	var handled []string
	s.OnEvent(func(_ context.Context, evt *event.Event) {
		if evt.ID == "$poison" {
			panic("a malformed event")
		}
		handled = append(handled, evt.ID.String())
	})
	resp := &mautrix.RespSync{}
	const wire = `{"next_batch":"n","rooms":{"join":{"!r:b":{"timeline":{"events":[{"event_id":"$1","type":"a"},{"event_id":"$poison","type":"a"},{"event_id":"$2","type":"a"}]}}}}}`
	if err := json.Unmarshal([]byte(wire), resp); err != nil {
		t.Fatal(err)
	}
	if err := s.ProcessResponse(t.Context(), resp, ""); err != nil || !slices.Equal(handled, []string{"$1", "$2"}) {
		t.Errorf("handled %q, %v", handled, err)
	}
}

func TestOneUnreadableEventDoesNotStopTheSync(t *testing.T) {
	const wire = `{"next_batch":"n2","rooms":{"join":{"!r:b":{"timeline":{"limited":false,"events":[
		{"event_id":"$1","type":"m.room.message","content":{"msgtype":"m.text","body":"one"}},
		{"event_id":"$2","type":"m.room.redaction","redacts":5,"content":{}},
		{"event_id":"$3","type":"m.room.message","content":"no object"},
		{"event_id":"$4","type":"m.room.message","origin_server_ts":"yesterday","content":{}},
		null, 5, "x",
		{"event_id":"$5","type":"m.room.message","origin_server_ts":1700000000123,"content":{"msgtype":"m.text","body":"five","events":[1,2]}}
	]},"state":{"events":[{"event_id":"$6","type":7}]}}}},"to_device":{"events":[{"type":"x","sender":{},"content":{}}]}}`
	var resp mautrix.RespSync
	if json.Unmarshal([]byte(wire), &resp) == nil {
		t.Fatal("the answer is readable: the test proves nothing")
	}
	var lost []string
	resp = mautrix.RespSync{}
	if err := salvage([]byte(wire), &resp, func(eventID string) { lost = append(lost, eventID) }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lost)
	if want := []string{"", "", "", "", "$2", "$3", "$4", "$6"}; !slices.Equal(lost, want) {
		t.Errorf("lost %q, want %q", lost, want)
	}
	timeline := resp.Rooms.Join["!r:b"].Timeline.Events
	if len(timeline) != 2 || timeline[0].ID != "$1" || timeline[1].ID != "$5" || timeline[1].Timestamp != 1700000000123 || resp.NextBatch != "n2" {
		t.Errorf("kept %+v", timeline)
	}
}

func TestNullsInAnAnswerAreTakenOut(t *testing.T) {
	var resp mautrix.RespSync
	const wire = `{"next_batch":"n","rooms":{"join":{"!a:b":null,"!c:d":{"timeline":{"events":[null]},"state":{"events":[null]}}},"invite":{"!e:f":null},"leave":{"!g:h":null}},"to_device":{"events":[null]}}`
	if err := json.Unmarshal([]byte(wire), &resp); err != nil {
		t.Fatal(err)
	}
	clean(&resp)
	if err := newSyncer(slog.New(slog.DiscardHandler)).ProcessResponse(t.Context(), &resp, ""); err != nil {
		t.Error(err)
	}
}

func TestWhatTheLibraryLogsHoldsNoBodies(t *testing.T) {
	logs := &logbook{}
	log := zerologTo(slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Error().Str("req_body", "what was said").Str("url", "http://x/y").Msg("Request failed")
	log.Warn().RawJSON("req_body", []byte(`{"body":"what was said"}`)).Int("n", 5).Msg("something odd")
	log.Debug().Msg("too much")
	got := logs.String()
	for _, want := range []string{"level=DEBUG", "Request failed", "url=http://x/y", "level=WARN", "something odd", "n=5"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "what was said") || strings.Contains(got, "too much") {
		t.Errorf("the log says too much:\n%s", got)
	}
}

func FuzzSalvage(f *testing.F) {
	f.Add([]byte(`{"next_batch":"n","rooms":{"join":{"!r:b":{"timeline":{"events":[{"event_id":"$1","type":5},null]}}}}}`))
	f.Add([]byte(`{"chunk":[{"redacts":5}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var resp mautrix.RespSync
		if salvage(body, &resp, func(string) {}) != nil {
			return
		}
		if err := newSyncer(slog.New(slog.DiscardHandler)).ProcessResponse(t.Context(), clean(&resp), ""); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	})
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"event_id":"$1","sender":"@ronde:ronde.test","type":"m.room.message","content":{"msgtype":"m.text","body":"> <a\n\nx","m.relates_to":{"m.in_reply_to":{"event_id":"$0"}}}}`))
	f.Add([]byte(`{"event_id":"$1","type":"m.reaction","content":{"m.relates_to":{"rel_type":"m.annotation","event_id":"$0","key":"x"}}}`))
	f.Add([]byte(`{"event_id":"$1","type":"m.room.redaction","content":{"redacts":"$0"}}`))
	f.Add([]byte(`{"event_id":"$1","type":"m.room.encrypted","content":{"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"x"}}`))
	f.Fuzz(func(t *testing.T, wire []byte) {
		var evt event.Event
		if json.Unmarshal(wire, &evt) != nil || prepare(&evt, "!room:ronde.test") != nil {
			return
		}
		joins(&evt, self)
		if e, ok := cardEvent(&evt, self); ok && (e.ID == "" || e.Kind == "" || e.Txn != "" && !e.Own) {
			t.Errorf("%s gives %+v", wire, e)
		}
		raw, err := encodeSealed(&evt, true)
		if err != nil {
			return
		}
		if again, history, err := decodeSealed(raw); err != nil || !history || again.ID != evt.ID {
			t.Errorf("%s is stored as %s and comes back as %+v, %v, %v", wire, raw, again, history, err)
		}
	})
}
