package alerts

import "time"

// Health is how a Mailbox is doing, all of its folders together: it is well when each of them is.
type Health struct {
	Connected bool      // every folder is followed
	Since     time.Time // when Connected took its value
	LastOK    time.Time // when the folder that was read longest ago was last known to be read to its end; zero: one never was
	Err       string    // why a folder is not followed; one short line without secrets
}

// Health returns how the mailbox is doing now; it may be called from any goroutine.
func (m *Mailbox) Health() (all Health) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, f := range m.followers {
		if i == 0 {
			all = f.health
		} else {
			all = all.and(f.health)
		}
	}
	return all
}

// and returns how two folders are doing together.
func (h Health) and(other Health) Health {
	lastOK := earlier(h.LastOK, other.LastOK)
	switch {
	case h.Connected && !other.Connected:
		h = other
	case h.Connected && other.Connected:
		h.Since = later(h.Since, other.Since)
	case !h.Connected && !other.Connected:
		h.Since = earlier(h.Since, other.Since)
	}
	h.LastOK = lastOK
	return h
}

// Silence is how old [Health.LastOK] may become in a mailbox that works: what one IDLE lasts, and what it
// takes to connect again. No question is put to the server for the sake of this.
func (m *Mailbox) Silence() time.Duration {
	return min(m.Config.withDefaults().Poll, idleMost) + reconnecting
}

func (f *follower) setConnected(connected bool, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.health.Connected != connected {
		f.health.Connected, f.health.Since = connected, time.Now()
	}
	f.health.Err = why
}

// readToEnd notes that the folder held nothing more that was not taken.
func (f *follower) readToEnd() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.health.LastOK = time.Now()
}
