package alerts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

const (
	// emptyEvery is how often texts are looked for that were kept for long enough.
	emptyEvery = time.Hour
	// emptyAtOnce is how many lose their text in one transaction: whoever else wants to write waits for it.
	emptyAtOnce = 20
	// emptyRounds is how many transactions one look may take.
	emptyRounds = 50
)

// emptyOld takes the texts away of what came in and was handled longer ago than they are kept, at most once an hour
// and no more than a thousand then. Only the text goes: a mail that is met again is known as before.
func (d *Desk) emptyOld(ctx context.Context) error {
	if d.Settings.Keep == 0 || !d.emptiedAt.IsZero() && time.Since(d.emptiedAt) < emptyEvery {
		return nil
	}
	d.emptiedAt = time.Now()
	for range emptyRounds {
		n, err := d.emptySome(ctx)
		if err != nil {
			return fmt.Errorf("take old texts away: %w", err)
		}
		if n == 0 {
			break
		}
	}
	return nil
}

func (d *Desk) emptySome(ctx context.Context) (n int, err error) {
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		before := tx.Now.Add(-d.Settings.Keep)
		mails, err := tx.EmptyMails(before, MailCard, emptyAtOnce)
		if err != nil {
			return err
		}
		hooks, err := tx.EmptyHooks(before, HookCard, emptyAtOnce)
		if n = mails + hooks; err != nil {
			return err
		}
		return tx.EmptyTellings(before)
	})
	return n, err
}

// gone is what is known of a message whose text is no longer kept.
func (d *Desk) gone(i store.Incident, seen []store.Sighting, channel store.Channel, received time.Time) Heard {
	h := Heard{At: received, Received: received, Source: d.source(i.Source), Gone: true}
	n := slices.IndexFunc(seen, func(s store.Sighting) bool { return s.Channel == channel && s.Received.Equal(received) })
	if n >= 0 {
		h.At, h.State, h.Source, h.Rule = seen[n].At, stateOf(seen[n].What), d.source(seen[n].Source), ruleIn(seen[n].Source)
	}
	return h
}

// writeGone writes the card of a message whose text is no longer kept.
func (d *Desk) writeGone(name string, received, now time.Time) cards.Content {
	var m text.Message
	m.Text("✉️ ").Bold(name + " · " + d.Language.Say("mail.gone")).Text(" · " + d.Language.Clock(received, now.In(d.Location)))
	return cards.Content{Message: cards.Message{Plain: m.Plain(), HTML: m.HTML()}}
}
