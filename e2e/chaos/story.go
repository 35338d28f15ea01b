package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"ronde/e2e/homeserver"
)

// story keeps what was done to the bot, with the time since the beginning.
type story struct {
	mu    sync.Mutex
	begun time.Time
	lines []string
}

func (s *story) tell(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := time.Since(s.begun).Seconds()
	s.lines = append(s.lines, fmt.Sprintf("%7.3f  %s", since, fmt.Sprintf(format, args...)))
}

// fault tells what went wrong with a request, if anything did.
func (s *story) fault(r homeserver.Request, f homeserver.Fault) {
	var parts []string
	if f.Delay > 0 {
		parts = append(parts, "late by "+f.Delay.String())
	}
	if f.Status != 0 {
		parts = append(parts, fmt.Sprintf("answered %d %s", f.Status, f.RetryAfter))
	}
	if f.Drop != homeserver.DropNothing {
		parts = append(parts, map[homeserver.Drop]string{
			homeserver.DropConnection: "refused", homeserver.DropRequest: "request lost",
			homeserver.DropAnswer: "answer lost", homeserver.DropHalf: "half of the answer lost",
		}[f.Drop])
	}
	if f.Forget {
		parts = append(parts, "ids forgotten")
	}
	if f.Repeat > 0 {
		parts = append(parts, fmt.Sprintf("%d positions repeated", f.Repeat))
	}
	if f.Limit > 0 {
		parts = append(parts, fmt.Sprintf("timeline limited to %d", f.Limit))
	}
	if len(parts) > 0 {
		s.tell("%s %d %s: %s", r.Kind, r.Nth, r.Txn, strings.Join(parts, ", "))
	}
}

func (s *story) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n") + "\n"
}

func (s *story) write(file string) error { return os.WriteFile(file, []byte(s.String()), 0o600) }
