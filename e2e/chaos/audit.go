package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/mattn/go-sqlite3" // to read the bot's database from outside
)

// deed is one line of the bot's audit log.
type deed struct{ who, action, how, event, outcome string }

// ledger reads the bot's database and changes nothing.
type ledger struct{ db *sql.DB }

func openLedger(file string) (*ledger, error) {
	db, err := sql.Open("sqlite3", "file:"+file+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		return nil, fmt.Errorf("open the bot's database: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &ledger{db}, nil
}

func (l *ledger) audit(ctx context.Context) (all []deed, err error) {
	rows, err := l.db.QueryContext(ctx, "SELECT who, action, how, event_id, outcome FROM audit ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d deed
		if err := rows.Scan(&d.who, &d.action, &d.how, &d.event, &d.outcome); err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// waiting counts what the bot knows that it still has to do. It only tells when
// to look at the rooms; what they must show comes from the plan.
//
// quiet counts the edits that say no more than how often, and are put off.
func (l *ledger) waiting(ctx context.Context) (n, quiet int, err error) {
	const edits = "SELECT count(*) FROM cards WHERE sent < revision AND loud <= sent AND event_id <> ''"
	const count = `SELECT (` + edits + `), (SELECT count(*) FROM cards WHERE sent < revision) - (` + edits + `) + (SELECT count(*) FROM outbox WHERE done = '') +
		(SELECT count(*) FROM inbox WHERE state = 'new') + (SELECT count(*) FROM room_events WHERE state = 'new')`
	if err := l.db.QueryRowContext(ctx, count).Scan(&quiet, &n); err != nil {
		return 0, 0, fmt.Errorf("read what waits: %w", err)
	}
	return n, quiet, nil
}

// mails counts those that the bot took in.
func (l *ledger) mails(ctx context.Context) (n int, err error) {
	if err := l.db.QueryRowContext(ctx, "SELECT count(*) FROM inbox").Scan(&n); err != nil {
		return 0, fmt.Errorf("count mails: %w", err)
	}
	return n, nil
}

func (p *plan) judgeAudit(v *verdict, audit []deed) {
	lines := map[string][]deed{}
	for _, d := range audit {
		lines[d.event] = append(lines[d.event], d)
	}
	for _, one := range p.presses {
		one.judgeAudit(v, lines)
		delete(lines, one.event)
		delete(lines, one.takeback)
	}
	for _, o := range p.orders {
		if o.answer != "" {
			once(v, fmt.Sprintf("%q", o.body), o.who, "command", lines[o.event])
			delete(lines, o.event)
		}
		if o.removed {
			once(v, fmt.Sprintf("the removal of %q", o.body), o.who, "removal", lines[o.takeback])
			delete(lines, o.takeback)
		}
	}
	for _, left := range lines {
		v.double("in the audit log without a reason: %v", left)
	}
}

// judgeAudit expects one line for a reaction and one for its removal; neither
// when it did nothing, or was gone before the bot saw it.
func (p *press) judgeAudit(v *verdict, lines map[string][]deed) {
	given, taken := lines[p.event], lines[p.takeback]
	what := fmt.Sprintf("%s's %s on %s", p.who, p.emoji, p.subject())
	switch {
	case p.idle && len(given)+len(taken) > 0:
		v.double("%s means nothing, but is in the audit log", what)
	case p.idle, p.removal == hasty && len(given)+len(taken) == 0:
	case p.removal == stays:
		once(v, what, p.who, "reaction", given)
	default:
		once(v, what, p.who, "reaction", given)
		once(v, "the removal of "+what, p.who, "removal", taken)
	}
}

func once(v *verdict, what, who, how string, lines []deed) {
	switch {
	case len(lines) == 0:
		v.lose("%s is not in the audit log", what)
	case len(lines) > 1:
		v.double("%s is in the audit log %d times", what, len(lines))
	case lines[0].who != "@"+who+":ronde.test", lines[0].how != how, lines[0].outcome != "done" && lines[0].outcome != "mistake":
		v.lose("%s is in the audit log as %v", what, lines[0])
	}
}
