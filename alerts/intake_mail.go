package alerts

import (
	"context"
	"fmt"

	"ronde/cards"
	"ronde/store"
)

// FoldAll folds all that is new, each in a transaction of its own. What cannot be
// folded is shown as it is.
func (d *Desk) FoldAll(ctx context.Context) error {
	if err := d.foldMails(ctx); err != nil {
		return err
	}
	return d.foldHooks(ctx)
}

func (d *Desk) foldMails(ctx context.Context) error {
	for {
		var mails []store.Mail
		err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
			mails, err = tx.NewMail(1)
			return err
		})
		if err != nil || len(mails) == 0 {
			return err
		}
		for _, m := range mails {
			if err := d.foldMail(ctx, m); err != nil {
				return err
			}
			d.Changed()
		}
	}
}

func (d *Desk) foldMail(ctx context.Context, m store.Mail) error {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		incident, err := d.place(tx, m)
		if err != nil {
			return err
		}
		return tx.MailHandled(m.ID, incident)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	d.Log.ErrorContext(ctx, "a mail cannot be folded and is shown as it is", "mail", m.ID, "err", err)
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := showMail(tx, m.ID); err != nil {
			return err
		}
		return tx.MailHandled(m.ID, 0)
	})
}

// place puts a mail where it belongs and returns the incident that it became
// part of, or 0.
func (d *Desk) place(tx *store.Tx, m store.Mail) (incident int64, err error) {
	r := Read(m.Raw, d.Trust, d.Rules...)
	switch r.State {
	case Ignored:
		d.Log.Info("a mail is ignored", "mail", m.ID, "rule", r.Rule)
		return 0, nil
	case Note:
		if r.isNews() {
			return 0, d.showNews(tx, r, store.News{Channel: store.ByMail, Ref: m.ID, Received: m.Received, Card: MailCard, Subject: m.ID})
		}
		if r.Kind == Pflogsumm {
			if err := keepReport(tx, r, m); err != nil {
				return 0, err
			}
		}
		return 0, showMail(tx, m.ID)
	}
	return d.placeAlert(tx, r, heard{store.ByMail, m.Received})
}

func showMail(tx *store.Tx, id int64) error {
	return tx.ShowCard(store.Card{Kind: MailCard, Subject: id, Room: room})
}

// RenderMail writes the card of a mail that is no alert.
func (d *Desk) RenderMail(tx *store.Tx, id int64) (cards.Content, error) {
	m, known, err := tx.Mail(id)
	if err != nil {
		return cards.Content{}, err
	}
	if !known {
		return cards.Content{}, fmt.Errorf("no mail %d", id)
	}
	seen, err := tx.NewsOfCard(MailCard, id)
	if err != nil {
		return cards.Content{}, err
	}
	if hook, known := hookOf(seen); known {
		return d.renderHook(tx, hook, seen)
	}
	if m.Emptied {
		return d.writeGone(d.source(string(Plain)), m.Received, tx.Now), nil
	}
	return d.writeMail(tx, Read(m.Raw, d.Trust, d.Rules...), m)
}
