package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"maunium.net/go/mautrix/id"

	"ronde/alerts"
	"ronde/e2e/scene"
)

func speak(t *testing.T, code string) words {
	t.Helper()
	w, err := wordsOf(code)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestTheMailsAreKumas(t *testing.T) {
	thing := speak(t, "fr").thing
	at := time.Date(2026, 11, 22, 3, 14, 0, 0, time.UTC)
	for state, raw := range map[alerts.State][]byte{alerts.Firing: kuma(thing, true, at), alerts.Resolved: kuma(thing, false, at)} {
		r := alerts.Read(raw, alerts.Trust{AuthServID: mailServer})
		if r.Kind != alerts.Kuma || r.State != state || r.Thing != "Wiki de l’asso" || !r.Since.Equal(at) || !r.Verified {
			t.Errorf("read as %+v, want %s from Kuma at %s, verified", r, state, at)
		}
	}
}

func TestAConversationReadsAsOnAScreen(t *testing.T) {
	asked := scene.Message{ID: "$1", Sender: "@ana:localhost", Body: "!stats antigone", At: time.Date(2026, 11, 22, 3, 14, 0, 0, time.UTC)}
	answer := scene.Message{
		ID: "$3", ReplyTo: "$1", Sender: "@ronde:localhost", At: asked.At,
		Body:     "conteneur    CPU%  mém/max   % PIDs\n" + strings.Repeat("mot ", 20) + "la\u00a0fin",
		Original: "🔴 avant\nsuite", Edits: 2,
		Reactions: map[id.EventID]scene.Reaction{"$4": {Emoji: "👀"}, "$5": {Emoji: "👀\ufe0f"}, "$6": {Emoji: "✅"}},
	}
	room := []scene.Message{asked, {ID: "$2", Sender: "@bob:localhost"}, answer}
	var page strings.Builder
	speak(t, "fr").write(&page, answer, quoted(room, 2))
	want := `      04:14  ronde, répond à ana « !stats antigone »
             conteneur    CPU%  mém/max   % PIDs
             mot mot mot mot mot mot mot mot mot mot mot mot mot mot mot mot mot
             mot mot mot la` + "\u00a0" + `fin
             [✅ 1] [👀 2] (modifié ×2)
                notifié à 04:14` + "\u00a0" + `: 🔴 avant
`
	if diff := cmp.Diff(want, page.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if above := quoted(append(room[:1:1], answer), 1); above.ID != "" {
		t.Error("a message is quoted by the reply right below it")
	}
}

func TestWidthsAreThoseOfATerminal(t *testing.T) {
	for s, want := range map[string]int{"": 0, "né": 2, "🔴 a": 4, "✅": 2, "↩️": 1, "━━": 2} {
		if got := widthOf(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}
