package logs

import "bytes"

// request is one line of an access log.
type request struct {
	address, path []byte
	status        int
	sent          uint64
}

// readRequest reads a line of an access log: the common or combined format of nginx,
// Apache and Traefik, or the JSON of Traefik or Caddy.
func readRequest(message []byte) (r request, ok bool) {
	if len(message) < 20 {
		return r, false
	}
	if message[0] == '{' {
		return readJSON(message)
	}
	return readCommon(message)
}

// readCommon reads `192.0.2.9 - user [date] "GET /path HTTP/2.0" 303 512 …`.
func readCommon(m []byte) (r request, ok bool) {
	end := addressEnd(m)
	if end <= 0 {
		return r, false
	}
	r.address = m[:end]
	open := end + len(" - - ")
	if len(m) <= open || m[open] != '[' { // somebody logged in
		if open = bytes.IndexByte(m, '['); open < 0 {
			return r, false
		}
	}
	m = m[open:]
	shut := len("[21/Nov/2026:03:14:07 +0100")
	if len(m) <= shut || m[shut] != ']' {
		shut = bytes.IndexByte(m, ']')
	}
	if shut < 0 || len(m) < shut+4 || m[shut+1] != ' ' || m[shut+2] != '"' {
		return r, false
	}
	m = m[shut+3:]
	quote := quoteEnd(m)
	if quote < 0 {
		return r, false
	}
	r.path = pathOf(m[:quote])
	return r.answered(m[quote+1:])
}

// addressEnd returns where the address ends that a line begins with; 0 for none.
func addressEnd(m []byte) int {
	const (
		longest = 45 // an IPv6 address with an IPv4 one in it
		// What an address is made of, a bit for each byte below 64 and from there to 127.
		low  = 1<<'.' | 0x7ff<<'0' // digits and the colon behind them
		high = 0x3f<<('A'-64) | 0x3f<<('a'-64)
	)
	divided := false
	for i, c := range m[:min(len(m), longest+1)] {
		switch {
		case c == ' ' && divided:
			return i
		case c >= 128, c < 64 && low>>c&1 == 0, c >= 64 && high>>(c-64)&1 == 0:
			return 0
		}
		divided = divided || c == '.' || c == ':'
	}
	return 0
}

// quoteEnd returns where the next quote is that no backslash stands before; -1 for none.
func quoteEnd(m []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(m[from:], '"')
		if i < 0 {
			return -1
		}
		at, slashes := from+i, 0
		for at-slashes > 0 && m[at-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return at
		}
		from = at + 1
	}
}

// pathOf returns the path of "GET /path?query HTTP/2.0", or all of what is no such line.
func pathOf(line []byte) []byte {
	if i := bytes.IndexByte(line, ' '); i > 0 {
		rest := line[i+1:]
		if j := bytes.IndexByte(rest, ' '); j >= 0 {
			rest = rest[:j]
		}
		return withoutQuery(rest)
	}
	return withoutQuery(line)
}

func withoutQuery(path []byte) []byte {
	path = path[:min(len(path), longestKey)]
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		return path[:i]
	}
	return path
}

// answered reads ` 303 512` behind the request.
func (r request) answered(m []byte) (request, bool) {
	if len(m) < 5 || m[0] != ' ' || !isDigit(m[1]) || !isDigit(m[2]) || !isDigit(m[3]) || m[4] != ' ' {
		return r, false
	}
	r.status = int(m[1]-'0')*100 + int(m[2]-'0')*10 + int(m[3]-'0')
	r.sent = number(m[5:])
	return r, true
}

// number reads the digits that a text begins with, at most 18 of them.
func number(m []byte) (n uint64) {
	for _, c := range m[:min(len(m), 18)] {
		if !isDigit(c) {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}
