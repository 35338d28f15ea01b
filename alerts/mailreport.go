package alerts

import (
	"context"
	"strconv"
	"strings"

	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

// comparedReports is how many reports the card of one is compared with, at most.
const comparedReports = 16

// MailReports gives the check called mail-report what the mail servers reported.
type MailReports struct {
	Store *store.Store
}

// MailReports returns the newest reports of a server, newest first; of every server
// for "".
func (r MailReports) MailReports(ctx context.Context, server string, limit int) (all []checks.MailReport, err error) {
	err = r.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.MailReports(server, tx.Now, limit)
		all = forChecks(rows)
		return err
	})
	return all, err
}

func forChecks(rows []store.MailReport) (all []checks.MailReport) {
	for _, r := range rows {
		all = append(all, checks.MailReport{
			Server: r.Server, At: r.At, Verified: r.Verified, Figures: r.Figures,
			Received: r.Received, Delivered: r.Delivered, Deferred: r.Deferred, Bounced: r.Bounced, Rejected: r.Rejected,
		})
	}
	return all
}

// keepReport stores the figures of a mail server's report, for those to come.
func keepReport(tx *store.Tx, r Reading, m store.Mail) error {
	totals, has := pflogTotals(r.Text)
	return tx.AddMailReport(store.MailReport{
		MailID: m.ID, Server: r.Thing, At: m.Received, Verified: r.Verified, Figures: has,
		Received: totals["received"], Delivered: totals["delivered"], Deferred: totals["deferred"],
		Bounced: totals["bounced"], Rejected: totals["rejected"],
	})
}

// pflogTotals reads the totals of a report; false when it has none. pflogsumm cuts large
// numbers to thousands of 1024.
func pflogTotals(report string) (totals map[string]int64, has bool) {
	_, report, has = strings.Cut(report, "Grand Totals")
	if !has {
		return nil, false
	}
	totals = map[string]int64{}
	for _, f := range pflogTotal.FindAllStringSubmatch(report, 5) {
		if _, twice := totals[f[2]]; twice {
			continue
		}
		digits := strings.TrimRight(f[1], "kmg")
		n, err := strconv.ParseInt(digits, 10, 64)
		shift := map[string]int{"": 0, "k": 10, "m": 20, "g": 30}[f[1][len(digits):]]
		if err != nil || n > 1<<30 {
			return nil, false
		}
		totals[f[2]] = n << shift
	}
	_, has = totals["received"]
	return totals, has
}

// writeVerdict adds to the card of a mail server's report what is unusual in it.
func (d *Desk) writeVerdict(tx *store.Tx, m *text.Message, r Reading, mail store.Mail) error {
	if r.Kind != Pflogsumm || !r.Verified { // of the latter the card says so already
		return nil
	}
	rows, err := tx.MailReports(r.Thing, mail.Received, comparedReports)
	if err != nil || len(rows) == 0 || rows[0].MailID != mail.ID {
		return err
	}
	m.Line()
	checks.WriteOutcome(m, d.Language, checks.JudgeMail(forChecks(rows), d.Language), tx.Now.In(d.Location))
	return nil
}
