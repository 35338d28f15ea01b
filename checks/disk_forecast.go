package checks

import (
	"context"
	"slices"
	"time"

	"ronde/probe"
)

// forecastDisks finds the file systems that will be full soon if they go on growing as
// they do.
func forecastDisks(ctx context.Context, a Asked, disks []probe.Disk, now time.Time) (found []Finding, err error) {
	s := settings[diskSettings](a)
	for _, d := range disks {
		if slices.Contains(s.Ignore, d.Mount) || s.Forecast == 0 || spaceUsed(d) >= s.Critical {
			continue
		}
		used, err := a.History.Points(ctx, a.series("used", d.Mount), now.Add(-forecastOver))
		if err != nil {
			return found, err
		}
		found = append(found, forecastDisk(d, used, s.Forecast)...)
	}
	return found, nil
}

// forecastDisk judges one by how much of it was used before.
func forecastDisk(d probe.Disk, used []Point, within time.Duration) []Finding {
	perDay, steady := trend(used)
	if !steady {
		return nil
	}
	left, limit := float64(d.Free)/perDay, within.Hours()/24
	if left > limit {
		return nil
	}
	return []Finding{{Status: Warning, Thing: d.Mount, Fault: FaultForecast, Value: left, Limit: limit, Unit: Days}}
}

// explainDisks adds to what is too full how full it usually is.
func explainDisks(ctx context.Context, a Asked, findings []Finding, now time.Time) error {
	for i := range findings {
		f := &findings[i]
		if f.Fault != FaultSpace {
			continue
		}
		h, err := habitsOf(ctx, a, []Metric{{Name: "space", Thing: f.Thing}}, now)
		if err != nil {
			return err
		}
		f.Usual = h.usual("space", f.Thing)
	}
	return nil
}
