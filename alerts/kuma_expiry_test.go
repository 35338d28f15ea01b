package alerts

import (
	"testing"
	"time"

	"ronde/store"
)

func TestAWarningEndsOnItsDay(t *testing.T) {
	said := today(t, "06:00")
	for _, c := range []struct {
		source Kind
		fault  string
		want   time.Time
	}{
		{KumaExpiry, "will expire in 7 days: Nuage", said.AddDate(0, 0, 7)},
		{KumaExpiry, "will be expired in 1 day", said.AddDate(0, 0, 1)},
		{KumaExpiry, "will expire in 14 days: will expire in 2 days", said.AddDate(0, 0, 14)},
		{KumaExpiry, "will expire in -1 days: Nuage", time.Time{}},
		{KumaExpiry, "will expire in 0 days", time.Time{}},
		{KumaExpiry, "will expire in 99999999999999999999 days", time.Time{}},
		{Kuma, "will expire in 7 days", time.Time{}},
	} {
		if got := expires(store.Incident{Source: string(c.source), Fault: c.fault, Newest: said}); !got.Equal(c.want) {
			t.Errorf("%s, %q: ends %v, want %v", c.source, c.fault, got, c.want)
		}
	}
}
