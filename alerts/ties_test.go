package alerts

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"ronde/store"
)

// nuage ties what four systems say of one service, one of them of two things.
var nuage = Tie{Name: "Nuage", Things: []string{"Nuage (Nextcloud)", "Nuage ping", "nuage-cron", "nuage disk", "NUAGE job"}}

// speakers are those who say something of it: the sender, what it calls the thing, and
// by which channel it says so.
var speakers = map[string]struct {
	kind    Kind
	rule    string
	thing   string
	channel store.Channel
}{
	"kuma":    {Kuma, "", "Nuage (Nextcloud)", store.Webhook},
	"kumail":  {Kuma, "", "Nuage (Nextcloud)", store.ByMail},
	"ping":    {Kuma, "", "Nuage ping", store.Webhook},
	"hc":      {Healthchecks, "", "nuage-cron", store.Webhook},
	"hcmail":  {Healthchecks, "", "nuage-cron", store.ByMail},
	"netdata": {Netdata, "", "nuage disk", store.Webhook},
	"rule":    {Ruled, "Sauvegardes", "nuage job", store.ByMail},
	"check":   {"check/disk", "", "Nuage (Nextcloud)", store.ByCheck},
	"expiry":  {KumaExpiry, "", "Nuage (Nextcloud)", store.Webhook},
	"forge":   {Kuma, "", "Forge", store.Webhook},
	"wiki":    {Kuma, "", "Wiki", store.Webhook},
}

