package homeserver

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// filter is the part of a filter that is honoured.
type filter struct {
	Room struct {
		Rooms    []string `json:"rooms"`
		Timeline struct {
			Limit    int      `json:"limit"`
			Types    []string `json:"types"`
			NotTypes []string `json:"not_types"`
		} `json:"timeline"`
	} `json:"room"`
	raw []byte
}

// syncing is one /sync on its way.
type syncing struct {
	device *device
	filter filter
	limit  int
	first  bool  // without since
	since  int64 // 0 when first
	rooms  map[string]map[string]any
}

// sync answers /sync, and waits for something to say for as long as the client's
// timeout lets it.
func (s *Server) sync(ctx context.Context, c *call, fault Fault) answer {
	y, err := s.startSync(c, fault)
	if err != nil {
		return failure(err)
	}
	wait := time.Duration(max(0, number(c.query.Get("timeout"), 0))) * time.Millisecond
	timeout := time.After(wait)
	for {
		s.mu.Lock()
		body, anything := s.batch(y)
		news, away := s.news, s.away
		s.mu.Unlock()
		if away {
			return answer{drop: DropRequest}
		}
		if anything || y.first || wait == 0 {
			return success(body)
		}
		select {
		case <-news:
		case <-timeout:
			wait = 0
		case <-ctx.Done():
			return answer{drop: DropRequest}
		}
	}
}

// startSync reads the query. A client that names a since has everything up to it,
// so its messages before it are dropped.
func (s *Server) startSync(c *call, fault Fault) (*syncing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since, err := parseToken(c.Since, 0)
	if err != nil {
		return nil, err
	}
	y := &syncing{device: c.device, first: c.Since == "", since: since}
	if y.filter, err = s.findFilter(c.query.Get("filter")); err != nil {
		return nil, err
	}
	c.device.mail = slices.DeleteFunc(c.device.mail, func(m toDevice) bool { return m.position <= since })
	y.since = max(0, since-int64(fault.Repeat))
	y.limit = y.filter.Room.Timeline.Limit
	if fault.Limit > 0 {
		y.limit = fault.Limit
	}
	if y.limit <= 0 {
		y.limit = 10 // Synapse's default
	}
	return y, nil
}

func (s *Server) findFilter(text string) (filter, error) {
	var f filter
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			return f, refuse(400, "M_NOT_JSON", "read the filter: %v", err)
		}
		return f, nil
	}
	f, ok := s.filters[text]
	if text != "" && !ok {
		return f, refuse(400, "M_UNKNOWN", "no filter %s", text)
	}
	return f, nil
}

// batch is everything since then, and whether that is anything.
func (s *Server) batch(y *syncing) (body object, anything bool) {
	y.rooms = map[string]map[string]any{"join": {}, "invite": {}, "leave": {}}
	for _, id := range sorted(s.rooms) {
		if len(y.filter.Room.Rooms) == 0 || slices.Contains(y.filter.Room.Rooms, id) {
			y.addRoom(s.rooms[id])
		}
	}
	mail := y.device.letters()
	data := y.accountData("")
	changed, left := s.keyChanges(y)
	body = object{
		"next_batch": token(s.position), "rooms": y.rooms,
		"to_device": object{"events": mail}, "account_data": object{"events": data},
		"device_lists":                     object{"changed": changed, "left": left},
		"device_one_time_keys_count":       object{"signed_curve25519": len(y.device.oneTime)},
		"device_unused_fallback_key_types": fallbackTypes(y.device),
	}
	said := len(y.rooms["join"]) + len(y.rooms["invite"]) + len(y.rooms["leave"])
	return body, said+len(mail)+len(data)+len(changed)+len(left) > 0
}

func (y *syncing) addRoom(r *room) {
	me := y.device.user.id
	was, _ := r.membershipAt(me, y.since)
	now, moved := r.membershipAt(me, 1<<62)
	switch {
	case now == "join":
		fresh := y.first || was != "join"
		data := y.accountData(r.id)
		if events := y.wanted(r, 1<<62, fresh); fresh || len(events)+len(data) > 0 {
			y.rooms["join"][r.id] = y.joinedRoom(r, events, fresh, data)
		}
	case now == "invite" && moved > y.since:
		y.rooms["invite"][r.id] = object{"invite_state": object{"events": r.stripped(me)}}
	case (now == "leave" || now == "ban") && moved > y.since && !y.first:
		events := y.wanted(r, moved, false)
		if was != "join" {
			events = between(r.events, moved-1, moved)
		}
		y.rooms["leave"][r.id] = y.joinedRoom(r, events, false, nil)
	}
}

// wanted returns the room's events up to a position that the client wants and
// has not, or all of them when the room is new to it.
func (y *syncing) wanted(r *room, upTo int64, fresh bool) []*Event {
	after := y.since
	if fresh {
		after = 0
	}
	timeline := y.filter.Room.Timeline
	return slices.DeleteFunc(between(r.events, after, upTo), func(e *Event) bool {
		return timeline.Types != nil && !fits(timeline.Types, e.Type) || fits(timeline.NotTypes, e.Type)
	})
}

// fits says whether one of the patterns, which may end with *, means the type.
func fits(patterns []string, kind string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		start, open := strings.CutSuffix(p, "*")
		return p == kind || open && strings.HasPrefix(kind, start)
	})
}

// joinedRoom cuts the timeline to its limit; what the state was where it begins is
// told beside it.
func (y *syncing) joinedRoom(r *room, events []*Event, fresh bool, data []object) object {
	limited := len(events) > y.limit
	if limited {
		events = events[len(events)-y.limit:]
	}
	begins := y.since
	if len(events) > 0 && (limited || fresh) {
		begins = events[0].position - 1
	}
	var state []*Event
	if fresh || limited {
		for _, e := range r.stateAt(begins) {
			if fresh || e.position > y.since {
				state = append(state, e)
			}
		}
	}
	timeline := object{"events": y.told(events), "limited": limited, "prev_batch": token(begins)}
	return object{
		"timeline": timeline, "state": object{"events": y.told(state)}, "account_data": object{"events": data},
		"summary": object{"m.joined_member_count": len(r.members("join")), "m.invited_member_count": len(r.members("invite"))},
	}
}

// told is the events as /sync tells them: without the room, which is known.
func (y *syncing) told(events []*Event) []object {
	list := wires(events, y.device)
	for _, o := range list {
		delete(o, "room_id")
	}
	return list
}

// stripped is what the invited are told of a room.
func (r *room) stripped(guest string) []object {
	invite := r.state[stateKey{"m.room.member", guest}]
	keys := []stateKey{
		{"m.room.create", ""}, {"m.room.join_rules", ""}, {"m.room.name", ""}, {"m.room.canonical_alias", ""},
		{"m.room.encryption", ""}, {"m.room.member", invite.Sender}, {"m.room.member", guest},
	}
	var list []object
	for _, key := range keys {
		if e := r.state[key]; e != nil {
			list = append(list, object{"type": e.Type, "state_key": key.key, "sender": e.Sender, "content": e.Content})
		}
	}
	return list
}

// accountData is the user's changed account data of a room, or with "" the rest.
func (y *syncing) accountData(room string) []object {
	list := []object{}
	for _, key := range sorted(y.device.user.data) {
		if d := y.device.user.data[key]; d.room == room && d.position > y.since {
			list = append(list, object{"type": d.kind, "content": d.content})
		}
	}
	return list
}
