package checks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ronde/hosts"
	"ronde/probe"
)

func TestWhyNothingCouldBeMeasuredIsSaid(t *testing.T) {
	for want, err := range map[Fault]error{
		FaultAway:       &hosts.UnreachableError{Host: "antigone", Err: errors.New("refused")},
		FaultKeyRefused: &hosts.RefusedError{Host: "antigone", Err: errors.New("no")},
		FaultKeyFile:    &hosts.KeyFileError{File: "/etc/ronde/id_ed25519", Reason: "may be read by others"},
		FaultUnknownKey: &hosts.UnknownKeyError{Host: "antigone", Trust: "antigone"},
		FaultChangedKey: &hosts.ChangedKeyError{Host: "antigone"},
		FaultOldProbe:   &probe.VersionError{Probe: 2},
		FaultNotOffered: &probe.Error{Code: probe.NoSuch},
		FaultNoEngine:   hosts.ErrNoEngine,
		FaultNotLocal:   hosts.ErrNotLocal,
		FaultStrange:    errNoSuch,
		FaultDenied:     errDenied,
		FaultLate:       context.DeadlineExceeded,
		FaultFailed:     errors.New("anything else"),
	} {
		r := failed("disk", "antigone", time.Time{}, fmt.Errorf("ask antigone for disks: %w", err))
		if r.Status != Unknown || r.Findings[0].Fault != want {
			t.Errorf("%v: got %+v, want %s", err, r, want)
		}
		for _, code := range []string{"fr", "en"} {
			said := Say(speak(code), Outcome{Result: r})
			if said == "" || strings.Contains(said, string(want)+" ") || strings.Contains(said, "/etc/ronde") {
				t.Errorf("%s: %s says %q", code, want, said)
			}
		}
	}
}
