package homeserver

import (
	"cmp"
	"maps"
	"time"
)

// The methods of this file do things as somebody, without a client. They panic
// when the homeserver refuses, as that is a mistake of the test. Users are named
// by their whole id or their localpart.

// Register makes a user and returns its id.
func (s *Server) Register(name, password string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.userID(name)
	if s.users[id] != nil {
		panic("homeserver: " + id + " is registered already")
	}
	s.users[id] = &user{
		id: id, password: password, profile: map[string]string{"displayname": name},
		devices: map[string]*device{}, data: map[string]accountData{},
	}
	return id
}

// Token logs the user in without a password, as the device of that id (a new one
// for ""), and returns the access token.
func (s *Server) Token(name, device string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logIn(s.mustUser(name), device).token
}

func (s *Server) mustUser(name string) *user {
	u := s.users[s.userID(name)]
	if u == nil {
		panic("homeserver: nobody is called " + name)
	}
	return u
}

// RoomOptions are what a room is made with.
type RoomOptions struct {
	Name, Topic string
	Alias       string // the localpart: "technique" for #technique:ronde.test
	Version     string // "11" when empty
	Encrypted   bool
	Public      bool           // everybody may join
	PowerLevels map[string]int // of users, by id or localpart; the creator has 100
	Invite      []string
}

// CreateRoom makes a room and returns its id. The creator is in it.
func (s *Server) CreateRoom(creator string, options RoomOptions) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	req := newRoom{Name: options.Name, Topic: options.Topic, Alias: options.Alias, Version: options.Version}
	if options.Public {
		req.Preset = "public_chat"
	}
	if options.Encrypted {
		content := object{"algorithm": "m.megolm.v1.aes-sha2"}
		req.State = append(req.State, encode(object{"type": "m.room.encryption", "state_key": "", "content": content}))
	}
	for _, guest := range options.Invite {
		req.Invite = append(req.Invite, s.mustUser(guest).id)
	}
	if len(options.PowerLevels) > 0 {
		req.Powers = object{"users": s.levels(s.userID(creator), options)}
	}
	return must(s.makeRoom(s.mustUser(creator).id, req)).id
}

func (s *Server) levels(creator string, options RoomOptions) map[string]int {
	levels := map[string]int{}
	if options.Version != "12" {
		levels[creator] = 100
	}
	for name, level := range options.PowerLevels {
		levels[s.userID(name)] = level
	}
	return levels
}

func must[T any](value T, err error) T {
	if err != nil {
		panic("homeserver: " + err.Error())
	}
	return value
}

// Invite invites the guest as the host.
func (s *Server) Invite(host, room, guest string) { s.change(room, host, guest, "invite") }

// Join has the user join, which takes an invitation or a public room.
func (s *Server) Join(user, room string) { s.change(room, user, user, "join") }

// Leave has the user leave, or refuse an invitation.
func (s *Server) Leave(user, room string) { s.change(room, user, user, "leave") }

// Kick takes the target out of the room as the actor.
func (s *Server) Kick(actor, room, target string) { s.change(room, actor, target, "leave") }

func (s *Server) change(room, actor, target, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[cmp.Or(s.aliases[room], room)]
	if r == nil {
		panic("homeserver: no room " + room)
	}
	must(0, s.move(r, s.userID(actor), s.userID(target), to))
}

// Send sends an event with any content that encodes as a JSON object, and returns
// its id.
func (s *Server) Send(user, room, kind string, content any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.post(room, Event{Sender: s.userID(user), Type: kind, Content: encode(content)})).ID
}

// SetState sends a state event and returns its id.
func (s *Server) SetState(user, room, kind, key string, content any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.post(room, Event{Sender: s.userID(user), Type: kind, StateKey: &key, Content: encode(content)})).ID
}

// Say sends an m.text, also to an encrypted room in clear, and returns its id.
func (s *Server) Say(user, room, body string) string {
	return s.Send(user, room, "m.room.message", text(body))
}

// SayAt is Say with a date of the sender's own, as bridges and other application
// services give it, and returns the event's id.
func (s *Server) SayAt(user, room, body string, at time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.post(room, Event{Sender: s.userID(user), Type: "m.room.message", Content: encode(text(body)), At: at})).ID
}

func text(body string) object { return object{"msgtype": "m.text", "body": body} }

// Reply says something as an answer to the target, and returns its event id.
func (s *Server) Reply(user, room, target, body string) string {
	content := text(body)
	content["m.relates_to"] = object{"m.in_reply_to": object{"event_id": target}}
	return s.Send(user, room, "m.room.message", content)
}

// Edit replaces the target's text and returns the edit's own event id.
func (s *Server) Edit(user, room, target, body string) string {
	content := maps.Clone(text("* " + body))
	content["m.new_content"] = text(body)
	content["m.relates_to"] = object{"rel_type": "m.replace", "event_id": target}
	return s.Send(user, room, "m.room.message", content)
}

// React adds a reaction to the target and returns the reaction's event id.
func (s *Server) React(user, room, target, emoji string) string {
	relation := object{"rel_type": "m.annotation", "event_id": target, "key": emoji}
	return s.Send(user, room, "m.reaction", object{"m.relates_to": relation})
}

// Redact takes the target back and returns the redaction's event id.
func (s *Server) Redact(user, room, target string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.takeBack(room, target, Event{Sender: s.userID(user)})).ID
}
