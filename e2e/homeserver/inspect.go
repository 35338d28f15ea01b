package homeserver

import (
	"context"
	"fmt"
	"slices"
)

// Timeline returns all that happened in the room, in order, its state included.
func (s *Server) Timeline(room string) []Event {
	return s.find(room, func(*Event) bool { return true })
}

// Roots returns the room's messages that stand there: no edits, nothing redacted,
// encrypted ones included.
func (s *Server) Roots(room string) []Event {
	return s.find(room, func(e *Event) bool {
		return (e.Type == "m.room.message" || e.Type == "m.room.encrypted") && e.Edits() == "" && !e.Redacted
	})
}

// EditsOf returns the edits of an event that are not redacted, in order.
func (s *Server) EditsOf(event string) []Event {
	return s.related(event, func(e *Event) bool { return e.Edits() == event })
}

// ReactionsTo returns the reactions to an event that are not redacted, in order.
func (s *Server) ReactionsTo(event string) []Event {
	return s.related(event, func(e *Event) bool {
		target, _ := e.ReactsTo()
		return target == event
	})
}

func (s *Server) related(event string, want func(*Event) bool) []Event {
	s.mu.Lock()
	target := s.events[event]
	s.mu.Unlock()
	if target == nil {
		return nil
	}
	return s.find(target.Room, func(e *Event) bool { return !e.Redacted && want(e) })
}

func (s *Server) find(room string, want func(*Event) bool) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Event
	if r := s.rooms[room]; r != nil {
		for _, e := range r.events {
			if want(e) {
				list = append(list, *e)
			}
		}
	}
	return list
}

// Membership returns the user's membership in the room: join, invite, leave, ban
// or "".
func (s *Server) Membership(room, user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rooms[room]; r != nil {
		return r.membership(s.userID(user))
	}
	return ""
}

// Requests returns the requests that are over, in the order in which they ended,
// those that were refused included. Only the last ones are kept, see
// [Options.KeepRequests].
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// WaitFor waits until what is wanted holds. It asks at once and again each time
// that something happens: an event, a request that ends. The error is ctx's.
func (s *Server) WaitFor(ctx context.Context, want func(*Server) bool) error {
	for {
		s.mu.Lock()
		watch := s.watch
		s.mu.Unlock()
		if want(s) {
			return nil
		}
		select {
		case <-watch:
		case <-ctx.Done():
			return fmt.Errorf("wait for the homeserver: %w", ctx.Err())
		}
	}
}
