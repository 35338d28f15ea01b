package homeserver

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// token is a place in the stream: after everything at the position.
func token(position int64) string { return "s" + strconv.FormatInt(position, 10) }

func parseToken(text string, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	digits, ok := strings.CutPrefix(text, "s")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0, refuse(400, "M_INVALID_PARAM", "no such place: %q", text)
	}
	return n, nil
}

func (s *Server) allState(c *call) (any, error) {
	r, err := s.joined(c.User, c.Room)
	if err != nil {
		return nil, err
	}
	return wires(r.stateAt(math.MaxInt64), c.device), nil
}

// stateAt returns the room's state events after the position, in order.
func (r *room) stateAt(position int64) []*Event {
	state := map[stateKey]*Event{}
	for _, e := range r.events {
		if e.position <= position && e.StateKey != nil {
			state[stateKey{e.Type, *e.StateKey}] = e
		}
	}
	var list []*Event
	for _, e := range state {
		list = append(list, e)
	}
	slices.SortFunc(list, byPosition)
	return list
}

func byPosition(a, b *Event) int { return cmp.Compare(a.position, b.position) }

func (s *Server) getState(c *call) (any, error) {
	r, err := s.joined(c.User, c.Room)
	if err != nil {
		return nil, err
	}
	e := r.state[stateKey{c.Type, c.vars["key"]}]
	if e == nil {
		return nil, refuse(404, "M_NOT_FOUND", "no state %s %q", c.Type, c.vars["key"])
	}
	if c.query.Get("format") == "event" {
		return e.wire(c.device), nil
	}
	return e.Content, nil
}

func (s *Server) joinedMembers(c *call) (any, error) {
	r, err := s.joined(c.User, c.Room)
	if err != nil {
		return nil, err
	}
	list := object{}
	for _, id := range r.members("join") {
		member := object{}
		if name := r.content("m.room.member", id)["displayname"]; name != nil {
			member["display_name"] = name
		}
		list[id] = member
	}
	return object{"joined": list}, nil
}

func (s *Server) members(c *call) (any, error) {
	r, err := s.joined(c.User, c.Room)
	if err != nil {
		return nil, err
	}
	chunk := []object{}
	for _, id := range r.members("join", "invite", "leave", "ban") {
		m := r.membership(id)
		if want := c.query.Get("membership"); want != "" && m != want || m == c.query.Get("not_membership") {
			continue
		}
		chunk = append(chunk, r.state[stateKey{"m.room.member", id}].wire(c.device))
	}
	return object{"chunk": chunk}, nil
}

func (s *Server) getEvent(c *call) (any, error) {
	if _, err := s.joined(c.User, c.Room); err != nil {
		return nil, err
	}
	e := s.events[c.vars["event"]]
	if e == nil || e.Room != c.Room {
		return nil, refuse(404, "M_NOT_FOUND", "no event %s", c.vars["event"])
	}
	return e.wire(c.device), nil
}

// messages pages through a room, backwards unless dir is f. A page backwards ends
// after the position "to", one forwards with it.
func (s *Server) messages(c *call) (any, error) {
	r, err := s.joined(c.User, c.Room)
	if err != nil {
		return nil, err
	}
	return page(c, "end", r.events)
}

// relations pages through what relates to an event, newest first unless dir is f.
func (s *Server) relations(c *call) (any, error) {
	r, err := s.joined(c.User, c.Room)
	if err != nil {
		return nil, err
	}
	var related []*Event
	for _, e := range r.events {
		wanted := (c.vars["rel"] == "" || c.vars["rel"] == e.rel) && (c.Type == "" || c.Type == e.Type)
		if e.target == c.vars["event"] && !e.Redacted && wanted {
			related = append(related, e)
		}
	}
	return page(c, "next_batch", related)
}

// page answers the part of events that the query asks for. The token of the next
// page, if there is one, is under the name next.
func page(c *call, next string, events []*Event) (any, error) {
	forwards := c.query.Get("dir") == "f"
	from, to := int64(math.MaxInt64-1), int64(0)
	if forwards {
		from, to = to, from
	}
	start, err := parseToken(c.query.Get("from"), from)
	if err != nil {
		return nil, err
	}
	stop, err := parseToken(c.query.Get("to"), to)
	if err != nil {
		return nil, err
	}
	chunk := between(events, min(start, stop), max(start, stop))
	body := object{"start": token(start), "chunk": chunk}
	if !forwards {
		slices.Reverse(chunk)
	}
	if limit := max(1, number(c.query.Get("limit"), 10)); len(chunk) > limit {
		chunk = chunk[:limit]
		last := chunk[limit-1].position
		if !forwards {
			last--
		}
		body[next] = token(last)
	}
	body["chunk"] = wires(chunk, c.device)
	return body, nil
}

// between returns a new slice of the events after the one position up to the
// other.
func between(events []*Event, after, upTo int64) []*Event {
	var list []*Event
	for _, e := range events {
		if e.position > after && e.position <= upTo {
			list = append(list, e)
		}
	}
	return list
}
