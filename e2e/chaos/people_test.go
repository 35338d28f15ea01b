package main

import (
	"testing"
	"time"
)

// TestOnlyANameThatAReactionAloneCanShowProvesThatItWasSeen: people who wait until a card
// shows their 👀 before they take it back must not see a name that is there for another
// reason, such as the storm that they took on (seed 687).
func TestOnlyANameThatAReactionAloneCanShowProvesThatItWasSeen(t *testing.T) {
	waits := map[bool]int{}
	for seed := range uint64(800) {
		p := newPlan(seed, time.Now())
		for _, one := range p.presses {
			if one.removal != settled || one.incident == nil {
				continue
			}
			waits[p.storms]++
			for _, other := range p.presses {
				if other.storm > 0 && other.who == one.who && other.emoji == ackEmoji {
					t.Fatalf("seed %d: %s waits for a name on %s that the storm's 👀 shows, too", seed, one.who, one.subject())
				}
			}
			for _, o := range p.orders {
				if o.incident == one.incident && o.does == ackEmoji && o.who == one.who {
					t.Fatalf("seed %d: %s waits for a name on %s that %q shows, too", seed, one.who, one.subject(), o.body)
				}
			}
		}
	}
	if waits[true] == 0 || waits[false] == 0 {
		t.Errorf("with storms %d wait for their name, without %d: the test proves nothing", waits[true], waits[false])
	}
}
