package alerts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// repeated is how long after a note its webhook may bring the very same once more,
// because the answer to the first was lost, without that being news.
const repeated = 10 * time.Minute

func (d *Desk) foldHooks(ctx context.Context) error {
	for {
		var hooks []store.Hook
		err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
			hooks, err = tx.NewHooks(20)
			return err
		})
		if err != nil || len(hooks) == 0 {
			return err
		}
		for _, h := range hooks {
			if err := d.foldHook(ctx, h); err != nil {
				return err
			}
			d.Changed()
		}
	}
}

func (d *Desk) foldHook(ctx context.Context, h store.Hook) error {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		incidents, err := d.placeHook(tx, h)
		if err != nil {
			return err
		}
		return tx.HookHandled(h.ID, incidents...)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	d.Log.ErrorContext(ctx, "what a webhook brought cannot be folded and is shown as it is", "hook", h.Name, "id", h.ID, "err", err)
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := showHook(tx, h.ID); err != nil {
			return err
		}
		return tx.HookHandled(h.ID)
	})
}

// placeHook puts all that one request brought where it belongs, and returns the
// incidents that its parts became.
func (d *Desk) placeHook(tx *store.Tx, h store.Hook) (incidents []int64, err error) {
	readings, _ := ReadHook(Kind(h.Kind), h.Type, h.Raw)
	var notes []Reading
	for _, r := range readings {
		if r.State == Note {
			notes = append(notes, r)
			continue
		}
		id, err := d.placeAlert(tx, r, heard{store.Webhook, h.Received})
		if err != nil {
			return nil, err
		}
		incidents = append(incidents, id)
	}
	if len(notes) == 0 {
		return incidents, nil
	}
	again, err := tx.HookCameBefore(h, h.Received.Add(-repeated))
	if err != nil || again {
		return incidents, err
	}
	if notes[0].isNews() {
		return incidents, d.showNews(tx, notes[0], store.News{Channel: store.Webhook, Ref: h.ID, Received: h.Received, Card: HookCard, Subject: h.ID})
	}
	return incidents, showHook(tx, h.ID)
}

func showHook(tx *store.Tx, id int64) error {
	return tx.ShowCard(store.Card{Kind: HookCard, Subject: id, Room: room})
}

// Hears tells whether somebody in the rooms is Uptime Kuma itself, whose messages
// are alerts and never commands.
func (d *Desk) Hears(user string) bool { return d.KumaUser != "" && user == d.KumaUser }

// Hear folds what Uptime Kuma posted in a room at a time. What is no change of a
// monitor is left alone: it stands in the room.
func (d *Desk) Hear(tx *store.Tx, body string, at time.Time) error {
	r, ok := ReadKumaMessage(body)
	if !ok {
		return nil
	}
	if at.After(tx.Now.Add(time.Hour)) {
		at = tx.Now // another homeserver's clock
	}
	_, err := d.placeAlert(tx, r, heard{store.InRoom, at})
	return err
}

// RenderHook writes the card of what a webhook brought and is no alert.
func (d *Desk) RenderHook(tx *store.Tx, id int64) (cards.Content, error) {
	seen, err := tx.NewsOfCard(HookCard, id)
	if err != nil {
		return cards.Content{}, err
	}
	return d.renderHook(tx, id, seen)
}

// renderHook is RenderHook for news that may have come through other channels, too.
func (d *Desk) renderHook(tx *store.Tx, id int64, seen []store.News) (cards.Content, error) {
	h, known, err := tx.Hook(id)
	if err != nil {
		return cards.Content{}, err
	}
	if !known {
		return cards.Content{}, fmt.Errorf("no hook %d", id)
	}
	if h.Emptied {
		return d.writeGone(d.Language.Say("hook.name", "Name", h.Name), h.Received, tx.Now), nil
	}
	return d.writeHook(h, seen, tx.Now), nil
}

// writeHook writes the first note among what a webhook brought, or as much as is
// seemly of what was not understood. The latter rings, as somebody has to look; so
// does an alert, which only stands here when it could not be folded.
func (d *Desk) writeHook(h store.Hook, seen []store.News, now time.Time) cards.Content {
	l, now := d.Language, now.In(d.Location)
	when := l.Clock(firstOf(seen, h.Received), now)
	readings, understood := ReadHook(Kind(h.Kind), h.Type, h.Raw)
	r := firstNote(readings)
	var m text.Message
	if understood {
		m.Text(markOf(r.State) + " ").Bold(l.Say("mail.kind."+string(r.Kind)) + " · " + text.OneLine(text.Mask(r.Thing), 40))
		m.Text(" · " + text.OneLine(r.Fault, 40) + " · " + when)
		m.Line().Text(l.Say("hook.name", "Name", h.Name))
	} else {
		m.Text("✉️ ").Bold(l.Say("hook.name", "Name", h.Name) + " · " + l.Say("hook.odd")).Text(" · " + when)
	}
	d.writeSeenBy(&m, seen, now)
	if lines := r.FirstLines(8); lines != "" {
		m.Line().Line().Text(lines)
	}
	return cards.Content{Message: cards.Message{Plain: m.Plain(), HTML: m.HTML(), Rings: !understood || r.State != Note}}
}

func markOf(s State) string {
	return map[State]string{Firing: "🔴", Resolved: "🟢", Note: "📄"}[s]
}

func firstNote(readings []Reading) Reading {
	for _, r := range readings {
		if r.State == Note {
			return r
		}
	}
	return readings[0]
}

// writeSightings says through which channels the fault came in, and when, as soon
// as there were several.
func (d *Desk) writeSightings(m *text.Message, s standing, now time.Time) {
	if IsTie(s.Incident) {
		d.writeWitnesses(m, s, now)
		return
	}
	var all []string
	spoke := map[store.Channel]bool{}
	for _, w := range s.seen {
		if w.What != store.Down || spoke[w.Channel] {
			continue
		}
		spoke[w.Channel] = true
		all = append(all, d.channel(w.Channel, s.Source)+" "+d.Language.Clock(w.Received, now))
	}
	d.writeChannels(m, all)
}

// channel names the way on which a system's words came in: a webhook is its own word.
func (d *Desk) channel(c store.Channel, source string) string {
	if c == store.Webhook {
		return d.Language.Say("incident.channel." + source)
	}
	return d.Language.Say("incident.channel." + string(c))
}

func (d *Desk) writeChannels(m *text.Message, all []string) {
	if len(all) > 1 {
		m.Line().Text(d.Language.Say("incident.seen-by", "Channels", strings.Join(all, ", ")))
	}
}
