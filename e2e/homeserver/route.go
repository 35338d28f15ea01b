package homeserver

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// Kind says which endpoint a request is for.
type Kind string

// The endpoints that faults are most often about. The other kinds are in the
// table of endpoints, as plain words; "unknown" is an endpoint that is not there.
const (
	Versions     Kind = "versions"
	Login        Kind = "login"
	Whoami       Kind = "whoami"
	Filter       Kind = "filter"
	Sync         Kind = "sync"
	Send         Kind = "send"
	Redact       Kind = "redact"
	PutState     Kind = "put state"
	GetState     Kind = "get state"
	Join         Kind = "join"
	Members      Kind = "members"
	Messages     Kind = "messages"
	KeysUpload   Kind = "keys upload"
	KeysQuery    Kind = "keys query"
	KeysClaim    Kind = "keys claim"
	SendToDevice Kind = "send to device"
	Upload       Kind = "upload"
	Unknown      Kind = "unknown"
)

// Request is one request as faults and the log see it.
type Request struct {
	N    int // its ordinal among all requests, from 1
	Nth  int // its ordinal among those of its kind, from 1
	Try  int // how often this transaction id came with this path and token; 1 without one
	At   time.Time
	Kind Kind

	Method, Path string // the path without the query, as it was escaped
	User, Device string // "" without a known token
	Room         string // the room's id or alias, if the path names one
	Type         string // the event type, if the path names one
	Txn          string // the transaction id, if the path names one
	Since        string // /sync only
	Body         []byte

	// Gone is closed when the client gave up. A fault that blocks should heed it.
	Gone <-chan struct{}

	// Known in the log only: the status answered, 0 when no whole answer went
	// out, and the fault that was decided.
	Status int
	Fault  Fault
}

// incoming is a request with everything taken out of the http.Request, so that it
// outlives the client.
type incoming struct {
	method, path string // the path still escaped
	query        url.Values
	token        string
	body         []byte
}

// call is a request on its way through an endpoint.
type call struct {
	Request
	endpoint
	token  string
	device *device // nil without a known token
	vars   map[string]string
	query  url.Values
}

// decode reads the request's body; an empty one reads as {}.
func (c *call) decode(into any) error {
	if len(c.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.Body, into); err != nil {
		return refuse(400, "M_BAD_JSON", "read the body: %v", err)
	}
	return nil
}

type endpoint struct {
	method, path string // {name} stands for one segment, {name*} for the rest
	kind         Kind
	do           func(*Server, *call) (any, error) // with the server locked; nil for /sync
	open         bool                              // needs no access token
}

