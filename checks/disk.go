package checks

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/probe"
	"ronde/text"
)

// Faults of a file system; the thing is where it is mounted.
const (
	FaultSpace  Fault = "disk-space"  // Value and Limit in percent
	FaultInodes Fault = "disk-inodes" // Value and Limit in percent
	FaultUnread Fault = "disk-unread" // nobody could tell
	// FaultForecast is of one that will be full soon: Value is in how many days, Limit is
	// from when on that counts.
	FaultForecast Fault = "disk-forecast"
)

type diskSettings struct {
	Warning  float64       `set:"warning" unit:"%" least:"1" most:"100" help:"Space or inodes used from which it warns."`
	Critical float64       `set:"critical" unit:"%" least:"1" most:"100" help:"Space or inodes used from which it is critical."`
	Forecast time.Duration `set:"forecast" least:"0s" most:"52w" help:"It warns when a file system will be full within that time if it goes on growing as in the last four weeks; 0s for never. That is known after a week."`
	Ignore   []string      `set:"ignore" example:"[\"/mnt/backup\"]" help:"Where file systems are mounted that do not count."`
}

// Judge says that critical comes after warning.
func (s diskSettings) Judge() (setting, reason string) {
	if s.Critical < s.Warning {
		return "critical", "is below warning"
	}
	return "", ""
}

// DiskReport is the result of the check called disk.
type DiskReport struct {
	Result
	Disks []probe.Disk `json:"disks"` // fullest first; never nil
}

func diskKind() Kind {
	return Kind{
		Name: "disk", Needs: NeedsProbe, Help: "How full the file systems are, in space and in inodes, and when they will be.",
		Settings: diskSettings{Warning: 85, Critical: 95, Forecast: 14 * 24 * time.Hour}, Measure: measureDisk, Calm: calmDisk,
	}
}

func measureDisk(ctx context.Context, a Asked) (Report, error) {
	disks, err := probe.Ask(ctx, a.Host, probe.Disks())
	if err != nil {
		return DiskReport{Result: failed("disk", a.Name, time.Now(), err), Disks: []probe.Disk{}}, err
	}
	s, now := settings[diskSettings](a), time.Now()
	soon, err := forecastDisks(ctx, a, disks, now)
	r := newDiskReport(a.Name, disks, s, now, soon...)
	if err == nil {
		err = explainDisks(ctx, a, r.Findings, now)
	}
	if err != nil { // what is full is known, but not all that was asked for
		metrics := r.Metrics
		r.Result = newResult("disk", a.Name, now, append(r.Findings, Finding{Status: Unknown, Thing: a.Name, Fault: FaultFailed}))
		r.Metrics = metrics
	}
	return r, nil
}

// newDiskReport judges file systems; more is what is found besides.
func newDiskReport(name string, disks []probe.Disk, s diskSettings, at time.Time, more ...Finding) DiskReport {
	if len(disks) == 0 { // every machine has one
		more = append(more, Finding{Status: Unknown, Thing: name, Fault: FaultFailed})
	}
	disks = slices.DeleteFunc(slices.Clone(disks), func(d probe.Disk) bool { return slices.Contains(s.Ignore, d.Mount) })
	slices.SortStableFunc(disks, func(a, b probe.Disk) int { return cmp.Compare(spaceUsed(b), spaceUsed(a)) })
	var findings []Finding
	var metrics []Metric
	for _, d := range disks {
		if d.Problem != "" {
			findings = append(findings, Finding{Status: Unknown, Thing: d.Mount, Fault: FaultUnread, Note: text.OneLine(text.Mask(d.Problem), 200)})
			continue
		}
		space := spaceUsed(d)
		full := limits{s.Warning, s.Critical}
		findings = append(findings, full.above(Finding{Thing: d.Mount, Fault: FaultSpace, Value: space, Unit: Percent})...)
		findings = append(findings, full.above(Finding{Thing: d.Mount, Fault: FaultInodes, Value: percent(d.InodesUsed, d.Inodes), Unit: Percent})...)
		metrics = append(metrics, Metric{"used", d.Mount, float64(d.Used), Bytes}, Metric{"space", d.Mount, space, Percent})
	}
	findings = append(findings, more...)
	r := DiskReport{Result: newResult("disk", name, at, findings), Disks: append([]probe.Disk{}, disks...)}
	r.Metrics = metrics
	return r
}

// spaceUsed is in percent, as df rounds up from: without what is reserved for root.
func spaceUsed(d probe.Disk) float64 { return percent(d.Used, d.Used+d.Free) }

// tell adds a line for each file system, and the fullest for when all is well.
func (r DiskReport) tell(o *Outcome, l *text.Language) {
	o.Count = len(r.Disks)
	var rows [][]string
	for _, d := range r.Disks {
		row := []string{d.Mount, "?", "?", "?"}
		if d.Problem == "" {
			row = []string{d.Mount, fmt.Sprintf("%.0f", spaceUsed(d)), short(l, float64(d.Free)), fmt.Sprintf("%.0f", percent(d.InodesUsed, d.Inodes))}
		}
		rows = append(rows, row)
	}
	o.Detail = columns(strings.Split(l.Say("checks.disk.columns"), "|"), rows)
}

func calmDisk(l *text.Language, o Outcome, _ time.Time) string {
	fullest := 0.0
	for _, m := range o.Metrics {
		if m.Name == "space" {
			fullest = max(fullest, m.Value)
		}
	}
	return l.Say("checks.disk.calm", "Count", o.Count, "Most", sayValue(l, fullest, Percent))
}
