package checks

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/probe"
)

func vitals(change func(*probe.Vitals)) probe.Vitals {
	v := probe.Vitals{
		Load1: 0.42, Load5: 0.5, Load15: 12, Cores: 4, CPU: 12.4, Memory: 16 << 30, MemoryAvailable: 10 << 30, Swap: 4 << 30, SwapUsed: 1 << 28,
		Booted:   time.Date(2026, 10, 23, 3, 0, 0, 0, time.UTC),
		Pressure: map[string]probe.Pressure{"cpu": {Some: 1.4}, "memory": {Some: 0.2}, "io": {Some: 3}},
	}
	if change != nil {
		change(&v)
	}
	return v
}

func TestAMachineThatHasTooMuchToDoIsFound(t *testing.T) {
	found := func(s Status, f Fault, value, limit float64, u Unit) Finding {
		return Finding{Status: s, Thing: "antigone", Fault: f, Value: value, Limit: limit, Unit: u}
	}
	for name, tt := range map[string]struct {
		vitals probe.Vitals
		want   []Finding
	}{
		"all is well":     {vitals(nil), nil},
		"load":            {vitals(func(v *probe.Vitals) { v.Load5 = 10 }), []Finding{found(Warning, FaultLoad, 2.5, 2, Count)}},
		"more load":       {vitals(func(v *probe.Vitals) { v.Load5 = 20 }), []Finding{found(Critical, FaultLoad, 5, 5, Count)}},
		"a peak":          {vitals(func(v *probe.Vitals) { v.Load1, v.CPU = 90, 100 }), nil},
		"memory":          {vitals(func(v *probe.Vitals) { v.Memory, v.MemoryAvailable = 100<<30, 10<<30 }), []Finding{found(Warning, FaultUsed, 90, 90, Percent)}},
		"no memory":       {vitals(func(v *probe.Vitals) { v.MemoryAvailable = 0 }), []Finding{found(Critical, FaultUsed, 100, 97, Percent)}},
		"more than all":   {vitals(func(v *probe.Vitals) { v.MemoryAvailable = v.Memory * 2 }), nil},
		"swap":            {vitals(func(v *probe.Vitals) { v.SwapUsed = v.Swap }), []Finding{found(Warning, FaultSwap, 100, 80, Percent)}},
		"no swap":         {vitals(func(v *probe.Vitals) { v.Swap, v.SwapUsed = 0, 0 }), nil},
		"short of memory": {vitals(func(v *probe.Vitals) { v.Pressure["memory"] = probe.Pressure{Some: 20} }), []Finding{found(Warning, FaultPressure, 20, 20, Percent)}},
		"an old kernel":   {vitals(func(v *probe.Vitals) { v.Pressure, v.Cores = nil, 0 }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newLoadReport("antigone", tt.vitals, loadKind().Settings.(loadSettings), time.Now())
			if diff := cmp.Diff(append([]Finding{}, tt.want...), r.Findings); diff != "" || r.Status != worst(tt.want) {
				t.Errorf("%s, findings (-want +got):\n%s", r.Status, diff)
			}
		})
	}
}

func TestTheLoadOnAPhone(t *testing.T) {
	at := time.Date(2026, 11, 26, 3, 14, 0, 0, time.UTC)
	for code, want := range map[string]string{
		"fr": "charge  0,4 0,5 12 sur 4 cœurs\nCPU     12\u00a0%\nmémoire 6,0G sur 16G (38\u00a0%)\nswap    256M sur 4,0G (6\u00a0%)\n" +
			"attente CPU 1 mém 0 E/S 3\u00a0%\nallumé  depuis 34\u00a0j",
		"en": "load   0.4 0.5 12 on 4 cores\nCPU    12%\nmemory 6.0G of 16G (38%)\nswap   256M of 4.0G (6%)\nwaits  CPU 1 mem 0 disk 3%\nup     34\u00a0d",
	} {
		o := OutcomeOf(newLoadReport("antigone", vitals(nil), loadKind().Settings.(loadSettings), at), speak(code))
		if o.Detail != want {
			t.Errorf("%s:\n%s\nwant:\n%s", code, o.Detail, want)
		}
		checkDetail(t, o.Detail)
		calm := map[string]string{"fr": "charge 0,4, CPU 12\u00a0%, mémoire 6,0\u00a0GiB", "en": "load 0.4, CPU 12%, memory 6.0\u00a0GiB"}
		if said := calmLoad(speak(code), o, at); said != calm[code] {
			t.Errorf("calm: %q", said)
		}
	}
}

func TestLimitsOfTheLoadGoTogether(t *testing.T) {
	s := loadKind().Settings.(loadSettings)
	s.MemoryCrit = 50
	if setting, _ := Judge(s); setting != "memory_critical" {
		t.Errorf("%q is wrong", setting)
	}
	s.LoadCritical = 1
	if setting, _ := Judge(s); setting != "load_critical" {
		t.Errorf("%q is wrong", setting)
	}
}
