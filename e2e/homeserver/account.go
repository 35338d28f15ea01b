package homeserver

import (
	"encoding/json"
	"strings"
)

type user struct {
	id, password string
	profile      map[string]string
	devices      map[string]*device
	data         map[string]accountData // by room id (or "") + " " + type
	crossSigning map[string]object      // by usage: master, self_signing, user_signing
}

type accountData struct {
	room, kind string
	content    json.RawMessage
	position   int64
}

// device is a user's device; its access token is in Server.tokens.
type device struct {
	user     *user
	id, name string
	token    string
	keys     object
	oneTime  map[string]json.RawMessage
	fallback map[string]json.RawMessage
	mail     []toDevice
}

// object is JSON that is handed on as it came.
type object = map[string]any

// userID completes a localpart.
func (s *Server) userID(name string) string {
	if strings.HasPrefix(name, "@") {
		return name
	}
	return "@" + name + ":" + s.options.Name
}

func (s *Server) versions(*call) (any, error) {
	return object{"versions": []string{"v1.1", "v1.4", "v1.6", "v1.8", "v1.11"}, "unstable_features": object{}}, nil
}

func (s *Server) capabilities(*call) (any, error) {
	available := object{"10": "stable", "11": "stable", "12": "stable"}
	return object{"capabilities": object{"m.room_versions": object{"default": "11", "available": available}}}, nil
}

func (s *Server) loginFlows(*call) (any, error) {
	return object{"flows": []object{{"type": "m.login.password"}}}, nil
}

func (s *Server) login(c *call) (any, error) {
	var req struct {
		Type       string `json:"type"`
		Identifier struct {
			User string `json:"user"`
		} `json:"identifier"`
		Password string `json:"password"`
		DeviceID string `json:"device_id"`
		Name     string `json:"initial_device_display_name"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	u := s.users[s.userID(req.Identifier.User)]
	if req.Type != "m.login.password" || u == nil || u.password != req.Password {
		return nil, refuse(403, "M_FORBIDDEN", "wrong user name or password")
	}
	d := s.logIn(u, req.DeviceID)
	if d.name == "" {
		d.name = req.Name
	}
	return object{"user_id": u.id, "device_id": d.id, "access_token": d.token}, nil
}

// logIn gives the user's device a new token, which ends its old one, and makes
// the device if need be.
func (s *Server) logIn(u *user, id string) *device {
	n := s.count("logins")
	if id == "" {
		id = strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(s.name("device", u.id, n)))[:10]
	}
	d := u.devices[id]
	if d == nil {
		d = &device{user: u, id: id, oneTime: map[string]json.RawMessage{}, fallback: map[string]json.RawMessage{}}
		u.devices[id] = d
	}
	delete(s.tokens, d.token)
	d.token = s.name("token", u.id, id, n)
	s.tokens[d.token] = d
	return d
}

func (s *Server) logout(c *call) (any, error) {
	delete(s.tokens, c.device.token)
	delete(c.device.user.devices, c.device.id)
	s.keysChanged(c.User)
	return object{}, nil
}

func (s *Server) whoami(c *call) (any, error) {
	return object{"user_id": c.User, "device_id": c.Device}, nil
}

func (s *Server) accept(*call) (any, error) { return object{}, nil }

func (d *device) info() object { return object{"device_id": d.id, "display_name": d.name} }

func (s *Server) listDevices(c *call) (any, error) {
	list := []object{}
	for _, id := range sorted(c.device.user.devices) {
		list = append(list, c.device.user.devices[id].info())
	}
	return object{"devices": list}, nil
}

func (s *Server) getDevice(c *call) (any, error) {
	if d := c.device.user.devices[c.vars["device"]]; d != nil {
		return d.info(), nil
	}
	return nil, refuse(404, "M_NOT_FOUND", "no device %s", c.vars["device"])
}

func (s *Server) nameDevice(c *call) (any, error) {
	d := c.device.user.devices[c.vars["device"]]
	if d == nil {
		return nil, refuse(404, "M_NOT_FOUND", "no device %s", c.vars["device"])
	}
	var req struct {
		Name string `json:"display_name"`
	}
	err := c.decode(&req)
	d.name = req.Name
	return object{}, err
}

func (s *Server) profile(c *call) (any, error) {
	if u := s.users[c.vars["user"]]; u != nil {
		return u.profile, nil
	}
	return nil, refuse(404, "M_NOT_FOUND", "no user %s", c.vars["user"])
}

func (s *Server) profileField(c *call) (any, error) {
	u, field := s.users[c.vars["user"]], c.vars["field"]
	if u == nil || u.profile[field] == "" {
		return nil, refuse(404, "M_NOT_FOUND", "no %s", field)
	}
	return object{field: u.profile[field]}, nil
}

// setProfile does not tell the rooms.
func (s *Server) setProfile(c *call) (any, error) {
	if err := c.own(); err != nil {
		return nil, err
	}
	var req map[string]string
	err := c.decode(&req)
	c.device.user.profile[c.vars["field"]] = req[c.vars["field"]]
	return object{}, err
}

// own refuses what is about somebody else's account.
func (c *call) own() error {
	if c.vars["user"] != c.User {
		return refuse(403, "M_FORBIDDEN", "that is not yours, it is %s's", c.vars["user"])
	}
	return nil
}

func (s *Server) createFilter(c *call) (any, error) {
	if err := c.own(); err != nil {
		return nil, err
	}
	var f filter
	if err := c.decode(&f); err != nil {
		return nil, err
	}
	f.raw = c.Body
	id := s.name("filter", c.User, s.count("filters"))[:8]
	s.filters[id] = f
	return object{"filter_id": id}, nil
}

func (s *Server) getFilter(c *call) (any, error) {
	if f, ok := s.filters[c.vars["filter"]]; ok {
		return json.RawMessage(f.raw), nil
	}
	return nil, refuse(404, "M_NOT_FOUND", "no filter %s", c.vars["filter"])
}

func (s *Server) getAccountData(c *call) (any, error) {
	if err := c.own(); err != nil {
		return nil, err
	}
	data, ok := c.device.user.data[c.Room+" "+c.Type]
	if !ok {
		return nil, refuse(404, "M_NOT_FOUND", "no account data %s", c.Type)
	}
	return data.content, nil
}

func (s *Server) putAccountData(c *call) (any, error) {
	if err := c.own(); err != nil {
		return nil, err
	}
	if !json.Valid(c.Body) {
		return nil, refuse(400, "M_NOT_JSON", "account data is not JSON")
	}
	c.device.user.data[c.Room+" "+c.Type] = accountData{c.Room, c.Type, c.Body, s.advance()}
	return object{}, nil
}
