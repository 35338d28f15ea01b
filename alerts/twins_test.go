package alerts

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/store"
)

// word is what one channel says once.
type word struct {
	channel store.Channel
	up      bool
	at      time.Time // by the channel's clock
	fault   string
}

func (w word) String() string {
	what := "down"
	if w.up {
		what = "up"
	}
	return fmt.Sprintf("%s %s %s", w.channel, what, w.at.Format("15:04:05"))
}

// outage is what the three channels say of one outage: the webhook with Uptime
// Kuma's own clock, the mail and the message a little later.
func outage(down, up string, t *testing.T) []word {
	t.Helper()
	var words []word
	for n, c := range []store.Channel{store.Webhook, store.ByMail, store.InRoom} {
		late := time.Duration(n) * time.Second
		words = append(words,
			word{channel: c, at: today(t, down).Add(late), fault: "Request failed with status code 502"},
			word{channel: c, up: true, at: today(t, up).Add(late), fault: "200 - OK"})
	}
	return words
}

// tell has a channel say something of a thing, as if it came in at a time.
func (d inboxDesk) tell(tx *store.Tx, thing string, w word, received time.Time) error {
	mark := "🔴 Down"
	status := 0
	if w.up {
		mark, status = "✅ Up", 1
	}
	line := fmt.Sprintf("[%s] [%s] %s", thing, mark, w.fault)
	switch w.channel {
	case store.Webhook:
		raw := fmt.Sprintf(`{"heartbeat":{"monitorID":12,"status":%d,"time":%q,"msg":%q},"monitor":{"id":12,"name":%q},"msg":%q}`,
			status, w.at.UTC().Format("2006-01-02 15:04:05.000"), w.fault, thing, line)
		_, err := d.placeHook(tx, store.Hook{Name: "kuma", Kind: string(Kuma), Received: received, Type: "application/json", Raw: []byte(raw)})
		return err
	case store.ByMail:
		raw := fmt.Sprintf("Authentication-Results: mx.example.org; dkim=pass header.d=example.org\nFrom: kuma@example.org\nDate: %s\nSubject: %s\n\n%s\n",
			w.at.Format(time.RFC1123Z), line, line)
		_, err := d.place(tx, store.Mail{Received: received, Raw: []byte(raw)})
		return err
	}
	return d.Hear(tx, line, w.at) // the homeserver's clock says when it came in
}

