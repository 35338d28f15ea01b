package checks

import (
	"context"
	"errors"
	"testing"
	"time"
)

const week = 7 * 24 * time.Hour

// weekly are reports of a server that came each week, the newest first: the newest an hour
// ago.
func weekly(received ...int64) (all []MailReport) {
	for i, n := range received {
		all = append(all, MailReport{
			Server: "mail.example.org", At: now.Add(-time.Hour - time.Duration(i)*week), Verified: true, Figures: true,
			Received: n, Delivered: n - n/100, Deferred: 16, Bounced: 7, Rejected: 131,
		})
	}
	return all
}

func changed(all []MailReport, change func(*MailReport)) []MailReport {
	change(&all[0])
	return all
}

func mailStories() (all []Report) {
	for _, reports := range [][]MailReport{
		weekly(640, 655, 610, 700), weekly(640), weekly(300, 655, 610, 700), weekly(12, 655, 610, 700), weekly(0, 655, 610, 700), weekly(0), nil,
		changed(weekly(640, 655, 610), func(r *MailReport) { r.Deferred, r.Bounced, r.Rejected = 400, 70, 2000 }),
		changed(weekly(640, 655, 610), func(r *MailReport) { r.Figures = false }),
		changed(weekly(640, 655, 610), func(r *MailReport) { r.Verified = false }),
		weekly(640, 655, 610, 700)[2:],
	} {
		all = append(all, newMailVerdict("courriel", reports, mailReportDefaults(), now))
	}
	return all
}

func TestAReportIsComparedWithThoseOfTheWeeksBefore(t *testing.T) {
	few := changed(weekly(3, 4, 5, 3), func(r *MailReport) { r.Deferred = 19 })
	for _, tt := range []struct {
		name    string
		reports []MailReport
		want    Status
		fault   Fault // the worst; "" for none
	}{
		{"as usual", weekly(640, 655, 610, 700), OK, ""},
		{"more than usual", weekly(6400, 655, 610, 700), OK, ""},
		{"the first", weekly(640), OK, ""},
		{"the second", weekly(12, 640), OK, ""},
		{"half of it is gone", weekly(327, 655, 610, 700), Warning, FaultMailFall},
		{"nearly all of it is gone", weekly(12, 655, 610, 700), Critical, FaultMailFall},
		{"all of it is gone", weekly(0, 655, 610, 700), Critical, FaultMailNone},
		{"the first, with nothing in it", weekly(0), Critical, FaultMailNone},
		{"a server that gets three mails", weekly(0, 4, 5, 3), OK, ""},
		{"and defers nineteen", few, OK, ""},
		{"one week in the past was odd", weekly(640, 3, 655, 610, 700), OK, ""},
		{"a surge of deferred", changed(weekly(640, 655, 610), func(r *MailReport) { r.Deferred = 48 }), Warning, FaultMailDeferred},
		{"less than a surge", changed(weekly(640, 655, 610), func(r *MailReport) { r.Deferred = 47 }), OK, ""},
		{"a surge of bounced", changed(weekly(640, 655, 610), func(r *MailReport) { r.Bounced = 21 }), Warning, FaultMailBounced},
		{"a surge of rejected", changed(weekly(640, 655, 610), func(r *MailReport) { r.Rejected = 1310 }), Warning, FaultMailRejected},
		{"no figures", changed(weekly(0, 655, 610), func(r *MailReport) { r.Figures = false }), Unknown, FaultMailUnread},
		{"the last one is two weeks old", weekly(640, 655, 610, 640)[2:], Warning, FaultMailLate},
		{"anybody could have written it", changed(weekly(640, 655, 610), func(r *MailReport) { r.Verified = false }), Unknown, FaultMailUnproven},
		{"only such ones", changed(weekly(640), func(r *MailReport) { r.Verified = false }), Unknown, FaultMailUnproven},
		{"none has come", nil, Unknown, FaultMailMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := newMailVerdict("courriel", tt.reports, mailReportDefaults(), now)
			if v.Status != tt.want || (tt.fault == "") != (len(v.Findings) == 0) || tt.fault != "" && v.Findings[0].Fault != tt.fault {
				t.Errorf("got %v with %+v", v.Status, v.Findings)
			}
		})
	}
}

func TestTheUsualMailIsTheMedianOfTheLastEightReports(t *testing.T) {
	usual := usualMail(weekly(10, 20, 30, 1000, 40, 50, 60, 70, 99999, 99999))
	if usual == nil || usual.Received != 45 {
		t.Errorf("got %+v, want 45", usual)
	}
	if usual := usualMail(weekly(10)); usual != nil {
		t.Errorf("of one report got %+v", usual)
	}
}

type mails func(server string) ([]MailReport, error)

func (m mails) MailReports(_ context.Context, server string, _ int) ([]MailReport, error) {
	return m(server)
}

func TestTheReportsOfTheServerAreAskedFor(t *testing.T) {
	s := mailReportDefaults()
	s.Server = "mail.example.org"
	asked := ""
	r, err := measureMailReport(t.Context(), Asked{Name: "courriel", Settings: s, Mails: mails(func(server string) ([]MailReport, error) {
		asked = server
		return []MailReport{{Server: server, At: time.Now(), Verified: true, Figures: true, Received: 640}}, nil
	})})
	if err != nil || r.Verdict().Status != OK || asked != "mail.example.org" || len(r.Verdict().Metrics) != 5 {
		t.Errorf("got %+v, %v, asked for %s", r, err, asked)
	}
	for _, from := range []MailReports{nil, mails(func(string) ([]MailReport, error) { return nil, errors.New("disk full") })} {
		if r, err := measureMailReport(t.Context(), Asked{Name: "courriel", Settings: s, Mails: from}); err == nil || r.Verdict().Status != Unknown {
			t.Errorf("got %+v, %v", r, err)
		}
	}
}

func TestTheCardOfAReportSaysItsVerdict(t *testing.T) {
	o := JudgeMail(weekly(12, 655, 610, 700), speak("en"))
	if o.Status != Critical || o.Host != "mail.example.org" || o.Detail == "" {
		t.Errorf("got %+v", o)
	}
	if o := JudgeMail(nil, speak("en")); len(o.Findings) > 0 {
		t.Errorf("of no report got %+v", o)
	}
}
