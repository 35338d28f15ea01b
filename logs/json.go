package logs

import "bytes"

// readJSON reads a line of Traefik's access log, whose fields are flat, or of Caddy's,
// whose request is an object of its own.
func readJSON(m []byte) (r request, ok bool) {
	j := &members{m[1:]}
	var status, said []byte
	nested := false
	for {
		key, value, more := j.next()
		if !more {
			break
		}
		switch string(key) { // makes no string
		case "ClientHost":
			r.address = value
		case "RequestPath":
			r.path = value
		case "DownstreamStatus", "status":
			status = value
		case "DownstreamContentSize", "size":
			r.sent = number(value)
		case "msg":
			said = value
		case "request":
			nested = true
			r.caddy(value)
		}
	}
	if nested && string(said) != "handled request" { // Caddy's errors tell their request, too
		return r, false
	}
	r.path = withoutQuery(r.path)
	if len(status) == 3 {
		r.status = int(number(status))
	}
	return r, r.status >= 100 && len(r.address) > 0 && len(r.address) <= 45
}

// caddy reads the object called request.
func (r *request) caddy(object []byte) {
	if len(object) == 0 || object[0] != '{' {
		return
	}
	j := &members{object[1:]}
	for {
		key, value, more := j.next()
		if !more {
			return
		}
		switch string(key) {
		case "client_ip":
			r.address = value
		case "remote_ip":
			if r.address == nil {
				r.address = value
			}
		case "uri":
			r.path = value
		case "headers": // all that we want stands before it
			return
		}
	}
}

// members walks over those of one JSON object without unpacking any, as a library would
// in several times as long.
type members struct{ rest []byte }

// next returns a member: strings as they are between their quotes, objects and lists as
// they are written. more is false at the end, or where the text is no JSON.
func (j *members) next() (key, value []byte, more bool) {
	open := bytes.IndexByte(j.rest, '"')
	if open < 0 || bytes.IndexByte(j.rest[:open], '}') >= 0 {
		return nil, nil, false
	}
	j.rest = j.rest[open+1:]
	end := quoteEnd(j.rest)
	if end < 0 || len(j.rest) < end+3 || j.rest[end+1] != ':' {
		return nil, nil, false
	}
	key, j.rest = j.rest[:end], bytes.TrimLeft(j.rest[end+2:], " ")
	length := valueLength(j.rest)
	if length < 0 {
		return nil, nil, false
	}
	value, j.rest = j.rest[:length], j.rest[length:]
	if n := len(value); n >= 2 && value[0] == '"' {
		value = value[1 : n-1]
	}
	return key, value, true
}

// valueLength is how many bytes the value has that a text begins with; -1 for none.
func valueLength(m []byte) int {
	switch {
	case len(m) == 0:
		return -1
	case m[0] == '"':
		end := quoteEnd(m[1:])
		if end < 0 {
			return -1
		}
		return end + 2
	case m[0] == '{' || m[0] == '[':
		return nestedLength(m)
	}
	return bytes.IndexAny(m, ",}")
}

// nestedLength is how many bytes an object or a list has.
func nestedLength(m []byte) int {
	depth := 0
	for i := 0; i < len(m); i++ {
		switch m[i] {
		case '"':
			end := quoteEnd(m[i+1:])
			if end < 0 {
				return -1
			}
			i += end + 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}
