package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Deed is one line of the audit log: who did what, when, through what.
type Deed struct {
	At      time.Time
	Who     string // Matrix user id
	Action  string // the command, or the action behind a reaction
	Subject string // what it was about: a routine's key, an incident's number
	How     string // reaction, command or removal
	EventID string
	Outcome string // done, refused, mistake or failed
}

// Record writes a line into the audit log.
func (tx *Tx) Record(d Deed) error {
	_, err := tx.exec(`INSERT INTO audit (at, who, action, subject, how, event_id, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		ms(tx.Now), d.Who, d.Action, d.Subject, d.How, d.EventID, d.Outcome)
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

// Deeds returns the newest lines of the audit log, newest first.
func (tx *Tx) Deeds(limit int) ([]Deed, error) {
	all, err := many(tx, scanDeed, "SELECT at, who, action, subject, how, event_id, outcome FROM audit ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return all, nil
}

func scanDeed(row scanner) (d Deed, err error) {
	var when sql.NullInt64
	err = row.Scan(&when, &d.Who, &d.Action, &d.Subject, &d.How, &d.EventID, &d.Outcome)
	d.At = at(when)
	return d, err
}