// endpoints is everything the server knows, below /_matrix/client; also the upload, which
// is below /_matrix.
func endpoints() []endpoint {
	const open = true
	return []endpoint{
		{"GET", "versions", Versions, (*Server).versions, open},
		{"GET", "v3/login", "login flows", (*Server).loginFlows, open},
		{"POST", "v3/login", Login, (*Server).login, open},
		{"POST", "v3/logout", "logout", (*Server).logout, false},
		{"GET", "v3/account/whoami", Whoami, (*Server).whoami, false},
		{"GET", "v3/capabilities", "capabilities", (*Server).capabilities, false},
		{"GET", "v3/devices", "devices", (*Server).listDevices, false},
		{"GET", "v3/devices/{device}", "device", (*Server).getDevice, false},
		{"PUT", "v3/devices/{device}", "device", (*Server).nameDevice, false},
		{"GET", "v3/profile/{user}", "profile", (*Server).profile, open},
		{"GET", "v3/profile/{user}/{field}", "profile", (*Server).profileField, open},
		{"PUT", "v3/profile/{user}/{field}", "profile", (*Server).setProfile, false},
		{"POST", "v3/user/{user}/filter", Filter, (*Server).createFilter, false},
		{"GET", "v3/user/{user}/filter/{filter}", Filter, (*Server).getFilter, false},
		{"GET", "v3/user/{user}/account_data/{type}", "account data", (*Server).getAccountData, false},
		{"PUT", "v3/user/{user}/account_data/{type}", "account data", (*Server).putAccountData, false},
		{"GET", "v3/user/{user}/rooms/{room}/account_data/{type}", "account data", (*Server).getAccountData, false},
		{"PUT", "v3/user/{user}/rooms/{room}/account_data/{type}", "account data", (*Server).putAccountData, false},
		{"GET", "v3/sync", Sync, nil, false},

		{"POST", "v3/createRoom", "create room", (*Server).createRoom, false},
		{"POST", "v3/join/{room}", Join, (*Server).join, false},
		{"GET", "v3/joined_rooms", "joined rooms", (*Server).joinedRooms, false},
		{"GET", "v3/directory/room/{room}", "alias", (*Server).resolveAlias, open},
		{"PUT", "v3/directory/room/{room}", "alias", (*Server).putAlias, false},
		{"POST", "v3/rooms/{room}/join", Join, (*Server).join, false},
		{"POST", "v3/rooms/{room}/leave", "leave", (*Server).leave, false},
		{"POST", "v3/rooms/{room}/forget", "forget", (*Server).accept, false},
		{"POST", "v3/rooms/{room}/invite", "invite", moves("invite"), false},
		{"POST", "v3/rooms/{room}/kick", "kick", moves("leave"), false},
		{"POST", "v3/rooms/{room}/ban", "ban", moves("ban"), false},
		{"POST", "v3/rooms/{room}/unban", "unban", moves("leave"), false},
		{"GET", "v3/rooms/{room}/joined_members", Members, (*Server).joinedMembers, false},
		{"GET", "v3/rooms/{room}/members", Members, (*Server).members, false},
		{"GET", "v3/rooms/{room}/aliases", "aliases", (*Server).listAliases, false},
		{"GET", "v3/rooms/{room}/state", GetState, (*Server).allState, false},
		{"GET", "v3/rooms/{room}/state/{type}", GetState, (*Server).getState, false},
		{"GET", "v3/rooms/{room}/state/{type}/{key}", GetState, (*Server).getState, false},
		{"PUT", "v3/rooms/{room}/state/{type}", PutState, (*Server).putState, false},
		{"PUT", "v3/rooms/{room}/state/{type}/{key}", PutState, (*Server).putState, false},
		{"PUT", "v3/rooms/{room}/send/{type}/{txn}", Send, (*Server).send, false},
		{"PUT", "v3/rooms/{room}/redact/{event}/{txn}", Redact, (*Server).redact, false},
		{"GET", "v3/rooms/{room}/messages", Messages, (*Server).messages, false},
		{"GET", "v3/rooms/{room}/event/{event}", "event", (*Server).getEvent, false},
		{"GET", "v1/rooms/{room}/relations/{event}", "relations", (*Server).relations, false},
		{"GET", "v1/rooms/{room}/relations/{event}/{rel}", "relations", (*Server).relations, false},
		{"GET", "v1/rooms/{room}/relations/{event}/{rel}/{type}", "relations", (*Server).relations, false},
		{"PUT", "v3/rooms/{room}/typing/{user}", "typing", (*Server).accept, false},
		{"POST", "v3/rooms/{room}/receipt/{receipt}/{event}", "receipt", (*Server).accept, false},
		{"POST", "v3/rooms/{room}/read_markers", "receipt", (*Server).accept, false},
		{"PUT", "v3/presence/{user}/status", "presence", (*Server).accept, false},

		{"POST", "v3/keys/upload", KeysUpload, (*Server).uploadKeys, false},
		{"POST", "v3/keys/query", KeysQuery, (*Server).queryKeys, false},
		{"POST", "v3/keys/claim", KeysClaim, (*Server).claimKeys, false},
		{"POST", "v3/keys/device_signing/upload", "cross-signing", (*Server).uploadCrossSigning, false},
		{"POST", "v3/keys/signatures/upload", "signatures", (*Server).uploadSignatures, false},
		{"PUT", "v3/sendToDevice/{type}/{txn}", SendToDevice, (*Server).sendToDevice, false},
		{"POST", "media/v3/upload", Upload, (*Server).upload, false},
		{"GET", "v1/media/download/{server}/{media}", "download", (*Server).download, false},
		{"GET", "v3/room_keys/{rest*}", "key backup", (*Server).noBackup, false},
	}
}

// route finds the endpoint of a request.
func (s *Server) route(in incoming) *call {
	c := &call{token: in.token, query: in.query, Request: Request{Kind: Unknown, Method: in.method, Path: in.path, Body: in.body}}
	rest, ok := strings.CutPrefix(in.path, "/_matrix/client/")
	if !ok && in.path == "/_matrix/media/v3/upload" {
		rest, ok = "media/v3/upload", true
	}
	if !ok {
		return c
	}
	segments := strings.Split(rest, "/")
	for _, e := range s.endpoints {
		if e.method != in.method {
			continue
		}
		if vars, ok := match(strings.Split(e.path, "/"), segments); ok {
			c.endpoint, c.Kind, c.vars = e, e.kind, vars
			break
		}
	}
	c.Room, c.Type, c.Txn = c.vars["room"], c.vars["type"], c.vars["txn"]
	if c.Kind == Sync {
		c.Since = in.query.Get("since")
	}
	return c
}

func match(pattern, segments []string) (map[string]string, bool) {
	vars := map[string]string{}
	for i, p := range pattern {
		if strings.HasSuffix(p, "*}") {
			return vars, i < len(segments)
		}
		if i >= len(segments) {
			return nil, false
		}
		value, err := url.PathUnescape(segments[i])
		switch {
		case err != nil:
			return nil, false
		case strings.HasPrefix(p, "{"):
			vars[strings.Trim(p, "{}")] = value
		case p != value:
			return nil, false
		}
	}
	return vars, len(pattern) == len(segments)
}
