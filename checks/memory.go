package checks

import (
	"bytes"
	"context"
	"maps"
	"sync"
)

// Memory keeps what a check has to know the next time, such as how far it read. What is
// kept of one check has parts, by name; the part called "" is its head.
type Memory interface {
	// Recall returns all parts of a check, which is called as in "logs antigone". It
	// returns none for one of which nothing is kept.
	Recall(ctx context.Context, check string) (map[string][]byte, error)
	// Remember replaces some parts, all of them or none; a nil one goes away. When the
	// head is no longer was, somebody else was quicker: then nothing changes and kept is
	// false. So whatever a check reads counts once, whoever asks for it, however often.
	Remember(ctx context.Context, check string, was []byte, parts map[string][]byte) (kept bool, err error)
}

// shortMemory lasts as long as the process.
type shortMemory struct {
	mu   sync.Mutex
	kept map[string]map[string][]byte
}

func newShortMemory() *shortMemory { return &shortMemory{kept: map[string]map[string][]byte{}} }

func (m *shortMemory) Recall(_ context.Context, check string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.kept[check]), nil
}

func (m *shortMemory) Remember(_ context.Context, check string, was []byte, parts map[string][]byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !bytes.Equal(m.kept[check][""], was) {
		return false, nil
	}
	next := map[string][]byte{}
	maps.Copy(next, m.kept[check])
	for name, part := range parts {
		next[name] = part
		if part == nil {
			delete(next, name)
		}
	}
	m.kept[check] = next
	return true, nil
}
