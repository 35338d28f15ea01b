package pager

import (
	"strconv"
	"time"

	"ronde/store"
)

const (
	// noticed is how long the homeserver must have been silent to count as out of reach:
	// one that has nothing to say answers every half minute.
	noticed = 90 * time.Second
	// settling is how long a new process tries to reach the homeserver before it pages,
	// however long an earlier one could not.
	settling = time.Minute
)

// away is what is known of since when the homeserver is out of reach.
type away struct {
	begun time.Time // when this process began
	kept  time.Time // since when it is so, as the store has it; zero for nothing
}

// since returns since when the homeserver is out of reach, given when it last was not. A
// process that never reached it goes on counting where the one before was, if that had
// begun to. All but that is measured on the clock that nobody can set.
func (a away) since(reached time.Time) time.Time {
	switch {
	case !reached.IsZero():
		return reached
	case !a.kept.IsZero() && a.kept.Before(a.begun):
		return a.kept
	}
	return a.begun
}

// ripe reports whether people have to be reached by another road.
func (a away) ripe(now, since time.Time, after time.Duration) bool {
	return now.Sub(since) >= after && now.Sub(a.begun) >= settling
}

// awayKey is the setting that holds since when the homeserver is out of reach, in Unix
// milliseconds; "" while it is not.
const awayKey = "pager.away"

func keptAway(tx *store.Tx) (time.Time, error) {
	kept, _, err := tx.Value(awayKey)
	if err != nil || kept == "" {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(kept, 10, 64)
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // then it counts anew
	}
	return time.UnixMilli(ms), nil
}

// keepAway stores since when the homeserver is out of reach; the zero time for not.
func keepAway(tx *store.Tx, since time.Time) error {
	value := ""
	if !since.IsZero() {
		value = strconv.FormatInt(since.UnixMilli(), 10)
	}
	if was, _, err := tx.Value(awayKey); err != nil || was == value {
		return err
	}
	return tx.SetValue(awayKey, value)
}
