package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/text"
)

// Faults of what a mail server reports; the thing is the server.
const (
	FaultMailMissing  Fault = "mail-missing"  // no report has come yet
	FaultMailLate     Fault = "mail-late"     // Value is how many days ago the last one came
	FaultMailUnproven Fault = "mail-unproven" // the newest is one that anyone could have written
	FaultMailUnread   Fault = "mail-unread"   // the newest has no figures
	FaultMailNone     Fault = "mail-none"     // no mail was received
	FaultMailFall     Fault = "mail-fall"     // Value and Limit are mails received, now and usually
	FaultMailDeferred Fault = "mail-deferred" // a surge: Value and Limit are mails, now and usually
	FaultMailBounced  Fault = "mail-bounced"  // the same
	FaultMailRejected Fault = "mail-rejected" // the same
)

// MailReport is what a mail server says of its mail over some time, in a report of
// pflogsumm that came by mail.
type MailReport struct {
	Server   string    `json:"server"`
	At       time.Time `json:"at"` // when it came
	Verified bool      `json:"-"`  // false: anyone could have written it
	Figures  bool      `json:"-"`  // false: it has none
	// How many mails were received, delivered and so on.
	Received  int64 `json:"received"`
	Delivered int64 `json:"delivered"`
	Deferred  int64 `json:"deferred"`
	Bounced   int64 `json:"bounced"`
	Rejected  int64 `json:"rejected"`
}

// MailReports gives what mail servers reported.
type MailReports interface {
	// MailReports returns the newest reports of a server, newest first; of every server
	// for "".
	MailReports(ctx context.Context, server string, limit int) ([]MailReport, error)
}

type mailReportSettings struct {
	Server   string        `set:"server" example:"\"mail.example.org\"" help:"The mail server, as its reports call it; any without it."`
	Late     time.Duration `set:"late" least:"1h" most:"52w" help:"How long after the last report one is missing."`
	Warning  float64       `set:"warning" unit:"%" most:"100" help:"Share of the usual mail below which it warns."`
	Critical float64       `set:"critical" unit:"%" most:"100" help:"Share of the usual mail below which it is critical."`
	Surge    float64       `set:"surge" least:"1.1" most:"1000" help:"How many times the usual deferred, bounced or rejected mails it warns of."`
	Few      int           `set:"few" least:"1" most:"1000000" help:"How many mails are so few that their number says nothing."`
}

// Judge says what does not go together.
func (s mailReportSettings) Judge() (setting, reason string) {
	if s.Critical > s.Warning {
		return "critical", "is above warning"
	}
	return "", ""
}

const (
	mailReportName = "mail-report"
	// comparedReports is how many reports before the newest are what is usual: two
	// months of weekly ones.
	comparedReports = 8
	// fewestReports is how many there must be before anything counts as usual.
	fewestReports = 2
)

// MailVerdict is the result of the check called mail-report.
type MailVerdict struct {
	Result
	Newest *MailReport `json:"newest"` // nil when there is none
	// Usual is the median of each figure over the reports before; nil for too few.
	Usual *MailReport `json:"usual"`
}

func mailReportDefaults() mailReportSettings {
	return mailReportSettings{Late: 9 * 24 * time.Hour, Warning: 50, Critical: 5, Surge: 3, Few: 20}
}

func mailReportKind() Kind {
	return Kind{
		Name: mailReportName, Hostless: true, Settings: mailReportDefaults(), Measure: measureMailReport, Calm: calmMailReport,
		Help: "Whether the report that a mail server sends of its mail (pflogsumm) came, and what is unusual in it beside those of the weeks before. It is read from the mailbox of `[mailbox]`.",
	}
}

var errNoMails = errors.New("only the bot that is running has the mails")

func measureMailReport(ctx context.Context, a Asked) (Report, error) {
	s := settings[mailReportSettings](a)
	err := errNoMails
	var all []MailReport
	if a.Mails != nil {
		all, err = a.Mails.MailReports(ctx, s.Server, 2*comparedReports)
	}
	if err != nil {
		err = fmt.Errorf("read the reports of the mail server: %w", err)
		return MailVerdict{Result: failed(mailReportName, a.Name, time.Now(), err)}, err
	}
	return newMailVerdict(a.Name, all, s, time.Now()), nil
}

// JudgeMail says what is unusual about the newest of some reports, at the time when it
// came and with the thresholds that apply without a [[check]]. Details are in language l.
func JudgeMail(newestFirst []MailReport, l *text.Language) Outcome {
	if len(newestFirst) == 0 {
		return Outcome{}
	}
	return OutcomeOf(newMailVerdict(newestFirst[0].Server, newestFirst, mailReportDefaults(), newestFirst[0].At), l)
}

