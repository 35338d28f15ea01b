package logs

import "bytes"

// cutHead splits a line as rsyslog writes it, with the traditional or the ISO 8601
// stamp, into its tag without the process id, and the message. ok is false for a line
// without such a head.
func cutHead(line []byte, f Format) (tag, message []byte, ok bool) {
	rest := cutStamp(line)
	if rest == nil {
		return nil, line, false
	}
	host := bytes.IndexByte(rest, ' ')
	if host <= 0 {
		return nil, line, false
	}
	rest = rest[host+1:]
	end := bytes.IndexByte(rest, ' ')
	if end < 0 {
		end = len(rest)
	}
	tag, marked := cutProcess(rest[:end])
	if len(tag) == 0 || !marked && f != Syslog {
		return nil, line, false
	}
	return tag, bytes.TrimLeft(rest[end:], " "), true
}

// cutStamp returns what follows the stamp and a space; nil for a line without a stamp.
func cutStamp(line []byte) []byte {
	const traditional = len("Nov  1 03:14:07 ")
	switch {
	case len(line) <= len("2026-11-21T03:14:07 "):
		return nil
	case line[4] == '-' && line[7] == '-' && line[10] == 'T' && isDigit(line[0]):
		const micros = len("2026-11-21T03:14:07.123456+01:00")
		if len(line) > micros && line[19] == '.' && (line[26] == '+' || line[26] == '-') && line[micros] == ' ' {
			return line[micros+1:] // as rsyslog writes nearly all
		}
		if end := bytes.IndexByte(line[:min(len(line), 40)], ' '); end > 0 {
			return line[end+1:]
		}
	case line[3] == ' ' && line[6] == ' ' && line[9] == ':' && line[12] == ':' && line[15] == ' ' && isDigit(line[14]):
		return line[traditional:]
	}
	return nil
}

// cutProcess takes the process id and the colon from a tag. marked is false when it had
// neither.
func cutProcess(tag []byte) (name []byte, marked bool) {
	if n := len(tag); n > 0 && tag[n-1] == ':' {
		tag, marked = tag[:n-1], true
	}
	if n := len(tag); n > 0 && tag[n-1] == ']' {
		if open := bytes.LastIndexByte(tag, '['); open > 0 {
			tag, marked = tag[:open], true
		}
	}
	return withoutID(tag), marked
}

// withoutID takes the id of a container from a tag such as "rs-short/7c71187fad11".
func withoutID(tag []byte) []byte {
	cut := len(tag) - idLength - 1
	if cut > 0 && tag[cut] == '/' && IsID(string(tag[cut+1:])) {
		return tag[:cut]
	}
	return tag
}

const idLength = 12

// IsID tells whether a service is called by the short id of its container, which is
// Docker's default.
func IsID(name string) bool {
	if len(name) != idLength {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
