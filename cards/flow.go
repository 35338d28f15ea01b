package cards

import "time"

// flow is how the outbox shows that it works. The outbox's lock guards it.
type flow struct {
	begun  time.Time // when the loop last came round
	ended  time.Time // when it last did so and could read and write its state
	heldUp time.Time // since when something that might go out does not; zero for nothing
}

func (f *flow) begin(now time.Time) { f.begun = now }

func (f *flow) end(now time.Time) { f.ended = now }

// longestRound bounds one round of the loop: the longest rest, an event with its keys,
// and a busy machine.
const longestRound = 5 * time.Minute

// Alive reports whether the loop of Run goes on, well or badly: a homeserver or a
// database that refuses everything does not end it. It is true before Run.
func (o *Outbox) Alive() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flow.begun.IsZero() || time.Since(o.flow.begun) < longestRound
}

// Flowed returns when the outbox last had nothing that might go out and did not; zero
// before Run. What waits for a room, for the homeserver's rate, or because the
// homeserver asked for silence, may not go out.
func (o *Outbox) Flowed() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.flow.heldUp.IsZero() {
		return o.flow.heldUp
	}
	return o.flow.ended
}

// heldUp returns since when the first of the items fails again and again, or zero.
func (o *Outbox) heldUp(items []*item) (since time.Time) {
	for _, it := range items {
		if _, ready := o.homeserver.RoomID(it.room); !ready {
			continue
		}
		for _, s := range []*setback{o.items[it.txn], o.rooms[it.room]} {
			if s != nil && (since.IsZero() || s.since.Before(since)) {
				since = s.since
			}
		}
	}
	return since
}
