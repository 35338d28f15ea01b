package store

import (
	"database/sql"
	"fmt"
	"time"
)

// News is what a mail or a webhook says that is no alert, and may say both.
type News struct {
	Channel  Channel
	Ref      int64  // the mail or the hook
	Kind     string // who says so
	Thing    string
	What     string
	Digest   string // of which version of the thing; "" when it does not say
	Host     string // for which host; "" when it does not say
	Received time.Time
	Card     string // the kind of the card that shows it
	Subject  int64  // what that card is about
}

// AddNews records which card shows some news.
func (tx *Tx) AddNews(n News) error {
	_, err := tx.exec(`INSERT INTO news (channel, ref, kind, thing, what, digest, host, received_at, card, subject)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		n.Channel, n.Ref, n.Kind, n.Thing, n.What, n.Digest, n.Host, ms(n.Received), n.Card, n.Subject)
	if err != nil {
		return fmt.Errorf("store news about %s: %w", n.Thing, err)
	}
	return nil
}

// NewsAbout returns what was said of a thing between two instants, oldest first.
func (tx *Tx) NewsAbout(kind, thing string, from, to time.Time) ([]News, error) {
	all, err := many(tx, scanNews, selectNews+"WHERE kind = ? AND thing = ? AND received_at BETWEEN ? AND ? ORDER BY received_at, channel, ref",
		kind, thing, ms(from), ms(to))
	if err != nil {
		return nil, fmt.Errorf("read the news about %s: %w", thing, err)
	}
	return all, nil
}

// NewsOfCard returns what a card shows, in the order in which it came in.
func (tx *Tx) NewsOfCard(card string, subject int64) ([]News, error) {
	all, err := many(tx, scanNews, selectNews+"WHERE card = ? AND subject = ? ORDER BY received_at, channel, ref", card, subject)
	if err != nil {
		return nil, fmt.Errorf("read the news of %s %d: %w", card, subject, err)
	}
	return all, nil
}

const selectNews = `SELECT channel, ref, kind, thing, what, digest, host, received_at, card, subject FROM news `

func scanNews(row scanner) (n News, err error) {
	var received sql.NullInt64
	err = row.Scan(&n.Channel, &n.Ref, &n.Kind, &n.Thing, &n.What, &n.Digest, &n.Host, &received, &n.Card, &n.Subject)
	n.Received = at(received)
	return n, err
}