// newMailVerdict judges the newest of some reports, which come newest first. Those that
// anyone could have written do not count.
func newMailVerdict(name string, reports []MailReport, s mailReportSettings, at time.Time) MailVerdict {
	proven := slices.DeleteFunc(slices.Clone(reports), func(r MailReport) bool { return !r.Verified })
	unproven := len(reports) > 0 && !reports[0].Verified
	v := MailVerdict{}
	var findings []Finding
	found := func(status Status, fault Fault, value, limit float64, unit Unit) {
		findings = append(findings, Finding{Status: status, Thing: name, Fault: fault, Value: value, Limit: limit, Unit: unit})
	}
	if unproven {
		found(Unknown, FaultMailUnproven, 0, 0, Count)
	}
	if len(proven) == 0 {
		if !unproven {
			found(Unknown, FaultMailMissing, 0, 0, Count)
		}
		v.Result = newResult(mailReportName, name, at, findings)
		return v
	}
	newest := proven[0]
	newest.Server = outside(newest.Server, 80)
	v.Newest = &newest
	if age := at.Sub(newest.At); age > s.Late {
		found(Warning, FaultMailLate, age.Hours()/24, s.Late.Hours()/24, Days)
	}
	if !newest.Figures {
		found(Unknown, FaultMailUnread, 0, 0, Count)
	} else {
		v.Usual = usualMail(proven[1:])
		findings = append(findings, judgeMail(name, newest, v.Usual, s)...)
		v.Metrics = newest.metrics()
	}
	metrics := v.Metrics
	v.Result = newResult(mailReportName, name, at, findings)
	v.Metrics = metrics
	return v
}

// usualMail is the median of each figure; nil for too few reports.
func usualMail(before []MailReport) *MailReport {
	before = slices.DeleteFunc(slices.Clone(before), func(r MailReport) bool { return !r.Figures })
	before = before[:min(len(before), comparedReports)]
	if len(before) < fewestReports {
		return nil
	}
	usual := &MailReport{Server: before[0].Server, At: before[0].At}
	for i, to := range usual.figures() {
		var all []int64
		for _, r := range before {
			all = append(all, *r.figures()[i].value)
		}
		slices.Sort(all)
		*to.value = (all[(len(all)-1)/2] + all[len(all)/2]) / 2
	}
	return usual
}

// figure is one of a report.
type figure struct {
	name  string
	value *int64
	surge Fault // of too many; "" where many are no fault
}

func (r *MailReport) figures() []figure {
	return []figure{
		{"received", &r.Received, ""},
		{"delivered", &r.Delivered, ""},
		{"deferred", &r.Deferred, FaultMailDeferred},
		{"bounced", &r.Bounced, FaultMailBounced},
		{"rejected", &r.Rejected, FaultMailRejected},
	}
}

func (r *MailReport) metrics() (all []Metric) {
	for _, f := range r.figures() {
		all = append(all, Metric{f.name, "", float64(*f.value), Count})
	}
	return all
}

// judgeMail compares a report with what is usual, which is nil at the start.
func judgeMail(name string, newest MailReport, usual *MailReport, s mailReportSettings) (findings []Finding) {
	found := func(status Status, fault Fault, value, limit int64) {
		findings = append(findings, Finding{Status: status, Thing: name, Fault: fault, Value: float64(value), Limit: float64(limit)})
	}
	if usual == nil {
		if newest.Received == 0 {
			found(Critical, FaultMailNone, 0, 0)
		}
		return findings
	}
	if usual.Received >= int64(s.Few) {
		share := float64(newest.Received) / float64(usual.Received) * 100
		switch {
		case newest.Received == 0:
			found(Critical, FaultMailNone, 0, usual.Received)
		case share < s.Critical:
			found(Critical, FaultMailFall, newest.Received, usual.Received)
		case share < s.Warning:
			found(Warning, FaultMailFall, newest.Received, usual.Received)
		}
	}
	for i, f := range newest.figures() {
		before := *usual.figures()[i].value
		if f.surge != "" && *f.value >= int64(s.Few) && float64(*f.value) >= s.Surge*float64(max(before, 1)) {
			found(Warning, f.surge, *f.value, before)
		}
	}
	return findings
}

// tell adds each figure, beside what is usual.
func (v MailVerdict) tell(o *Outcome, l *text.Language) {
	if v.Newest == nil || !v.Newest.Figures {
		return
	}
	o.Count = int(v.Newest.Received)
	var rows [][]string
	for i, f := range v.Newest.figures() {
		usual := "–"
		if v.Usual != nil {
			usual = fmt.Sprint(*v.Usual.figures()[i].value)
			o.Busy = int(v.Usual.Received)
		}
		rows = append(rows, []string{l.Say("checks.mail-report." + f.name), fmt.Sprint(*f.value), usual})
	}
	o.Detail = columns(strings.Split(l.Say("checks.mail-report.columns"), "|"), rows)
}

// calmMailReport says how many mails came; at the start, that nothing is usual yet.
func calmMailReport(l *text.Language, o Outcome, _ time.Time) string {
	said := l.Say("checks.mail-report.calm", "Count", o.Count)
	if o.Busy == 0 {
		return said + l.Say("checks.mail-report.first")
	}
	return said + l.Say("checks.mail-report.usual", "Usual", o.Busy)
}
