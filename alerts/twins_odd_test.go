package alerts

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/store"
)

// TestOddTwins: what clocks and delays can do, where nothing is reopened and where what
// comes back soon is the same incident.
func TestOddTwins(t *testing.T) {
	at := func(channel store.Channel, what, clock, fault string) word {
		moment, err := time.Parse("15:04:05", clock)
		if err != nil {
			t.Fatal(err)
		}
		return word{channel, what == "up", today(t, "00:00").Add(moment.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))), fault}
	}
	web, mail, room := store.Webhook, store.ByMail, store.InRoom
	for _, tt := range []struct {
		name  string
		words []word
		want  []string
		soon  []string // within the time in which an incident is reopened; nil for want
	}{
		{"a message dated after the recovery, by a slow channel, reopens nothing",
			[]word{at(web, "down", "10:00:00", "502"), at(web, "up", "10:00:20", ""), at(room, "down", "10:00:35", "502"), at(room, "up", "10:00:40", "")},
			[]string{"🟢"}, nil},
		{"another fault right after the recovery is news",
			[]word{at(web, "down", "10:00:00", "502"), at(web, "up", "10:00:20", ""), at(room, "down", "10:00:35", "timeout")},
			[]string{"🟢", "🔴"}, []string{"🔴 again"}},
		{"so is the same fault, when the channel had spoken already",
			[]word{at(web, "down", "10:00:00", "502"), at(room, "down", "10:00:01", "502"), at(web, "up", "10:00:20", ""), at(room, "down", "10:00:35", "502")},
			[]string{"🟢", "🔴"}, []string{"🔴 again"}},
		{"an outage right after a recovery that a slow channel tells later than it began",
			[]word{at(web, "down", "10:00:00", "502"), at(mail, "down", "10:00:01", "502"), at(web, "up", "10:05:00", ""), at(mail, "up", "10:05:30", ""), at(web, "down", "10:05:20", "502")},
			[]string{"🟢", "🔴"}, []string{"🔴 again"}},
		{"and the recovery of the first does not end the second",
			[]word{at(web, "down", "10:00:00", "502"), at(web, "up", "10:05:00", ""), at(web, "down", "10:05:20", "502"), at(mail, "up", "10:05:30", "")},
			[]string{"🟢", "🔴"}, []string{"🔴 again"}},
		{"a channel's own clock ends what a slow one told later",
			[]word{at(web, "down", "10:00:00", "502"), at(room, "down", "10:00:40", "502"), at(web, "up", "10:00:30", "")},
			[]string{"🟢"}, nil},
		{"nor does the recovery of one that another channel told too early get lost",
			[]word{at(web, "down", "10:00:30", "502"), at(mail, "up", "10:00:20", ""), at(web, "up", "10:00:50", "")},
			[]string{"🟢"}, nil},
		{"nor that of one that fired again at once",
			[]word{at(web, "down", "10:00:00", "502"), at(mail, "down", "10:00:01", "502"), at(web, "up", "10:05:00", ""), at(web, "down", "10:05:20", "502"), at(mail, "up", "10:05:10", ""), at(web, "up", "10:05:50", "")},
			[]string{"🟢", "🟢"}, []string{"🟢 again"}},
		{"a twin that comes two outages later belongs to the first",
			[]word{at(web, "down", "10:00:00", "502"), at(web, "up", "10:05:00", ""), at(web, "down", "10:10:00", "503"), at(mail, "down", "10:00:01", "502"), at(mail, "up", "10:05:01", "")},
			[]string{"🟢", "🔴"}, []string{"🔴 again"}},
		{"and neither outage loses its own end",
			[]word{at(web, "down", "10:00:00", "502"), at(web, "up", "10:05:00", ""), at(web, "down", "10:10:00", "503"), at(mail, "up", "10:05:01", ""), at(mail, "up", "10:15:01", "")},
			[]string{"🟢", "🟢"}, []string{"🟢 again"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for reopen, want := range map[time.Duration][]string{0: tt.want, 15 * time.Minute: tt.soon} {
				if want == nil {
					want = tt.want
				}
				if diff := cmp.Diff(want, comesTo(t, reopen, tt.words)); diff != "" {
					t.Errorf("incidents when reopening for %s (-want +got):\n%s", reopen, diff)
				}
			}
		})
	}
}

// comesTo tells words in their order and returns the mark of each incident's card, and
// whether it fired again.
func comesTo(t *testing.T, reopen time.Duration, words []word) (marks []string) {
	t.Helper()
	d := newInboxDesk(t)
	d.Settings.Reopen = reopen
	d.update(func(tx *store.Tx) {
		again := ""
		for line := range strings.Lines(d.story(tx, "Cloud", words)) {
			if !strings.HasPrefix(line, "{") {
				marks = append(marks, string([]rune(line)[0])+again)
			} else if again = ""; strings.Contains(line, "Flaps:1") {
				again = " again"
			}
		}
	})
	return marks
}

