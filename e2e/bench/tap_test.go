package main

import (
	"net/http"
	"testing"
	"time"
)

func TestThePushIsTheFirstAnnouncementToWhoWaits(t *testing.T) {
	tap := &mailTap{idling: make(chan struct{}, 1)}
	at := func(second int64, said ...string) time.Time {
		for _, line := range said {
			tap.line([]byte(line), time.Unix(second, 0))
		}
		return time.Unix(second, 0)
	}
	at(1, "* 3 EXISTS", "A2 OK [READ-ONLY] Select completed (0.001 secs).") // of SELECT: nobody waits yet
	at(2, "+ idling")
	pushed := at(3, "* 4 EXISTS")
	at(4, "* 1 RECENT", "* 4 EXISTS", "A3 OK Idle completed (0.500 secs).")
	at(5, "A4 OK Fetch completed (0.001 secs).")
	fetched := at(6, "* 4 FETCH (UID 9 BODY[] {2}", "A5 OK Fetch completed (0.001 secs).")
	if p, f := tap.last(); !p.Equal(pushed) || !f.Equal(fetched) {
		t.Errorf("pushed at %d and fetched at %d, want %d and %d", p.Unix(), f.Unix(), pushed.Unix(), fetched.Unix())
	}
	if err := tap.idles(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLinesThatComeInPieces(t *testing.T) {
	var got []string
	l := &lines{take: func(line []byte, _ time.Time) { got = append(got, string(line)) }}
	for _, piece := range []string{"* 1 EX", "ISTS\r", "\n* 1 RECENT\r\n+ idl", "ing\r\n"} {
		if n, err := l.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("wrote %d of %q: %v", n, piece, err)
		}
	}
	if len(got) != 3 || got[0] != "* 1 EXISTS" || got[2] != "+ idling" {
		t.Errorf("got %q", got)
	}
}

func TestTheEventOfAMail(t *testing.T) {
	sent := call{
		path: "/_matrix/client/v3/rooms/!a:localhost/send/m.room.message/abc-card-7",
		body: `{"body":"🔴 Panne · Sonde 7"}`, status: http.StatusOK,
	}
	if !message("!a:localhost", "Sonde 7")(sent) {
		t.Error("the event was not recognised")
	}
	for what, change := range map[string]func(c *call){
		"refused":       func(c *call) { c.status = http.StatusTooManyRequests },
		"other room":    func(c *call) { c.path = "/_matrix/client/v3/rooms/!b:localhost/send/m.room.message/x" },
		"a reaction":    func(c *call) { c.path = "/_matrix/client/v3/rooms/!a:localhost/send/m.reaction/x" },
		"another alert": func(c *call) { c.body = "Sonde 8" },
	} {
		other := sent
		change(&other)
		if message("!a:localhost", "Sonde 7")(other) {
			t.Errorf("%s: taken for the event", what)
		}
	}
}
