package homeserver

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// keyChange says that a user's devices or keys are not as they were.
type keyChange struct {
	user     string
	position int64
}

// toDevice is a message to one device, kept until its /sync acknowledged it.
type toDevice struct {
	sender, kind string
	content      json.RawMessage
	position     int64
}

func (s *Server) keysChanged(user string) {
	s.keyNews = append(s.keyNews, keyChange{user, s.advance()})
}

// letters is the mail of a device, at most a hundred at a time in Synapse; all of
// it here.
func (d *device) letters() []object {
	list := []object{}
	for _, m := range d.mail {
		list = append(list, object{"type": m.kind, "sender": m.sender, "content": m.content})
	}
	return list
}

// keyChanges lists those whose keys the client must ask for again, and those whom
// it shares no room with any more.
func (s *Server) keyChanges(y *syncing) (changed, left []string) {
	changed, left = []string{}, []string{}
	if y.first {
		return changed, left
	}
	me := y.device.user.id
	near, moved := map[string]bool{me: true}, map[string]bool{}
	for _, r := range s.rooms {
		mine, arrived := r.membershipAt(me, 1<<62)
		for _, id := range r.members("join", "leave", "ban") {
			_, at := r.membershipAt(id, 1<<62)
			near[id] = near[id] || mine == "join" && r.membership(id) == "join"
			moved[id] = moved[id] || at > y.since || arrived > y.since
		}
	}
	for _, k := range s.keyNews {
		moved[k.user] = moved[k.user] || k.position > y.since
	}
	own := slices.ContainsFunc(s.keyNews, func(k keyChange) bool { return k.user == me && k.position > y.since })
	for _, id := range sorted(moved) {
		switch {
		case !moved[id] || id == me && !own:
		case near[id]:
			changed = append(changed, id)
		case s.shared(me, id):
			left = append(left, id)
		}
	}
	return changed, left
}

// shared says whether the two were ever in a room together.
func (s *Server) shared(a, b string) bool {
	for _, r := range s.rooms {
		if r.state[stateKey{"m.room.member", a}] != nil && r.state[stateKey{"m.room.member", b}] != nil {
			return true
		}
	}
	return false
}

func fallbackTypes(d *device) []string {
	if len(d.fallback) > 0 {
		return []string{"signed_curve25519"}
	}
	return []string{}
}

