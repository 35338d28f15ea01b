package checks

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ronde/probe"
)

// Faults of a backup; the thing is its name.
const (
	FaultBackupOld    Fault = "backup-old"    // Value and Limit in days
	FaultBackupNone   Fault = "backup-none"   // there is none
	FaultBackupAhead  Fault = "backup-ahead"  // the last one is of the future: how old it is nobody knows; Value is in how many days
	FaultBackupFailed Fault = "backup-failed" // the last try did; Value is how many days ago
	FaultBackupSize   Fault = "backup-shrunk" // Value and Limit in bytes
	FaultBackupFiles  Fault = "backup-fewer"  // Value and Limit count files
	FaultBackupGaps   Fault = "backup-gaps"   // Value and Limit count runs of the last week
)

// faultsOfBackups say why nothing is known of a backup.
func faultsOfBackups() map[probe.Trouble]Fault {
	return map[probe.Trouble]Fault{
		probe.Locked: "backup-locked", probe.Passphrase: "backup-passphrase", probe.Missing: "backup-missing", probe.Refused: "backup-refused",
		probe.NotInstalled: "backup-program", probe.Open: "backup-open", probe.Slow: "backup-slow", probe.Broken: "backup-broken",
	}
}

type backupSettings struct {
	MaxAge   time.Duration `set:"max_age" least:"1m" help:"How old the last backup that succeeded may be before it warns."`
	Critical time.Duration `set:"critical_age" least:"1m" help:"How old it may be before it is critical."`
	Shrink   float64       `set:"shrink" unit:"%" least:"0" most:"100" help:"The share of the usual size and number of files below which the last backup is suspect; 0 for never. Usual is the median of those before."`
	Gaps     int           `set:"gaps" least:"0" help:"How many runs may be missing within a week before it warns; 0 for any number."`
	Only     []string      `set:"only" example:"[\"nuage\"]" help:"The backups of the host's probe.toml that count; all when not set."`
	Except   []string      `set:"except" example:"[\"archives\"]" help:"Those that do not count, such as one with a [[check]] of its own."`
}

// Judge says that critical comes after the warning.
func (s backupSettings) Judge() (setting, reason string) {
	if s.Critical < s.MaxAge {
		return "critical_age", "is less than max_age"
	}
	return "", ""
}

// BackupsReport is the result of the check called backups.
type BackupsReport struct {
	Result
	Backups []probe.Backup `json:"backups"` // never nil
}

func backupsKind() Kind {
	return Kind{
		Name: "backups", Needs: NeedsProbe,
		Help:     "How old the last backups are and how large, beside those before. The host's own probe.toml names them.",
		Settings: backupSettings{MaxAge: 26 * time.Hour, Critical: 50 * time.Hour, Shrink: 50, Gaps: 2},
		Measure:  measureBackups, Calm: calmBackups,
	}
}

func measureBackups(ctx context.Context, a Asked) (Report, error) {
	fail := func(err error) (Report, error) {
		return BackupsReport{Result: failed("backups", a.Name, time.Now(), err), Backups: []probe.Backup{}}, err
	}
	all, err := probe.Ask(ctx, a.Host, probe.BackupState())
	if err != nil {
		return fail(err)
	}
	s := settings[backupSettings](a)
	for _, name := range s.Only {
		if !slices.ContainsFunc(all, func(b probe.Backup) bool { return b.Name == name }) {
			return fail(fmt.Errorf("the [[backup]] %q: %w", name, &probe.Error{Code: probe.NoSuch, Text: "is not in probe.toml"}))
		}
	}
	all = slices.DeleteFunc(all, func(b probe.Backup) bool { return !s.counts(b.Name) })
	now := time.Now()
	before := map[string]usual{}
	for _, b := range all {
		if before[b.Name], err = usualOf(ctx, a, b, now); err != nil {
			return fail(err)
		}
	}
	return newBackupsReport(a.Name, all, s, before, now), nil
}

func (s backupSettings) counts(name string) bool {
	return (len(s.Only) == 0 || slices.Contains(s.Only, name)) && !slices.Contains(s.Except, name)
}

// usual is the median of earlier backups; 0 when not known.
type usual struct{ bytes, files float64 }

