package store

import (
	"database/sql"
	"fmt"
	"time"
)

// MailReport is what a mail server's report, which came by mail, says of its mail over
// some time.
type MailReport struct {
	MailID   int64
	Server   string // as it calls itself
	At       time.Time
	Verified bool // false: anyone could have written it
	Figures  bool // false: it has none, and those below are 0
	// How many mails were received, delivered and so on.
	Received, Delivered, Deferred, Bounced, Rejected int64
}

// AddMailReport stores a report. One that is known, by its mail, changes nothing.
func (tx *Tx) AddMailReport(r MailReport) error {
	_, err := tx.exec(`INSERT INTO mail_reports (mail_id, server, received_at, verified, figures, received, delivered, deferred, bounced, rejected)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.MailID, r.Server, ms(r.At), r.Verified, r.Figures, r.Received, r.Delivered, r.Deferred, r.Bounced, r.Rejected)
	if err != nil {
		return fmt.Errorf("store a report of %s: %w", r.Server, err)
	}
	return nil
}

// MailReports returns the newest reports of a server that came up to a time, newest
// first; of every server for "".
func (tx *Tx) MailReports(server string, until time.Time, limit int) ([]MailReport, error) {
	all, err := many(tx, scanMailReport, `SELECT mail_id, server, received_at, verified, figures, received, delivered, deferred, bounced, rejected
		FROM mail_reports WHERE received_at <= ?1 AND (server = ?2 OR ?2 = '') ORDER BY received_at DESC, mail_id DESC LIMIT ?3`, ms(until), server, limit)
	if err != nil {
		return nil, fmt.Errorf("read the reports of %s: %w", server, err)
	}
	return all, nil
}

func scanMailReport(row scanner) (r MailReport, err error) {
	var received sql.NullInt64
	err = row.Scan(&r.MailID, &r.Server, &received, &r.Verified, &r.Figures, &r.Received, &r.Delivered, &r.Deferred, &r.Bounced, &r.Rejected)
	r.At = at(received)
	return r, err
}
