package homeserver

import (
	"encoding/json"
	"time"
)

// maxEvent is the most bytes that an event may have, everything included.
const maxEvent = 65536

// transaction is what a transaction id stands for.
type transaction struct {
	event string
	at    time.Time
}

// once runs do, unless this transaction id already did: then it answers the same
// event again. A transaction id counts for its access token and path, as in the
// specification.
func (s *Server) once(c *call, do func() (*Event, error)) (any, error) {
	key := c.device.token + " " + c.Path
	if t, ok := s.txns[key]; ok && s.remembers(t) {
		return object{"event_id": t.event}, nil
	}
	e, err := do()
	if err != nil {
		return nil, err
	}
	s.txns[key] = transaction{e.ID, time.Now()}
	return object{"event_id": e.ID}, nil
}

func (s *Server) remembers(t transaction) bool {
	return s.options.Remember == 0 || time.Since(t.at) < s.options.Remember
}

func (s *Server) send(c *call) (any, error) {
	return s.once(c, func() (*Event, error) {
		return s.post(c.Room, Event{Sender: c.User, Device: c.Device, Type: c.Type, Txn: c.Txn, Content: c.Body})
	})
}

func (s *Server) putState(c *call) (any, error) {
	key := c.vars["key"]
	if c.Type == "m.room.member" {
		return nil, refuse(403, "M_FORBIDDEN", "change memberships by invite, join, leave, kick and ban")
	}
	e, err := s.post(c.Room, Event{Sender: c.User, Type: c.Type, StateKey: &key, Content: c.Body})
	if err != nil {
		return nil, err
	}
	return object{"event_id": e.ID}, nil
}

// post adds an event that somebody sent, if they may.
func (s *Server) post(id string, draft Event) (*Event, error) {
	r, err := s.joined(draft.Sender, id)
	if err != nil {
		return nil, err
	}
	if has, needs := r.power(draft.Sender, draft.Type, draft.StateKey != nil); has < needs {
		return nil, refuse(403, "M_FORBIDDEN", "%s has power %d, %s needs %d", draft.Sender, has, draft.Type, needs)
	}
	var content object
	if err := json.Unmarshal(draft.Content, &content); err != nil {
		return nil, refuse(400, "M_NOT_JSON", "read the content: %v", err)
	}
	draft.read()
	if err := r.fits(draft); err != nil {
		return nil, err
	}
	return s.add(r, draft), nil
}

// fits refuses what is too large or already there.
func (r *room) fits(draft Event) error {
	const envelope = 500 // ids, hashes and signatures, about
	if size := len(draft.Content) + envelope; size > maxEvent {
		return refuse(413, "M_TOO_LARGE", "the event has about %d bytes, at most %d are allowed", size, maxEvent)
	}
	target, emoji := draft.ReactsTo()
	if target == "" {
		return nil
	}
	for _, e := range r.events {
		if t, key := e.ReactsTo(); t == target && key == emoji && e.Sender == draft.Sender && !e.Redacted {
			return refuse(400, "M_DUPLICATE_ANNOTATION", "%s already reacted so", draft.Sender)
		}
	}
	return nil
}

func (s *Server) redact(c *call) (any, error) {
	return s.once(c, func() (*Event, error) {
		return s.takeBack(c.Room, c.vars["event"], Event{Sender: c.User, Device: c.Device, Txn: c.Txn, Content: c.Body})
	})
}

// takeBack redacts an event. As in room version 11 the target is in the content;
// for older clients it is also beside it.
func (s *Server) takeBack(id, target string, draft Event) (*Event, error) {
	r, err := s.joined(draft.Sender, id)
	if err != nil {
		return nil, err
	}
	e := s.events[target]
	if e == nil || e.Room != id {
		return nil, refuse(404, "M_NOT_FOUND", "no event %s", target)
	}
	if has, needs := r.power(draft.Sender, "redact", false); e.Sender != draft.Sender && has < needs {
		return nil, refuse(403, "M_FORBIDDEN", "%s may not redact what %s sent", draft.Sender, e.Sender)
	}
	content := object{}
	_ = json.Unmarshal(draft.Content, &content) // an empty body is no reason
	content["redacts"] = target
	draft.Type, draft.Redacts, draft.Content = "m.room.redaction", target, encode(content)
	redaction := s.add(r, draft)
	e.Redacted, e.redaction = true, redaction
	return redaction, nil
}
