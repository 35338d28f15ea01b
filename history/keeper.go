// Package history keeps what checks measured, and tells it to whoever asks what was:
// to checks that judge by the past, and to people who want to see a curve.
package history

import (
	"context"
	"slices"
	"sync"
	"time"

	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

const (
	// keptOfOne bounds how many values of one check are kept.
	keptOfOne = 1000
	// foldedInARun bounds how many hours of a series one run of Compact folds.
	foldedInARun = 5000
	// compactEvery is how often there is something to fold.
	compactEvery = time.Hour
)

// Keeper keeps metrics in a store. It is the [checks.History] and [checks.Hourly] of the
// bot. Its methods may be called from several goroutines.
type Keeper struct {
	store *store.Store

	mu   sync.Mutex
	next time.Time // when there is something to fold again
}

var _ checks.Hourly = (*Keeper)(nil)

// New returns a keeper over s.
func New(s *store.Store) *Keeper { return &Keeper{store: s} }

// Keep keeps what outcomes measured. The same outcome kept again changes nothing. Of one
// that is unknown there may be nothing to keep.
func (k *Keeper) Keep(ctx context.Context, all []checks.Outcome) error {
	if !slices.ContainsFunc(all, func(o checks.Outcome) bool { return len(o.Metrics) > 0 }) {
		return nil
	}
	return k.store.Update(ctx, func(tx *store.Tx) error {
		for _, o := range all {
			if err := tx.AddMetrics(o.At, measured(o)); err != nil {
				return err
			}
		}
		return nil
	})
}

func measured(o checks.Outcome) (all []store.Measured) {
	for _, m := range o.Metrics[:min(len(o.Metrics), keptOfOne)] {
		all = append(all, store.Measured{
			Series: store.Series{Check: o.Check, Name: o.Host, Metric: name(m.Name), Thing: name(m.Thing), Unit: string(m.Unit)},
			Value:  m.Value,
		})
	}
	return all
}

// name is how a thing is called that others name, such as a container.
func name(s string) string { return text.OneLine(text.Printed(s), 100) }

// Points returns the values of a series since a time, as [checks.History] says.
func (k *Keeper) Points(ctx context.Context, s checks.Series, since time.Time) (all []checks.Point, err error) {
	err = k.series(ctx, s, func(tx *store.Tx, id int64) error {
		points, err := tx.Points(id, since, tx.Now, 0)
		for _, p := range points {
			all = append(all, checks.Point{At: p.At, Value: p.Median})
		}
		return err
	})
	return all, err
}

// Hours returns what hours of a series were like, as [checks.Hourly] says.
func (k *Keeper) Hours(ctx context.Context, s checks.Series, begins []time.Time) (all []checks.Hour, err error) {
	err = k.series(ctx, s, func(tx *store.Tx, id int64) error {
		hours, err := tx.Hours(id, begins)
		for _, h := range hours {
			all = append(all, checks.Hour{At: h.At, Low: h.Low, Median: h.Median, High: h.High, Count: h.Count})
		}
		return err
	})
	return all, err
}

// series calls read with a series that there is; without one it does nothing.
func (k *Keeper) series(ctx context.Context, s checks.Series, read func(tx *store.Tx, id int64) error) error {
	return k.store.View(ctx, func(tx *store.Tx) error {
		like := store.Series{Check: s.Check, Name: s.Name, Metric: name(s.Metric), Thing: name(s.Thing)}
		one, known, err := tx.FindSeries(like)
		if err != nil || !known {
			return err
		}
		return read(tx, one.ID)
	})
}

// Compact folds what is over into hours and days, once an hour, however often it is
// called. When there is much to do, it does a part of it at each call.
func (k *Keeper) Compact(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Now().Before(k.next) {
		return nil
	}
	more, err := k.store.FoldMetrics(ctx, foldedInARun)
	if err == nil && !more {
		k.next = time.Now().Add(compactEvery)
	}
	return err
}