// update runs steps of a test in one transaction, as thousands of stories take
// their time on a disk.
func (d inboxDesk) update(steps func(tx *store.Tx)) {
	d.t.Helper()
	err := d.Store.Update(d.t.Context(), func(tx *store.Tx) error {
		steps(tx)
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// story tells words in an order, one minute after another and none before it
// happened, and returns the incidents that they come to, with their cards.
func (d inboxDesk) story(tx *store.Tx, thing string, words []word) string {
	d.t.Helper()
	received := today(d.t, "00:00")
	for _, w := range words {
		if received = received.Add(time.Minute); received.Before(w.at) {
			received = w.at
		}
		if err := d.tell(tx, thing, w, received); err != nil {
			d.t.Fatalf("%v: %v", w, err)
		}
	}
	out, err := d.comeTo(tx, string(Kuma), thing)
	if err != nil {
		d.t.Fatalf("%v: %v", words, err)
	}
	return out
}

// comeTo writes the incidents of a thing and the first line of the card of each.
func (d inboxDesk) comeTo(tx *store.Tx, source, thing string) (string, error) {
	incidents, err := tx.IncidentsOf(source, thing, 100)
	var all []string
	for _, i := range slices.Backward(incidents) {
		if _, shown, err := tx.CardOf(IncidentCard, i.ID); !shown || err != nil {
			return "", fmt.Errorf("the card of incident %d: %v, %w", i.ID, shown, err)
		}
		s, err := d.stands(tx, i)
		if err != nil {
			return "", err
		}
		card, _, _ := strings.Cut(d.writeIncident(s, today(d.t, "23:00")).Message.Plain, "\n")
		i.Thing, i.ID = "", 0
		i.Alerted, i.RangAt, i.RefiredAt, i.CalmAt, i.OpenedAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{} // when it was heard of
		all = append(all, fmt.Sprintf("%+v\n%s", i, strings.ReplaceAll(card, thing, "THING")))
	}
	return strings.Join(all, "\n"), err
}

// orders calls visit with every order of the words, until it returns false.
func orders(words []word, visit func([]word)) {
	var walk func(n int)
	walk = func(n int) {
		if n == len(words) {
			visit(words)
			return
		}
		for i := n; i < len(words); i++ {
			words[n], words[i] = words[i], words[n]
			walk(n + 1)
			words[n], words[i] = words[i], words[n]
		}
	}
	walk(0)
}

// TestTheOrderOfTwinsDoesNotMatter: whichever of the three channels say that something
// is down and up again, in whatever order, with whatever delays, and each of them once
// or again, it is one incident with one card in the same state.
func TestTheOrderOfTwinsDoesNotMatter(t *testing.T) {
	d := newInboxDesk(t)
	all := outage("10:00", "10:20", t)
	played := 0
	for subset := 1; subset < 1<<len(all); subset++ {
		var words []word
		for n, w := range all {
			if subset&(1<<n) != 0 {
				words = append(words, w)
			}
		}
		want := ""
		d.update(func(tx *store.Tx) {
			orders(words, func(order []word) {
				played++
				thing := fmt.Sprintf("Cloud %d", played)
				got := d.story(tx, thing, order)
				if want == "" {
					want = got
					checkOutcome(t, words, got)
				}
				if got != want {
					t.Fatalf("%v:\n%s\nbut in another order\n%s", order, got, want)
				}
				// What was said is said again, backwards: nothing is news.
				if again := d.story(tx, thing, backwards(order)); again != want {
					t.Fatalf("%v, and backwards again:\n%s\nwant\n%s", order, again, want)
				}
			})
		})
		if strings.Count(want, "\n") != 1 {
			t.Fatalf("%v: not one incident:\n%s", words, want)
		}
	}
	if played != 1956 {
		t.Errorf("%d orders were played, not 1956", played)
	}
}

func backwards(words []word) []word {
	again := slices.Clone(words)
	slices.Reverse(again)
	return again
}

// checkOutcome checks the state that a set of words must come to.
func checkOutcome(t *testing.T, words []word, got string) {
	t.Helper()
	down := slices.ContainsFunc(words, func(w word) bool { return !w.up })
	up := slices.ContainsFunc(words, func(w word) bool { return w.up })
	want := map[[2]bool]string{
		{true, false}: "🔴 Down · THING · Request failed with status code 502 · since 10:00",
		{true, true}:  "🟢 Back up · THING · 10:20 · after 20\u00a0min",
		{false, true}: "🟢 Back up · THING · 10:20 · the outage was never reported",
	}[[2]bool{down, up}]
	if _, card, _ := strings.Cut(got, "\n"); !strings.HasPrefix(strings.ReplaceAll(card, "after 19", "after 20"), want) {
		t.Errorf("%v come to\n%s\nwant\n%s", words, card, want)
	}
}

// TestTwoOutagesInARow: each channel tells two outages in their order; however the
// channels overtake each other, they come to two incidents, the same two each time, or
// to one that fired again when it is reopened so soon.
func TestTwoOutagesInARow(t *testing.T) {
	perChannel := map[store.Channel][]word{}
	for _, w := range append(outage("10:00", "10:05", t), outage("10:07", "10:20", t)...) {
		perChannel[w.channel] = append(perChannel[w.channel], w)
	}
	for _, tt := range []struct {
		reopen    time.Duration
		incidents int
		counted   string
	}{
		{0, 2, "Alerts:1 Doubted:0"},
		{15 * time.Minute, 1, "Alerts:2 Doubted:0"},
	} {
		d := newInboxDesk(t)
		d.Settings.Reopen = tt.reopen
		want := ""
		random := rand.New(rand.NewPCG(1, 2))
		d.update(func(tx *store.Tx) {
			for n := range 300 {
				order := shuffled(random, maps.Clone(perChannel))
				got := d.story(tx, fmt.Sprintf("Forge %d", n), order)
				if want == "" {
					want = got
				}
				flaps := strings.Count(got, fmt.Sprintf("Flaps:%d", 2-tt.incidents))
				if got != want || strings.Count(got, "🟢 Back up") != tt.incidents || strings.Count(got, tt.counted) != tt.incidents || flaps != tt.incidents {
					t.Fatalf("reopening for %s, %v:\n%s\nwant\n%s", tt.reopen, order, got, want)
				}
				// A channel says all of it again: nothing is news.
				again := d.story(tx, fmt.Sprintf("Forge %d", n), perChannel[store.ByMail])
				if again != want {
					t.Fatalf("reopening for %s, %v, and the mails again:\n%s\nwant\n%s", tt.reopen, order, again, want)
				}
			}
		})
	}
}

// shuffled puts the words of several channels into one row, each channel's own in
// their order.
func shuffled(random *rand.Rand, left map[store.Channel][]word) (order []word) {
	channels := []store.Channel{store.Webhook, store.ByMail, store.InRoom}
	for {
		var waiting []store.Channel
		for _, c := range channels {
			if len(left[c]) > 0 {
				waiting = append(waiting, c)
			}
		}
		if len(waiting) == 0 {
			return order
		}
		c := waiting[random.IntN(len(waiting))]
		order = append(order, left[c][0])
		left[c] = left[c][1:]
	}
}
