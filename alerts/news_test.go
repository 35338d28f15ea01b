package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/store"
)

// told is what Diun says through one channel, at a time of day.
type told struct{ channel, host, digest, clock string }

// TestNewsIsOneCard: whatever channels tell it, in whatever order, with whatever missing,
// each piece of news has one card, and in the end that reads the same.
func TestNewsIsOneCard(t *testing.T) {
	const one, two = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
	for _, tt := range []struct {
		name string
		all  []told
		want string // the cards, in the order of what they say
	}{
		{"both", []told{{"hook", "a", one, "10:00"}, {"mail", "a", one, "10:02"}},
			"10:00 hook a aaaaaaaaaaaa seen by Diun 10:00, mail 10:02"},
		{"the mail was quicker", []told{{"hook", "a", one, "10:02"}, {"mail", "a", one, "10:00"}},
			"10:00 hook a aaaaaaaaaaaa seen by mail 10:00, Diun 10:02"},
		{"the mail alone", []told{{"mail", "a", one, "10:02"}}, "10:02 mail aaaaaaaaaaaa"},
		{"two hosts", []told{{"hook", "a", one, "10:00"}, {"mail", "a", one, "10:02"}, {"hook", "b", one, "10:01"}, {"mail", "b", one, "10:03"}},
			"10:00 hook a aaaaaaaaaaaa seen by Diun 10:00, mail 10:02\n10:01 hook b aaaaaaaaaaaa seen by Diun 10:01, mail 10:03"},
		{"two versions", []told{{"hook", "a", one, "10:00"}, {"mail", "a", one, "10:02"}, {"hook", "a", two, "10:01"}, {"mail", "a", two, "10:03"}},
			"10:00 hook a aaaaaaaaaaaa seen by Diun 10:00, mail 10:02\n10:01 hook a bbbbbbbbbbbb seen by Diun 10:01, mail 10:03"},
		{"a mail that lay somewhere", []told{{"hook", "a", one, "10:00"}, {"mail", "a", one, "22:00"}},
			"10:00 hook a aaaaaaaaaaaa seen by Diun 10:00, mail 22:00"},
		{"a mail that says little", []told{{"hook", "a", one, "10:00"}, {"mail", "", "", "10:02"}},
			"10:00 hook a aaaaaaaaaaaa seen by Diun 10:00, mail 10:02"},
		{"and lay somewhere, too", []told{{"hook", "a", one, "10:00"}, {"mail", "", "", "12:00"}},
			"10:00 hook a aaaaaaaaaaaa\n12:00 mail "},
		{"for another host", []told{{"hook", "a", one, "10:00"}, {"mail", "b", one, "10:01"}},
			"10:00 hook a aaaaaaaaaaaa\n10:01 mail aaaaaaaaaaaa"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, order := range permutations(tt.all) {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(time.Until(today(t, "23:00")))
					d := newInboxDesk(t)
					for n, one := range order {
						d.hearsNews(one, uint32(n+1))
					}
					if got := d.newsCards(len(order)); got != tt.want {
						t.Errorf("%v:\n%s\nwant:\n%s", order, got, tt.want)
					}
					_ = d.Store.Close()
				})
			}
		})
	}
}

// TestNewsIsToldAgain: when Diun forgot what it had told, the same is told again, and each
// time it has one card.
func TestNewsIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(today(t, "23:00")))
		d := newInboxDesk(t)
		for n, clock := range []string{"10:00", "10:02", "20:00", "20:02"} {
			d.hearsNews(told{[]string{"hook", "mail"}[n%2], "a", "aaaaaaaaaaaa", clock}, uint32(n+1))
		}
		want := "10:00 hook a aaaaaaaaaaaa seen by Diun 10:00, mail 10:02\n20:00 hook a aaaaaaaaaaaa seen by Diun 20:00, mail 20:02"
		if got := d.newsCards(4); got != want {
			t.Errorf("%s\nwant:\n%s", got, want)
		}
		_ = d.Store.Close()
	})
}

// permutations returns a few things in every order.
func permutations(all []told) (orders [][]told) {
	if len(all) == 0 {
		return [][]told{nil}
	}
	for n := range all {
		for _, rest := range permutations(slices.Delete(slices.Clone(all), n, n+1)) {
			orders = append(orders, append([]told{all[n]}, rest...))
		}
	}
	return orders
}

func (d inboxDesk) hearsNews(n told, uid uint32) {
	d.t.Helper()
	if n.channel == "mail" {
		body := "News."
		if n.host != "" {
			body = fmt.Sprintf("It has been updated on docker.io registry (triggered by %s host), with digest sha256:%s for linux.", n.host, n.digest)
		}
		d.take(fmt.Sprintf("From: diun@example.org\nSubject: a/b:1 has been updated\nMessage-ID: <%d@example.org>\n\n%s\n", uid, body), n.clock, uid)
		return
	}
	body := fmt.Sprintf(`{"hostname":%q,"status":"update","image":"a/b:1","digest":"sha256:%s"}`, n.host, n.digest)
	err := d.Store.TakeHook(d.t.Context(), store.Hook{Name: "diun", Kind: "diun", Received: today(d.t, n.clock), Raw: []byte(body), Hash: n.host + n.digest})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.FoldAll(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// newsCards writes each card: when it came in, whose words it has, and who saw it.
func (d inboxDesk) newsCards(most int) string {
	d.t.Helper()
	var lines []string
	err := d.Store.View(d.t.Context(), func(tx *store.Tx) error {
		dirty, err := tx.DirtyCards(most + 1)
		for _, c := range dirty {
			render := d.RenderHook
			if c.Kind == MailCard {
				render = d.RenderMail
			}
			content, err := render(tx, c.Subject)
			if err != nil {
				return err
			}
			lines = append(lines, sketch(content.Message.Plain))
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// sketch keeps of a card what the table tells.
func sketch(plain string) string {
	head, rest, _ := strings.Cut(plain, "\n")
	clock := head[strings.LastIndex(head, " ")+1:]
	digest := ""
	if _, after, found := strings.Cut(rest, "sha256:"); found {
		digest = after[:12]
	}
	if strings.Contains(rest, "From:") || strings.Contains(rest, "diun@example.org") {
		return clock + " mail " + digest
	}
	_, host, _ := strings.Cut(rest, "\n\n")
	host, _, _ = strings.Cut(host, "\n")
	seen := ""
	if _, after, found := strings.Cut(rest, "seen by: "); found {
		after, _, _ = strings.Cut(after, "\n")
		seen = " seen by " + after
	}
	return strings.TrimRight(clock+" hook "+host+" "+digest+seen, " ")
}