// usualOf takes the backups that the host tells of, or where it keeps only the last one,
// what was measured within a month.
func usualOf(ctx context.Context, a Asked, b probe.Backup, now time.Time) (u usual, err error) {
	earlier := func(metric string, of func(probe.Run) *int64) (float64, error) {
		var values []float64
		for _, r := range b.Runs[min(1, len(b.Runs)):] {
			if n := of(r); n != nil {
				values = append(values, float64(*n))
			}
		}
		if len(values) > 0 {
			return middleOf(values), nil
		}
		points, err := a.History.Points(ctx, Series{Check: "backups", Name: a.Name, Metric: metric, Thing: b.Name}, now.Add(-30*day))
		for _, p := range points {
			values = append(values, p.Value)
		}
		return middleOf(values), err
	}
	if u.bytes, err = earlier("size", func(r probe.Run) *int64 { return r.Bytes }); err != nil {
		return u, err
	}
	u.files, err = earlier("files", func(r probe.Run) *int64 { return r.Files })
	return u, err
}

// middleOf is the median; 0 of nothing.
func middleOf(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	half := len(values) / 2
	if len(values)%2 == 1 {
		return values[half]
	}
	return (values[half-1] + values[half]) / 2
}

func newBackupsReport(name string, all []probe.Backup, s backupSettings, before map[string]usual, at time.Time) BackupsReport {
	var findings []Finding
	var metrics []Metric
	for _, b := range all {
		findings = append(findings, s.judge(b, before[b.Name], at)...)
		metrics = append(metrics, backupMetrics(b, at)...)
	}
	r := BackupsReport{Result: newResult("backups", name, at, findings), Backups: append([]probe.Backup{}, all...)}
	r.Metrics = metrics
	return r
}

// clocksDiffer is by how much the clocks of two machines may.
const clocksDiffer = time.Hour

func (s backupSettings) judge(b probe.Backup, u usual, at time.Time) []Finding {
	switch {
	case b.Trouble != "":
		fault, known := faultsOfBackups()[b.Trouble]
		if !known {
			fault = faultsOfBackups()[probe.Broken]
		}
		return []Finding{{Status: Unknown, Thing: b.Name, Fault: fault}}
	case len(b.Runs) == 0:
		return []Finding{{Status: Critical, Thing: b.Name, Fault: FaultBackupNone}}
	}
	last := b.Runs[0]
	if early := last.At.Sub(at); early > clocksDiffer {
		return []Finding{{Status: Unknown, Thing: b.Name, Fault: FaultBackupAhead, Value: daysOf(early), Unit: Days}}
	}
	found := above(b.Name, FaultBackupOld, daysOf(at.Sub(last.At)), daysOf(s.MaxAge), daysOf(s.Critical), Days)
	if b.Failed.After(last.At) {
		found = append(found, Finding{Status: Warning, Thing: b.Name, Fault: FaultBackupFailed, Value: daysOf(at.Sub(b.Failed)), Unit: Days})
	}
	found = append(found, s.shrunk(b.Name, FaultBackupSize, last.Bytes, u.bytes, Bytes)...)
	found = append(found, s.shrunk(b.Name, FaultBackupFiles, last.Files, u.files, Count)...)
	if n := missedRuns(b.Runs, s.MaxAge, at); s.Gaps > 0 && n >= s.Gaps {
		found = append(found, Finding{Status: Warning, Thing: b.Name, Fault: FaultBackupGaps, Value: float64(n), Limit: float64(s.Gaps)})
	}
	return found
}

// shrunk finds a backup that lost much of what it usually holds, which is the failure
// that nobody notices.
func (s backupSettings) shrunk(thing string, fault Fault, value *int64, usual float64, unit Unit) []Finding {
	if value == nil || usual <= 0 || float64(*value) >= usual*s.Shrink/100 {
		return nil
	}
	return []Finding{{Status: Warning, Thing: thing, Fault: fault, Value: float64(*value), Limit: usual, Unit: unit}}
}

// missedRuns counts the runs that there should have been between those of the last week.
// The gap after the last one is for its age to tell, and what lies further back may have
// been thinned out on purpose.
func missedRuns(runs []probe.Run, maxAge time.Duration, at time.Time) (n int) {
	for i := 0; i+1 < len(runs) && at.Sub(runs[i+1].At) <= 7*day; i++ {
		n += int(runs[i].At.Sub(runs[i+1].At) / maxAge)
	}
	return n
}

func backupMetrics(b probe.Backup, at time.Time) []Metric {
	if b.Trouble != "" || len(b.Runs) == 0 {
		return nil
	}
	last := b.Runs[0]
	all := []Metric{{"age", b.Name, at.Sub(last.At).Seconds(), Seconds}}
	if last.Bytes != nil {
		all = append(all, Metric{"size", b.Name, float64(*last.Bytes), Bytes})
	}
	if last.Files != nil {
		all = append(all, Metric{"files", b.Name, float64(*last.Files), Count})
	}
	return all
}