// TestTwinsAndWhatPeopleSay: what another channel told already is no news after people
// spoke of it, either.
func TestTwinsAndWhatPeopleSay(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after string // what ana does after the webhook said that it is down
		words []word
		want  string
		rings string
	}{
		{"a late twin does not fire again what was closed by hand", "10:02 ana handles",
			[]word{{store.ByMail, false, today(t, "10:00").Add(40 * time.Second), "502"}}, "resolved by hand", ""},
		{"not even one that is dated after that", "10:00 ana handles",
			[]word{{store.ByMail, false, today(t, "10:00").Add(40 * time.Second), "502"}}, "resolved by hand", ""},
		{"nor does its recovery, by two channels, change more than that it is over", "10:02 ana handles",
			[]word{{store.Webhook, true, today(t, "10:05"), ""}, {store.ByMail, true, today(t, "10:05").Add(time.Second), ""}}, "resolved by hand", ""},
		{"down again soon after that, by two channels, is the same and rings once", "10:02 ana handles",
			[]word{{store.Webhook, false, today(t, "10:08"), "502"}, {store.ByMail, false, today(t, "10:08").Add(time.Second), "502"}}, "firing 2 alerts flaps 1", "ring"},
		{"a twin leaves it taken", "10:02 ana acks",
			[]word{{store.ByMail, false, today(t, "10:00").Add(time.Second), "502"}}, "acknowledged", ""},
		{"and silent", "10:02 ana hushes 1h",
			[]word{{store.ByMail, false, today(t, "10:00").Add(time.Second), "502"}, {store.InRoom, false, today(t, "10:00").Add(2 * time.Second), "502"}}, "silenced", ""},
		{"who flaps by three channels rings once", "10:02 ana notes",
			[]word{
				{store.Webhook, true, today(t, "10:03"), ""}, {store.ByMail, false, today(t, "10:00").Add(time.Second), "502"},
				{store.Webhook, false, today(t, "10:05"), "502"}, {store.InRoom, true, today(t, "10:03").Add(2 * time.Second), ""},
				{store.InRoom, false, today(t, "10:05").Add(2 * time.Second), "502"}, {store.ByMail, true, today(t, "10:03").Add(time.Second), ""},
				{store.ByMail, false, today(t, "10:05").Add(time.Second), "502"},
			}, "firing 2 alerts flaps 1", "ring"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				tell := func(w word) {
					time.Sleep(time.Until(w.at))
					p.update(func(tx *store.Tx) {
						if err := p.tell(tx, "Cloud", w, tx.Now); err != nil {
							t.Fatal(err)
						}
					})
				}
				tell(word{store.Webhook, false, today(t, "10:00"), "502"})
				p.do(tt.after)
				for _, w := range tt.words {
					tell(w)
				}
				if got := p.states(); got != tt.want {
					t.Errorf("comes to %q, want %q", got, tt.want)
				}
				if got := strings.Join(*p.rings, " "); got != tt.rings {
					t.Errorf("rang %q, want %q", got, tt.rings)
				}
				_ = p.Store.Close()
			})
		})
	}
}

// TestAnExpiryIsOneIncident: Uptime Kuma's warning that a certificate runs out is one
// incident, too, whichever ways it comes.
func TestAnExpiryIsOneIncident(t *testing.T) {
	d := newInboxDesk(t)
	line := "[Cloud][https://cloud.example.org] server certificate cloud.example.org will expire in 7 days"
	mail := "From: kuma@example.org\nDate: Mon, 02 Mar 2026 10:00:02 +0000\nSubject: " + line + "\n\n" + line + "\n"
	d.update(func(tx *store.Tx) {
		received := today(t, "10:00")
		hook := store.Hook{Name: "kuma", Kind: string(Kuma), Received: received, Raw: fmt.Appendf(nil, `{"heartbeat":null,"monitor":null,"msg":%q}`, line)}
		if _, err := d.placeHook(tx, hook); err != nil {
			t.Fatal(err)
		}
		if _, err := d.place(tx, store.Mail{Received: received, Raw: []byte(mail)}); err != nil {
			t.Fatal(err)
		}
		if err := d.Hear(tx, line, received.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	})
	if got, want := d.incidents(), "firing since 10:00: will expire in 7 days: Cloud, 1 alert, verified"; got != want {
		t.Errorf("comes to %q, want %q", got, want)
	}
}

// TestAnIncidentFromBeforeSightingsGoesOn: one that an older ronde opened counts on,
// ends, and is not reopened by what is late.
func TestAnIncidentFromBeforeSightingsGoesOn(t *testing.T) {
	d := newInboxDesk(t)
	began := today(t, "10:00")
	d.update(func(tx *store.Tx) {
		_, err := tx.AddIncident(store.Incident{
			Source: string(Kuma), Thing: "Cloud", State: store.Firing, Fault: "502", Verified: true, Since: began, Newest: began.Add(5 * time.Minute), Alerts: 3,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := show(tx, 1, urgent); err != nil {
			t.Fatal(err)
		}
		d.story(tx, "Cloud", []word{
			{store.ByMail, false, began.Add(10 * time.Minute), "502"},
			{store.Webhook, true, began.Add(20 * time.Minute), ""},
			{store.ByMail, false, began.Add(15 * time.Minute), "502"},
			{store.InRoom, true, began.Add(20*time.Minute + time.Second), ""},
		})
	})
	// The two mails are alerts of their own: nobody had told them before.
	if diff := cmp.Diff("resolved since 10:00 until 10:20: 502, 5 alerts, verified", d.incidents()); diff != "" {
		t.Errorf("incidents (-want +got):\n%s", diff)
	}
}
