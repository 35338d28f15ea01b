package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/store"
)

// tiedOutage is what the channels of two systems say of one outage, each in its order: the
// fault of a word is whose it is.
func tiedOutage(t *testing.T, kuma, healthchecks [2]string) (channels [][]word) {
	t.Helper()
	for i, times := range [][2]string{kuma, healthchecks} {
		kind := []Kind{Kuma, Healthchecks}[i]
		for n, c := range []store.Channel{store.Webhook, store.ByMail} {
			late := time.Duration(n) * time.Second
			channels = append(channels, []word{
				{channel: c, at: today(t, times[0]).Add(late), fault: string(kind)}, {channel: c, up: true, at: today(t, times[1]).Add(late), fault: string(kind)},
			})
		}
	}
	return channels
}

// TestTheOrderOfTiedWordsDoesNotMatter: two systems tell an outage by two channels each,
// every channel in its own order. However they overtake each other, it is one incident
// with one card, in the same state.
func TestTheOrderOfTiedWordsDoesNotMatter(t *testing.T) {
	for _, tt := range []struct {
		name               string
		kuma, healthchecks [2]string // when it begins and ends
		channels, orders   int
		want               string
	}{
		{"one after the other", [2]string{"10:00", "10:20"}, [2]string{"10:05", "10:25"}, 4, 2520, "🟢 Back up · THING · 10:25 · after 25\u00a0min"},
		{"one within the other", [2]string{"10:00", "10:20"}, [2]string{"10:05", "10:15"}, 3, 90, "🟢 Back up · THING · 10:20 · after 20\u00a0min"},
		{"at once", [2]string{"10:00", "10:20"}, [2]string{"10:00", "10:20"}, 3, 90, "🟢 Back up · THING · 10:20 · after 20\u00a0min"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newInboxDesk(t)
			played, first := 0, ""
			d.update(func(tx *store.Tx) {
				interleave(tiedOutage(t, tt.kuma, tt.healthchecks)[:tt.channels], nil, func(order []word) {
					got := d.tiedStory(tx, played, order)
					if played++; first == "" {
						first = got
					}
					if got != first || strings.Count(got, "\n") != 1 || !strings.Contains(got, tt.want) {
						t.Fatalf("%v:\n%s\nbut in another order\n%s\nwant %s", order, got, first, tt.want)
					}
				})
			})
			if played != tt.orders {
				t.Errorf("%d orders were played, not %d", played, tt.orders)
			}
		})
	}
}

// interleave calls visit with every order of what some channels say, of each in its own.
func interleave(left [][]word, order []word, visit func([]word)) {
	over := true
	for n := range left {
		if len(left[n]) > 0 {
			over = false
			rest := slices.Clone(left)
			rest[n] = left[n][1:]
			interleave(rest, append(slices.Clone(order), left[n][0]), visit)
		}
	}
	if over {
		visit(order)
	}
}

// TestAnyOrderOfSomeTiedWords: also when an end overtakes what it ends, and whatever is
// missing, the same words come to the same incident.
func TestAnyOrderOfSomeTiedWords(t *testing.T) {
	d := newInboxDesk(t)
	channels := tiedOutage(t, [2]string{"10:00", "10:20"}, [2]string{"10:05", "10:25"})
	all := slices.Concat(channels[0], channels[2])
	played := 0
	for subset := 1; subset < 1<<len(all); subset++ {
		var words []word
		for n, w := range all {
			if subset&(1<<n) != 0 {
				words = append(words, w)
			}
		}
		first := ""
		d.update(func(tx *store.Tx) {
			orders(words, func(order []word) {
				got := d.tiedStory(tx, played, order)
				if played++; first == "" {
					first = got
				}
				if got != first || strings.Count(got, "\n") != 1 {
					t.Fatalf("%v:\n%s\nbut in another order\n%s", order, got, first)
				}
			})
		})
	}
	if played != 64 {
		t.Errorf("%d orders were played, not 64", played)
	}
}

// tiedStory tells words in an order, one minute after another and none before it
// happened, of a tie of their own, and returns what that comes to.
func (d inboxDesk) tiedStory(tx *store.Tx, n int, words []word) string {
	d.t.Helper()
	things := map[string]string{string(Kuma): fmt.Sprintf("cloud %d", n), string(Healthchecks): fmt.Sprintf("cron %d", n)}
	tie := Tie{Name: fmt.Sprintf("Nuage %d", n), Things: slices.Collect(maps.Values(things))}
	d.Settings.Same = []Tie{tie}
	received := today(d.t, "00:00")
	for _, w := range words {
		r := Reading{Kind: Kind(w.fault), State: Firing, Thing: things[w.fault], Fault: w.fault, Since: w.at, Verified: true}
		if w.up {
			r.State = Resolved
		}
		if received = received.Add(time.Minute); received.Before(w.at) {
			received = w.at
		}
		if _, err := d.placeAlert(tx, r, heard{w.channel, received}); err != nil {
			d.t.Fatalf("%v: %v", w, err)
		}
	}
	out, err := d.comeTo(tx, tieSource, tie.Name)
	if err != nil {
		d.t.Fatalf("%v: %v", words, err)
	}
	return out
}
