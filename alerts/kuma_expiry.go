package alerts

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"ronde/store"
)

var (
	kumaCert   = regexp.MustCompile(`^\[(.+?)\]\[(.*?)\] (.+) certificate (.*?) ?(will (?:be expired|expire) in -?\d+ days?)$`)
	kumaDomain = regexp.MustCompile(`^Domain name (\S+) (will expire in -?\d+ days?)$`)
	kumaDays   = regexp.MustCompile(`^will (?:be expired|expire) in (\d+) days?\b`)
)

// kumaExpiry reads the warnings of Uptime Kuma that a certificate or a domain runs
// out: one each 21, 14 and 7 days ahead, and none when it was renewed. They are of
// a kind of their own, so that they and the outages of a monitor never end each
// other. No template of Kuma's changes them: subject and body are the same line.
var kumaExpiry = Format{Kind: KumaExpiry, read: func(m mail) (said, bool) {
	if m.isReply() {
		return said{}, false
	}
	if f := kumaCert.FindStringSubmatch(m.subject); f != nil {
		return said{Firing, certificate(f[4], f[2], f[1]) + " (" + f[3] + " certificate)", f[5] + ": " + f[1]}, true
	}
	if f := kumaDomain.FindStringSubmatch(m.subject); f != nil && m.subject == m.firstLine() {
		return said{Firing, f[1] + " (domain name)", f[2]}, true
	}
	return said{}, false
}}

// certificate returns the name that a certificate bears, or that of the server that
// shows it: newer ones bear none. So all monitors of one certificate are one
// incident.
func certificate(name, address, monitor string) string {
	if name != "" && name != "undefined" {
		return name
	}
	u, err := url.Parse(address)
	if err != nil {
		return monitor
	}
	return cmp.Or(u.Hostname(), monitor)
}

// expires returns the day that an incident warns of, by its newest warning. It is
// zero for any other incident, and for what has run out already: that has to be
// renewed before it is over.
func expires(i store.Incident) time.Time {
	f := kumaDays.FindStringSubmatch(i.Fault)
	if i.Source != string(KumaExpiry) || f == nil {
		return time.Time{}
	}
	days, err := strconv.Atoi(f[1])
	if err != nil || days == 0 || days > 10000 {
		return time.Time{}
	}
	return i.Newest.AddDate(0, 0, days)
}

// EndWarnings ends the incidents whose day has come: by then it was renewed, of
// which Kuma says nothing, or Kuma says what is down.
func (d *Desk) EndWarnings(ctx context.Context) error {
	var over []store.Incident
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
		over, err = pastWarnings(tx)
		return err
	})
	if err != nil || len(over) == 0 {
		return err
	}
	err = d.Store.Update(ctx, endWarnings)
	if err == nil {
		d.Changed()
	}
	return err
}

func endWarnings(tx *store.Tx) error {
	over, err := pastWarnings(tx)
	if err != nil {
		return err
	}
	for _, i := range over {
		i.State, i.ResolvedAt = store.Resolved, expires(i)
		if err := tx.SaveIncident(i); err != nil {
			return err
		}
		if err := show(tx, i.ID, prompt); err != nil {
			return err
		}
	}
	return nil
}

// pastWarnings returns the open incidents whose day has come.
func pastWarnings(tx *store.Tx) ([]store.Incident, error) {
	open, err := tx.OpenIncidentsOf(string(KumaExpiry))
	return slices.DeleteFunc(open, func(i store.Incident) bool {
		day := expires(i)
		return day.IsZero() || day.After(tx.Now)
	}), err
}
