package homeserver

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

type stateKey struct{ kind, key string }

type room struct {
	id, version, creator string
	events, moves        []*Event // in order; moves are the memberships among them
	state                map[stateKey]*Event
}

// content reads a state event's content, empty if there is none.
func (r *room) content(kind, key string) object {
	content := object{}
	if e := r.state[stateKey{kind, key}]; e != nil {
		_ = json.Unmarshal(e.Content, &content)
	}
	return content
}

func (r *room) membership(user string) string {
	if e := r.state[stateKey{"m.room.member", user}]; e != nil {
		return e.membership
	}
	return ""
}

// membershipAt is the membership after the given position, and the position at
// which it began.
func (r *room) membershipAt(user string, position int64) (membership string, since int64) {
	for _, e := range slices.Backward(r.moves) {
		if e.position <= position && *e.StateKey == user {
			return e.membership, e.position
		}
	}
	return "", 0
}

// members returns the ids of those with one of the memberships, sorted.
func (r *room) members(memberships ...string) []string {
	var ids []string
	for key := range r.state {
		if key.kind == "m.room.member" && slices.Contains(memberships, r.membership(key.key)) {
			ids = append(ids, key.key)
		}
	}
	slices.Sort(ids)
	return ids
}

// power returns the user's level and the one that a thing needs: one of invite,
// kick, ban and redact, or an event type.
func (r *room) power(user, thing string, isState bool) (has, needs int) {
	levels := r.content("m.room.power_levels", "")
	number := func(from object, name string, otherwise int) int {
		if n, ok := from[name].(float64); ok {
			return int(n)
		}
		return otherwise
	}
	users, _ := levels["users"].(object)
	has = number(users, user, number(levels, "users_default", 0))
	if r.version == "12" && user == r.creator {
		has = 1 << 30
	}
	switch thing {
	case "kick", "ban", "redact":
		return has, number(levels, thing, 50)
	case "invite":
		return has, number(levels, thing, 0)
	}
	needs = number(levels, "events_default", 0)
	if isState {
		needs = number(levels, "state_default", 50)
	}
	events, _ := levels["events"].(object)
	return has, number(events, thing, needs)
}

// joined finds a room that the user is in.
func (s *Server) joined(user, id string) (*room, error) {
	r := s.rooms[id]
	if r == nil || r.membership(user) != "join" {
		return nil, refuse(403, "M_FORBIDDEN", "%s is not in the room %s", user, id)
	}
	return r, nil
}

// add appends an event to the room: it happened.
func (s *Server) add(r *room, draft Event) *Event {
	e := &draft
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.Room, e.At = r.id, time.UnixMilli(e.At.UnixMilli())
	e.ID = "$" + s.name("event", r.id, len(r.events))
	e.position = s.advance()
	if e.StateKey != nil {
		key := stateKey{e.Type, *e.StateKey}
		e.replaced = r.state[key]
		r.state[key] = e
	}
	if e.Type == "m.room.member" {
		e.membership = e.Text("membership")
		r.moves = append(r.moves, e)
	}
	r.events = append(r.events, e)
	s.events[e.ID] = e
	return e
}

func (s *Server) addState(r *room, sender, kind, key string, content any) {
	s.add(r, Event{Sender: sender, Type: kind, StateKey: &key, Content: encode(content)})
}

func encode(content any) json.RawMessage {
	raw, err := json.Marshal(content)
	if err != nil {
		panic("homeserver: " + err.Error()) // the content of a test is wrong
	}
	return raw
}

type newRoom struct {
	Name, Topic, Preset string
	Alias               string            `json:"room_alias_name"`
	Version             string            `json:"room_version"`
	Invite              []string          `json:"invite"`
	Creation            object            `json:"creation_content"`
	Powers              object            `json:"power_level_content_override"`
	State               []json.RawMessage `json:"initial_state"`
}

func (s *Server) createRoom(c *call) (any, error) {
	var req newRoom
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	r, err := s.makeRoom(c.User, req)
	if err != nil {
		return nil, err
	}
	return object{"room_id": r.id}, nil
}