// hears has a speaker say something: "WHO down FAULT" or "WHO up", as mails do in
// TestFolding; "still" is "down" by a sender that says so of the time at which it sends.
func (p *play) hears(what string) {
	p.t.Helper()
	who, said, _ := strings.Cut(what, " ")
	word, fault, _ := strings.Cut(said, " ")
	word, sent, dated := strings.Cut(word, "@")
	word, unverified := strings.CutSuffix(word, "?")
	by := speakers[who]
	err := p.Store.Update(p.t.Context(), func(tx *store.Tx) error {
		r := Reading{Kind: by.kind, Rule: by.rule, State: Firing, Thing: by.thing, Fault: fault, Since: tx.Now, Verified: !unverified, Still: word == "still"}
		if word == "up" {
			r.State = Resolved
		}
		if dated {
			r.Since = today(p.t, sent)
		}
		_, err := p.placeAlert(tx, r, heard{by.channel, tx.Now})
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestTies: what several systems say of things that are tied is one incident, which is
// over when none of them says any more that it is down. "tie" and "untie" change the
// configuration.
func TestTies(t *testing.T) {
	for _, tt := range []struct{ name, steps, want, rings string }{
		{"two that say so are one, counted", "10:00 kuma down 502; 10:05 hc down timeout", "firing since 10:00: timeout, 2 alerts, verified", ""},
		{"a recovery by one of them leaves what the other says", "10:00 kuma down 502; 10:05 hc down timeout; 10:10 hc up",
			"firing since 10:00: 502, 2 alerts, verified", ""},
		{"both", "10:00 kuma down 502; 10:05 hc down timeout; 10:10 kuma up; 10:12 hc up", "resolved since 10:00 until 10:12: timeout, 2 alerts, verified", ""},
		{"each again, counted", "10:00 kuma down 502; 10:05 hc down timeout; 10:10 kuma down 503; 10:12 hc up; 10:13 kuma up",
			"resolved since 10:00 until 10:13: 503, 3 alerts, verified", ""},
		{"a recovery by one who had not spoken ends nothing", "10:00 kuma down 502; 10:05 hc up", "firing since 10:00: 502, 1 alert, verified", ""},
		{"and is no end when the other's comes", "10:00 kuma down 502; 10:05 hc up; 10:10 kuma up; 10:12 netdata up", "resolved since 10:00 until 10:10: 502, 1 alert, verified", ""},
		{"only the recovery was seen", "10:10 hc up", "resolved since 10:10 until 10:10: , 0 alerts, verified", ""},
		{"two things of one system are two voices", "10:00 kuma down 502; 10:01 ping down timeout; 10:05 kuma up", "firing since 10:00: timeout, 2 alerts, verified", ""},
		{"a rule, and a check of the bot's own", "10:00 rule down failed; 10:01 check down 502; 10:02 rule up; 10:03 check up",
			"resolved since 10:00 until 10:03: 502, 2 alerts, verified", ""},
		{"what expires is not tied", "10:00 expiry down will expire in 7 days; 10:01 kuma down 502; 10:02 kuma up",
			"firing since 10:00: will expire in 7 days, 1 alert, verified\nresolved since 10:01 until 10:02: 502, 1 alert, verified", ""},
		{"nor is what else breaks", "10:00 forge down 502; 10:01 kuma down 503", "firing since 10:00: 502, 1 alert, verified\nfiring since 10:01: 503, 1 alert, verified", ""},

		{"a twin by another channel is counted once", "10:00 kuma down 502; 10:01 kumail down@10:00 502; 10:02 hc down timeout; 10:03 hcmail down@10:02 timeout",
			"firing since 10:00: timeout, 2 alerts, verified", ""},
		{"and only a source has twins", "10:00 kuma down 502; 10:00 hcmail down 502", "firing since 10:00: 502, 2 alerts, verified", ""},
		{"a late twin after the end reopens nothing", "10:00 kuma down 502; 10:05 hc down timeout; 10:10 kuma up; 10:12 hc up; 10:13 kumail down@10:00 502; 10:14 hcmail up@10:12",
			"resolved since 10:00 until 10:12: timeout, 2 alerts, verified", ""},
		{"nor before it", "10:00 kuma down 502; 10:05 hc down timeout; 10:10 kuma up; 10:11 kumail down@10:00 502; 10:12 hc up",
			"resolved since 10:00 until 10:12: timeout, 2 alerts, verified", ""},

		{"it was not over, as is heard afterwards", "10:00 kuma down 502; 10:10 kuma up; 10:15 hcmail down@10:05 timeout", "firing since 10:00: timeout, 2 alerts, verified", "ring"},
		{"and then it is", "10:00 kuma down 502; 10:10 kuma up; 10:15 hcmail down@10:05 timeout; 10:16 hc up@10:12",
			"resolved since 10:00 until 10:12: timeout, 2 alerts, verified", "ring"},
		{"so also long afterwards", "10:00 kuma down 502; 10:10 kuma up; 15:00 hcmail down@10:05 timeout", "firing since 10:00: timeout, 2 alerts, verified", "ring"},
		{"down soon after its end is the same", "10:00 kuma down 502; 10:10 kuma up; 10:15 hc down timeout; 10:16 hc up", "resolved since 10:00 until 10:16: timeout, 2 alerts, verified, flaps 1", "ring"},
		{"later it is a new one", "10:00 kuma down 502; 10:10 kuma up; 10:30 hc down timeout",
			"resolved since 10:00 until 10:10: 502, 1 alert, verified\nfiring since 10:30: timeout, 1 alert, verified", ""},
		{"one who flaps while the other holds on does not ring", "10:00 hc down timeout; 10:01 kuma down 502; 10:02 kuma up; 10:03 kuma down 503; 10:04 kuma up",
			"firing since 10:00: timeout, 3 alerts, verified", ""},
		{"and is not over between", "10:00 hc down timeout; 10:01 kuma down 502; 10:02 kuma up; 10:03 kuma down 503; 10:04 hc up", "firing since 10:00: 503, 3 alerts, verified", ""},
		{"the end of what the other told first", "10:00 kuma down 502; 10:10 hcmail up@10:09; 10:11 hcmail down@10:05 timeout; 10:12 kuma up",
			"resolved since 10:00 until 10:12: timeout, 2 alerts, verified", ""},

		{"by hand, it is all closed", "10:00 kuma down 502; 10:05 hc down timeout; 10:10 ana handles", "resolved by hand 2 alerts", ""},
		{"also what is heard afterwards of before", "10:00 kuma down 502; 10:10 ana handles; 10:12 hcmail down@10:05 timeout", "resolved by hand 2 alerts", ""},
		{"unless it still is so", "10:00 kuma down 502; 10:10 ana handles; 10:12 hc still@10:05 timeout; 10:13 hc up", "resolved since 10:00 until 10:13: timeout, 2 alerts, verified, flaps 1", "ring"},
		{"one says that it is over, the other does not", "10:00 kuma down 502; 10:05 hc down timeout; 10:10 ana handles; 10:12 kuma up", "resolved by hand 2 alerts", ""},
		{"what is down after that does not wait for what was before", "10:00 kuma down 502; 10:10 ana handles; 10:12 hc down timeout; 10:13 hc up",
			"resolved since 10:00 until 10:13: timeout, 2 alerts, verified, flaps 1", "ring"},
		{"taken back, it is as they say", "10:00 kuma down 502; 10:05 hc down timeout; 10:10 ana handles; 10:12 kuma up; 10:13 ana undoes handled", "firing since 10:00: timeout, 2 alerts, verified", ""},
		{"a source that never says that it is over is asked about", "10:00 kuma down 502; 10:05 rule down failed; 10:10 kuma up; 58:04 tick; 58:05 tick", "firing since 10:00: failed, 2 alerts, verified", "over"},
		{"taken, it stays quiet", "10:00 kuma down 502; 10:01 ana acks; 10:10 kuma up; 10:15 hcmail down@10:05 timeout", "acknowledged since 10:00: timeout, 2 alerts, verified", ""},

		{"who could be anyone ends nothing of the others", "10:00 kuma down 502; 10:05 hcmail up?", "firing since 10:00: 502, 1 alert, verified", ""},
		{"nor what is certain of its own", "10:00 hc down timeout; 10:05 hcmail up?", "firing since 10:00: timeout, 1 alert, verified, doubted 1", ""},
		{"but what is as uncertain", "10:00 kuma down 502; 10:01 hcmail down? timeout; 10:05 kuma up; 10:06 hcmail up?", "resolved since 10:00 until 10:06: 502, 2 alerts, verified", ""},
		{"it reopens nothing that was certain of its own", "10:00 hc down timeout; 10:10 hc up; 10:12 hcmail down? no ping",
			"resolved since 10:00 until 10:10: timeout, 1 alert, verified\nfiring since 10:12: no ping, 1 alert, unverified", ""},
		{"nor stands for what was", "10:00 kuma down 502; 10:01 hc down timeout; 10:02 hc up; 10:05 hcmail down? no ping; 10:06 kuma up",
			"firing since 10:00: no ping, 3 alerts, unverified", ""},
		{"what still stands is said as it is", "10:00 kuma down 502; 10:01 hcmail down? timeout; 10:05 kuma up", "firing since 10:00: timeout, 2 alerts, unverified", ""},
		{"a certain fault stands first", "10:00 kuma down 502; 10:01 hcmail down? timeout", "firing since 10:00: 502, 2 alerts, verified", ""},

		{"tied while it is down, it goes on as it was", "09:00 untie; 10:00 kuma down 502; 10:01 tie; 10:02 kuma down 503; 10:10 kuma up", "resolved since 10:00 until 10:10: 503, 2 alerts, verified", ""},
		{"beside what others say now", "09:00 untie; 10:00 kuma down 502; 10:01 tie; 10:02 hc down timeout; 10:10 kuma up; 10:11 hc up; 10:12 kuma down 503; 10:13 kuma up",
			"resolved since 10:00 until 10:10: 502, 1 alert, verified\nresolved since 10:02 until 10:13: 503, 2 alerts, verified, flaps 1", "ring"},
		{"and its late twins belong to it", "09:00 untie; 10:00 kuma down 502; 10:10 kuma up; 10:11 tie; 10:12 kumail down@10:00 502; 10:13 kumail up@10:10",
			"resolved since 10:00 until 10:10: 502, 1 alert, verified", ""},
		{"untied while it is down, it goes on as it was", "10:00 kuma down 502; 10:05 hc down timeout; 10:06 untie; 10:07 kuma up; 10:08 hc down 503; 10:10 hc up",
			"resolved since 10:00 until 10:10: 503, 3 alerts, verified", ""},
		{"and who had not spoken yet speaks alone", "10:00 kuma down 502; 10:06 untie; 10:07 hc down timeout; 10:10 kuma up; 10:11 kuma down 503",
			"resolved since 10:00 until 10:10: 502, 1 alert, verified\nfiring since 10:07: timeout, 1 alert, verified\nfiring since 10:11: 503, 1 alert, verified", ""},
		{"its late twins belong to it, too", "10:00 kuma down 502; 10:10 kuma up; 10:11 untie; 10:12 kumail down@10:00 502", "resolved since 10:00 until 10:10: 502, 1 alert, verified", ""},
		{"one that flaps goes on with those who are down", "10:00 kuma down 502; 10:05 hc down timeout; 10:07 kuma up; 10:08 untie; 10:09 kuma down 503; 10:10 hc up; 10:11 kuma up",
			"resolved since 10:00 until 10:11: 503, 3 alerts, verified", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				p.Settings.Same = []Tie{nuage}
				for step := range strings.SplitSeq(tt.steps, "; ") {
					p.tied(step)
				}
				got := p.incidents()
				if strings.Contains(tt.want, "by hand") {
					got = p.states()
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("incidents (-want +got):\n%s", diff)
				}
				if got := strings.Join(*p.rings, " "); got != tt.rings {
					t.Errorf("rang %q, want %q", got, tt.rings)
				}
				p.states() // which looks whether each is kept as it stands
				_ = p.Store.Close()
			})
		})
	}
}