func (s *Server) uploadKeys(c *call) (any, error) {
	var req struct {
		Device   object                     `json:"device_keys"`
		OneTime  map[string]json.RawMessage `json:"one_time_keys"`
		Fallback map[string]json.RawMessage `json:"fallback_keys"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	for id, key := range req.OneTime {
		if old, ok := c.device.oneTime[id]; ok && !bytes.Equal(old, key) {
			return nil, refuse(400, "M_INVALID_PARAM", "the one-time key %s already exists with another value", id)
		}
		c.device.oneTime[id] = key
	}
	if len(req.Fallback) > 0 {
		c.device.fallback = req.Fallback
	}
	if req.Device != nil {
		c.device.keys = req.Device
		s.keysChanged(c.User)
	}
	return object{"one_time_key_counts": object{"signed_curve25519": len(c.device.oneTime)}}, nil
}

func (s *Server) queryKeys(c *call) (any, error) {
	var req struct {
		Devices map[string][]string `json:"device_keys"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	devices, master, self, own := object{}, object{}, object{}, object{}
	for id, wanted := range req.Devices {
		u := s.users[id]
		if u == nil {
			continue
		}
		devices[id] = u.deviceKeys(wanted)
		put(master, id, u.crossSigning["master"])
		put(self, id, u.crossSigning["self_signing"])
		if id == c.User {
			put(own, id, u.crossSigning["user_signing"])
		}
	}
	return object{
		"device_keys": devices, "master_keys": master, "self_signing_keys": self,
		"user_signing_keys": own, "failures": object{},
	}, nil
}

func put(into object, id string, key object) {
	if key != nil {
		into[id] = key
	}
}

func (u *user) deviceKeys(wanted []string) object {
	keys := object{}
	for id, d := range u.devices {
		if d.keys != nil && (len(wanted) == 0 || slices.Contains(wanted, id)) {
			keys[id] = d.keys
		}
	}
	return keys
}

func (s *Server) claimKeys(c *call) (any, error) {
	var req struct {
		Keys map[string]map[string]string `json:"one_time_keys"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	all := object{}
	for id, devices := range req.Keys {
		given := object{}
		for device, algorithm := range devices {
			if u := s.users[id]; u != nil && u.devices[device] != nil {
				put(given, device, u.devices[device].claim(algorithm))
			}
		}
		all[id] = given
	}
	return object{"one_time_keys": all, "failures": object{}}, nil
}

// claim gives a one-time key away, or the fallback key, or nil.
func (d *device) claim(algorithm string) object {
	for _, keys := range []map[string]json.RawMessage{d.oneTime, d.fallback} {
		for _, id := range sorted(keys) {
			if strings.HasPrefix(id, algorithm+":") {
				key := keys[id]
				delete(d.oneTime, id)
				return object{id: key}
			}
		}
	}
	return nil
}

// uploadCrossSigning takes the first keys as they come; replacing them needs the
// password, as in Synapse.
func (s *Server) uploadCrossSigning(c *call) (any, error) {
	var req struct {
		Master object `json:"master_key"`
		Self   object `json:"self_signing_key"`
		User   object `json:"user_signing_key"`
		Auth   struct {
			Password string `json:"password"`
		} `json:"auth"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	u := c.device.user
	if len(u.crossSigning) > 0 && req.Auth.Password != u.password {
		return nil, &askPassword{}
	}
	u.crossSigning = map[string]object{"master": req.Master, "self_signing": req.Self, "user_signing": req.User}
	s.keysChanged(u.id)
	return object{}, nil
}

// askPassword asks for user-interactive authentication.
type askPassword struct{}

func (*askPassword) Error() string { return "the password is needed" }

func (*askPassword) answer() answer {
	body := encode(object{"session": "s", "params": object{}, "flows": []object{{"stages": []string{"m.login.password"}}}})
	return answer{status: 401, body: body}
}

// uploadSignatures adds signatures to devices' and master keys.
func (s *Server) uploadSignatures(c *call) (any, error) {
	var req map[string]map[string]object
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	for id, signed := range req {
		u := s.users[id]
		if u == nil {
			continue
		}
		for name, key := range signed {
			sign(u.key(name), key)
		}
		s.keysChanged(id)
	}
	return object{"failures": object{}}, nil
}

// key finds a device's keys by its id, or the master key by its public key.
func (u *user) key(name string) object {
	if d := u.devices[name]; d != nil {
		return d.keys
	}
	keys, _ := u.crossSigning["master"]["keys"].(object)
	for _, public := range keys {
		if public == name {
			return u.crossSigning["master"]
		}
	}
	return nil
}

// sign copies the signatures of one copy of a key into another.
func sign(key, copied object) {
	if key == nil {
		return
	}
	have, ok := key["signatures"].(object)
	if !ok {
		have = object{}
		key["signatures"] = have
	}
	added, _ := copied["signatures"].(object)
	for signer, signatures := range added {
		mine, ok := have[signer].(object)
		if !ok {
			mine = object{}
			have[signer] = mine
		}
		theirs, _ := signatures.(object)
		maps.Copy(mine, theirs)
	}
}

func (s *Server) sendToDevice(c *call) (any, error) {
	key := c.device.token + " " + c.Path
	if t, ok := s.txns[key]; ok && s.remembers(t) {
		return object{}, nil
	}
	var req struct {
		Messages map[string]map[string]json.RawMessage `json:"messages"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	for id, devices := range req.Messages {
		for device, content := range devices {
			s.deliver(s.users[id], device, toDevice{sender: c.User, kind: c.Type, content: content})
		}
	}
	s.txns[key] = transaction{at: c.At}
	return object{}, nil
}

// deliver puts a message into a device's mail; "*" is all of the user's.
func (s *Server) deliver(u *user, device string, m toDevice) {
	if u == nil {
		return
	}
	for _, id := range sorted(u.devices) {
		if device == id || device == "*" {
			m.position = s.advance()
			u.devices[id].mail = append(u.devices[id].mail, m)
		}
	}
}

func (s *Server) noBackup(*call) (any, error) {
	return nil, refuse(404, "M_NOT_FOUND", "no key backup")
}
