package store

import (
	"fmt"
	"time"
)

// EmptyMails takes the texts away of at most limit mails that were handled before a
// time, and returns how many. card is the kind of the cards that show such mails: one
// that is still to be sent needs the text.
func (tx *Tx) EmptyMails(before time.Time, card string, limit int) (int, error) {
	return tx.empty("inbox", before, card, limit)
}

// EmptyHooks does for what webhooks brought what [Tx.EmptyMails] does for mails.
func (tx *Tx) EmptyHooks(before time.Time, card string, limit int) (int, error) {
	return tx.empty("hooks", before, card, limit)
}

func (tx *Tx) empty(table string, before time.Time, card string, limit int) (int, error) {
	n, err := tx.changed("UPDATE "+table+" SET raw = x'', emptied = 1 WHERE id IN ("+toEmpty(table)+")", ms(before), card, limit)
	if err != nil {
		return 0, fmt.Errorf("take old texts out of %s: %w", table, err)
	}
	return n, nil
}

func toEmpty(table string) string {
	return "SELECT id FROM " + table + ` AS t WHERE state = 'handled' AND emptied = 0 AND handled_at < ?
		AND NOT EXISTS (SELECT 1 FROM cards WHERE kind = ? AND subject = t.id AND sent < revision AND refused = '')
		ORDER BY handled_at LIMIT ?`
}
