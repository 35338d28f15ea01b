package alerts

import (
	"time"

	"ronde/store"
	"ronde/text"
)

// How far apart two channels may bring the same news: a mail can lie somewhere for long,
// and what names the same version is the same; without that only its time tells.
const (
	sameVersion = 48 * time.Hour
	sameTime    = time.Hour
)

// isNews reports whether a note comes through several channels, so that it is kept which
// card shows it. Diun sends a mail and calls its webhook for the same image.
func (r Reading) isNews() bool { return r.State == Note && r.Kind == Diun }

// showNews has the room show what a note says: on the card of its twin, or on its own.
func (d *Desk) showNews(tx *store.Tx, r Reading, n store.News) error {
	n.Kind, n.Thing, n.What = r.source(), r.Thing, r.Fault
	n.Digest, n.Host = diunVersion(r)
	around, err := tx.NewsAbout(n.Kind, n.Thing, n.Received.Add(-sameVersion), n.Received.Add(sameVersion))
	if err != nil {
		return err
	}
	if twin, known := twinNews(around, n); known {
		n.Card, n.Subject = twin.Card, twin.Subject
	}
	if err := tx.AddNews(n); err != nil {
		return err
	}
	return tx.ShowCard(store.Card{Kind: n.Card, Subject: n.Subject, Room: room})
}

// twinNews returns the nearest of some news that another channel brought and that may be
// the same, unless its card shows what this channel says already.
func twinNews(around []store.News, n store.News) (best store.News, found bool) {
	type card struct {
		kind    string
		subject int64
	}
	taken := map[card]bool{}
	for _, other := range around {
		if other.Channel == n.Channel {
			taken[card{other.Card, other.Subject}] = true
		}
	}
	for _, other := range around {
		if taken[card{other.Card, other.Subject}] || !sameNews(other, n) {
			continue
		}
		if !found || apart(other, n) < apart(best, n) {
			best, found = other, true
		}
	}
	return best, found
}

func apart(a, b store.News) time.Duration { return a.Received.Sub(b.Received).Abs() }

// sameNews reports whether two channels may say the same of a thing. What one of them
// does not say, for its words can be changed, counts as what the other says.
func sameNews(a, b store.News) bool {
	agree := func(x, y string) bool { return x == y || x == "" || y == "" }
	within := sameTime
	if a.Digest != "" && a.Digest == b.Digest {
		within = sameVersion
	}
	return a.What == b.What && agree(a.Digest, b.Digest) && agree(a.Host, b.Host) && apart(a, b) <= within
}

// hookOf returns the webhook's words among what a card shows, which are certain and say
// the most.
func hookOf(seen []store.News) (hook int64, known bool) {
	for _, n := range seen {
		if n.Channel == store.Webhook {
			return n.Ref, true
		}
	}
	return 0, false
}

// firstOf is when news came in first, whichever channel it was.
func firstOf(seen []store.News, received time.Time) time.Time {
	for _, n := range seen {
		received = earlier(received, n.Received)
	}
	return received
}

// writeSeenBy says through which channels news came in, and when, as soon as there were
// several.
func (d *Desk) writeSeenBy(m *text.Message, seen []store.News, now time.Time) {
	var all []string
	for _, n := range seen {
		all = append(all, d.channel(n.Channel, n.Kind)+" "+d.Language.Clock(n.Received, now))
	}
	d.writeChannels(m, all)
}