// tied is play.do, but that speakers speak and the configuration changes.
func (p *play) tied(step string) {
	p.t.Helper()
	clock, what, _ := strings.Cut(step, " ")
	who, _, _ := strings.Cut(what, " ")
	switch _, speaks := speakers[who]; {
	case what == "tie":
		p.Settings.Same = []Tie{nuage}
	case what == "untie":
		p.Settings.Same = nil
	case speaks:
		p.do(clock + " quiet")
		p.do(clock + " loud")
		p.hears(what)
	default:
		p.do(step)
	}
}

// TestTheCardOfATie: each source stands there once, with the ways by which it came, and so
// does who says that it is over while another does not.
func TestTheCardOfATie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.Settings.Same = []Tie{nuage}
		for _, step := range []string{
			"14:02 kuma down 502", "14:03 kumail down@14:02 502", "14:09 hcmail down no ping", "14:10 ping down timeout", "14:11 check down refused",
			"14:12 rule down failed", "14:20 kuma up", "14:21 check up",
		} {
			p.tied(step)
		}
		want := "🔴 Down · Nuage · failed · since 14:02\n" +
			"Uptime Kuma, Healthchecks, disk space, Sauvegardes · reported 5 times · #1\n" +
			"seen by: Kuma Nuage (Nextcloud) 14:02 (webhook, mail), Healthchecks 14:09 (mail), Kuma Nuage ping 14:10, disk space 14:11, Sauvegardes 14:12 (mail)\n" +
			"🟢 Kuma Nuage (Nextcloud) 14:20, disk space 14:21\n"
		err := p.Store.View(t.Context(), func(tx *store.Tx) error {
			content, err := p.RenderIncident(tx, 1)
			card, _, _ := strings.Cut(content.Message.Plain, "👀")
			if diff := cmp.Diff(want, card); diff != "" {
				t.Errorf("the card (-want +got):\n%s", diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Store.Close()
	})
}
