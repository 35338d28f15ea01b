package alerts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/store"
)

func TestTheTotalsOfAReportAreRead(t *testing.T) {
	for text, want := range map[string]map[string]int64{
		"Grand Totals\n    640   received\n    633   delivered\n     16   deferred  (16  deferrals)\n      7   bounced\n    131   rejected (17%)\n": {
			"received": 640, "delivered": 633, "deferred": 16, "bounced": 7, "rejected": 131},
		"Grand Totals\n  1640k  received\n    12m  delivered\n": {"received": 1640 << 10, "delivered": 12 << 20},
		"Error: Mail log not readable or not found":             nil,
		"Grand Totals\n 99999999999999999999 received":          nil,
		"Grand Totals\n 7 delivered":                            {"delivered": 7},
		"640 received\nGrand Totals\n3 received\n4 received":    {"received": 3},
	} {
		got, has := pflogTotals(text)
		if diff := cmp.Diff(want, got); diff != "" || has != (want["received"] > 0) {
			t.Errorf("%q: %v (-want +got):\n%s", text, has, diff)
		}
	}
}

// A report is known when its text is gone, and says its verdict on its card.
func TestAReportIsKeptWithoutItsText(t *testing.T) {
	d := newInboxDesk(t)
	d.Settings.Keep = time.Hour
	raw, err := os.ReadFile("testdata/mails/pflogsumm/mail-docker-mailserver-weekly-logrotate.eml")
	must(t, err)
	trusted := "Authentication-Results: mx.example.org; dkim=pass header.d=exemple-asso.fr\r\n"
	for n, text := range []string{trusted + string(raw), trusted + strings.Replace(string(raw), "  640   received", "    3   received", 1), string(raw)} {
		at := time.Now().Add(-time.Duration(50-n) * 24 * time.Hour)
		m := store.Mail{Folder: "INBOX", UIDValidity: 1, UID: uint32(n + 1), Received: at, Raw: []byte(text), Hash: fmt.Sprint(n)}
		_, err := d.Store.TakeMail(t.Context(), store.Cursor{UIDValidity: 1, UID: m.UID}, "INBOX", []store.Mail{m})
		must(t, err)
	}
	must(t, d.FoldAll(t.Context()))
	must(t, d.Store.Update(t.Context(), func(tx *store.Tx) error {
		card, err := d.RenderMail(tx, 1)
		if !strings.Contains(card.Message.Plain, "✅ mail.exemple-asso.fr: 640 mails received, nothing to compare with yet") {
			t.Errorf("the card is\n%s", card.Message.Plain)
		}
		_, emptied := tx.EmptyMails(tx.Now.Add(time.Hour), MailCard+"x", 10)
		must(t, emptied)
		return err
	}))
	all, err := MailReports{d.Store}.MailReports(t.Context(), "mail.exemple-asso.fr", 10)
	if err != nil || len(all) != 3 || all[2].Received != 640 || all[2].Rejected != 131 || !all[2].Verified || all[1].Received != 3 || all[0].Verified {
		t.Errorf("got %+v, %v", all, err)
	}
	if all, err := (MailReports{d.Store}).MailReports(t.Context(), "other.example.org", 10); err != nil || len(all) > 0 {
		t.Errorf("of another server got %+v, %v", all, err)
	}
	if all, err := (MailReports{d.Store}).MailReports(t.Context(), "", 2); err != nil || len(all) != 2 {
		t.Errorf("of any server got %+v, %v", all, err)
	}
}

func FuzzPflogTotals(f *testing.F) {
	files, _ := filepath.Glob("testdata/mails/pflogsumm/*.eml")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	f.Add("Grand Totals\n 1g received\n")
	f.Fuzz(func(t *testing.T, report string) {
		totals, has := pflogTotals(report)
		for name, n := range totals {
			if n < 0 {
				t.Errorf("%d %s", n, name)
			}
		}
		if _, received := totals["received"]; has && !received {
			t.Error("totals without what was received")
		}
	})
}
