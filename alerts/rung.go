package alerts

import (
	"strings"
	"time"

	"ronde/store"
)

// RingKind says why phones rang.
type RingKind string

// The kinds of ring.
const (
	RangAlone   RingKind = "step"     // nobody was on it
	RangAck     RingKind = "ack"      // somebody had taken it on, and that ran out
	RangOld     RingKind = "over"     // nobody had heard of it for long
	RangMorning RingKind = "morning"  // quiet hours had kept it
	RangOver    RingKind = "recovery" // it was over

	RangAgain       RingKind = firesAgain
	RangStill       RingKind = firesStill
	RangMore        RingKind = firesMore
	RangWorse       RingKind = firesWorse
	RangUnreachable RingKind = firesUnreachable
)

// Ring is a message at which phones rang for an incident, besides its card.
type Ring struct {
	At       time.Time // when that was decided
	Kind     RingKind
	People   []string // whom it mentioned: Matrix user ids, or [store.RoomMention]; nil for nobody
	Incident int64    // itself, or the storm of which it was a part
	Notice   string   // the message's key in the outbox
}

// Rung returns the messages at which phones rang for an incident, oldest first, also those
// that have not gone out.
func Rung(tx *store.Tx, i store.Incident) (rings []Ring, err error) {
	all, err := tx.MentionsOf(i.ID)
	for _, m := range all {
		if last := len(rings) - 1; last < 0 || rings[last].Notice != m.Notice || rings[last].Incident != m.IncidentID {
			rings = append(rings, Ring{At: m.At, Kind: ringKind(m.Notice), Incident: m.IncidentID, Notice: m.Notice})
		}
		if r := &rings[len(rings)-1]; m.Who != "" {
			r.People = append(r.People, m.Who)
		}
	}
	return rings, err
}

// ringKind reads from its key why a message rang. Of many incidents at once it is as of one.
func ringKind(notice string) RingKind {
	kind, _, _ := strings.Cut(notice, "-")
	switch kind {
	case "ring":
		return RingKind(notice[strings.LastIndex(notice, "-")+1:])
	case "steps":
		return RangAlone
	case "recoveries":
		return RangOver
	}
	return RingKind(kind)
}