func (s *Server) makeRoom(creator string, req newRoom) (*room, error) {
	if req.Version == "" {
		req.Version = "11"
	}
	alias := "#" + req.Alias + ":" + s.options.Name
	if req.Alias != "" && s.aliases[alias] != "" {
		return nil, refuse(400, "M_ROOM_IN_USE", "%s is taken", alias)
	}
	r := &room{id: "!" + s.name("room", s.count("rooms")), version: req.Version, creator: creator, state: map[stateKey]*Event{}}
	if req.Version != "12" {
		r.id = r.id[:19] + ":" + s.options.Name
	}
	s.rooms[r.id] = r
	s.furnish(r, req)
	if req.Alias != "" {
		s.aliases[alias] = r.id
		s.addState(r, creator, "m.room.canonical_alias", "", object{"alias": alias})
	}
	for _, guest := range req.Invite {
		if err := s.move(r, creator, guest, "invite"); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// furnish gives the room its first events, in the order of the specification.
func (s *Server) furnish(r *room, req newRoom) {
	creation := object{"room_version": r.version}
	maps.Copy(creation, req.Creation)
	s.addState(r, r.creator, "m.room.create", "", creation)
	s.addState(r, r.creator, "m.room.member", r.creator, object{"membership": "join"})
	powers := object{"users": object{r.creator: 100}, "events_default": 0, "state_default": 50, "users_default": 0}
	if r.version == "12" {
		powers["users"] = object{}
	}
	maps.Copy(powers, req.Powers)
	s.addState(r, r.creator, "m.room.power_levels", "", powers)
	rule := "invite"
	if req.Preset == "public_chat" {
		rule = "public"
	}
	s.addState(r, r.creator, "m.room.join_rules", "", object{"join_rule": rule})
	s.addState(r, r.creator, "m.room.history_visibility", "", object{"history_visibility": "shared"})
	for _, raw := range req.State {
		var e struct {
			Type    string          `json:"type"`
			Key     string          `json:"state_key"`
			Content json.RawMessage `json:"content"`
		}
		if json.Unmarshal(raw, &e) == nil {
			s.addState(r, r.creator, e.Type, e.Key, e.Content)
		}
	}
	if req.Name != "" {
		s.addState(r, r.creator, "m.room.name", "", object{"name": req.Name})
	}
	if req.Topic != "" {
		s.addState(r, r.creator, "m.room.topic", "", object{"topic": req.Topic})
	}
}

// move changes target's membership, if actor may.
func (s *Server) move(r *room, actor, target, to string) error {
	if s.users[target] == nil {
		return refuse(404, "M_NOT_FOUND", "no user %s", target)
	}
	was := r.membership(target)
	if was == to {
		return nil
	}
	if err := r.mayMove(actor, target, was, to); err != nil {
		return err
	}
	content := object{"membership": to}
	for field, value := range s.users[target].profile {
		content[field] = value
	}
	s.addState(r, actor, "m.room.member", target, content)
	return nil
}

func (r *room) mayMove(actor, target, was, to string) error {
	thing, allowed := "", false
	switch {
	case to == "join":
		allowed = actor == target && was != "ban" && (was == "invite" || r.content("m.room.join_rules", "")["join_rule"] == "public")
	case to == "leave" && actor == target:
		allowed = was == "join" || was == "invite"
	case to == "invite":
		thing, allowed = "invite", was != "join" && was != "ban"
	case to == "leave" && was != "ban":
		thing, allowed = "kick", was != ""
	default:
		thing, allowed = "ban", true
	}
	if thing != "" {
		has, needs := r.power(actor, thing, false)
		allowed = allowed && r.membership(actor) == "join" && has >= needs
	}
	if !allowed {
		return refuse(403, "M_FORBIDDEN", "%s may not change %s from %q to %q", actor, target, was, to)
	}
	return nil
}

// moves is the endpoint that changes somebody else's membership.
func moves(to string) func(*Server, *call) (any, error) {
	return func(s *Server, c *call) (any, error) {
		var req struct {
			User string `json:"user_id"`
		}
		if err := c.decode(&req); err != nil {
			return nil, err
		}
		r, err := s.joined(c.User, c.Room)
		if err != nil {
			return nil, err
		}
		return object{}, s.move(r, c.User, req.User, to)
	}
}

func (s *Server) join(c *call) (any, error) {
	id := c.Room
	if target, ok := s.aliases[id]; ok {
		id = target
	}
	r := s.rooms[id]
	if r == nil {
		return nil, refuse(404, "M_NOT_FOUND", "no room %s", c.Room)
	}
	return object{"room_id": r.id}, s.move(r, c.User, c.User, "join")
}

func (s *Server) leave(c *call) (any, error) {
	r := s.rooms[c.Room]
	if r == nil {
		return nil, refuse(404, "M_NOT_FOUND", "no room %s", c.Room)
	}
	return object{}, s.move(r, c.User, c.User, "leave")
}

func (s *Server) resolveAlias(c *call) (any, error) {
	if id, ok := s.aliases[c.Room]; ok {
		return object{"room_id": id, "servers": []string{s.options.Name}}, nil
	}
	return nil, refuse(404, "M_NOT_FOUND", "no room %s", c.Room)
}

func (s *Server) putAlias(c *call) (any, error) {
	var req struct {
		Room string `json:"room_id"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if _, err := s.joined(c.User, req.Room); err != nil {
		return nil, err
	}
	if s.aliases[c.Room] != "" {
		return nil, refuse(409, "M_UNKNOWN", "%s is taken", c.Room)
	}
	s.aliases[c.Room] = req.Room
	return object{}, nil
}

func (s *Server) listAliases(c *call) (any, error) {
	list := []string{}
	for _, alias := range sorted(s.aliases) {
		if s.aliases[alias] == c.Room {
			list = append(list, alias)
		}
	}
	return object{"aliases": list}, nil
}

func (s *Server) joinedRooms(c *call) (any, error) {
	list := []string{}
	for _, id := range sorted(s.rooms) {
		if s.rooms[id].membership(c.User) == "join" {
			list = append(list, id)
		}
	}
	return object{"joined_rooms": list}, nil
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}
