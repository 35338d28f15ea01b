package text

import (
	"net/url"
	"regexp"
	"strings"
)

var (
	// address is anything that a client or a person could take for an address to
	// open, with or without its scheme.
	address = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s<>"'` + "`" + `|]+|\b[a-z0-9][a-z0-9_.-]*\.[a-z]+(?::\d+)?/[^\s<>"'` + "`" + `|]+`)

	// leaving stands before the address that unsubscribes.
	leaving = regexp.MustCompile(`(?i)(?:unsubscribe|désabonne\pL*|désinscri\pL*)[^\n:]{0,20}:?[\s\x{a0}]{0,3}[<(\["']?$`)

	secretParam = regexp.MustCompile(`(?i)token|secret|passw|signature|apikey|credential|(?:^|[^a-z])(?:key|pwd|pass|auth|sig|session|sid|otp|jwt|ticket|hmac|code)(?:[^a-z]|$)`)
)

// acting are the path segments after which nothing is shown: what follows is a
// secret, or opening it does something. See also [acts].
var acting = map[string]bool{
	"ping": true, "cloaked": true, "check_token": true, "delete": true, "phishing": true,
	"optout": true, "opt-out": true, "desabonnement": true, "desinscription": true,
	"confirm": true, "verify": true, "activate": true, "reset": true, "reset-password": true,
	"reset_password": true, "invite": true, "magic": true, "one-click": true, "oneclick": true,
}

// pingHosts answer pings on any path.
var pingHosts = map[string]bool{"hc-ping.com": true}

// addresses masks every address in s.
func addresses(s string) string {
	var b strings.Builder
	end := 0
	for _, at := range address.FindAllStringIndex(s, -1) {
		b.WriteString(s[end:at[0]])
		before := s[max(end, at[0]-64):at[0]] // looking further back would be slow
		b.WriteString(maskAddress(s[at[0]:at[1]], leaving.MatchString(before)))
		end = at[1]
	}
	if end == 0 {
		return s
	}
	b.WriteString(s[end:])
	return b.String()
}

// maskAddress masks one address: user and password, what follows an acting path
// segment or all of the path, and secret parameters.
func maskAddress(s string, whole bool) string {
	rest := strings.TrimRight(s, ".,;:!?)]}»")
	tail := s[len(rest):]
	scheme := ""
	if i := strings.Index(rest, "://"); i >= 0 {
		scheme, rest = rest[:i+3], rest[i+3:]
	}
	login, rest := cutLogin(rest)
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, path, hasPath := strings.Cut(rest, "/")
	out := scheme + login + host
	if hasPath {
		path, acted := maskPath(path, whole || pingHosts[strings.ToLower(host)])
		out, whole = out+"/"+path, whole || acted
		if strings.HasSuffix(path, masked) && whole {
			return out + tail
		}
	}
	if hasQuery {
		out += "?" + maskQuery(query, whole)
	}
	if hasFragment {
		out += "#" + maskQuery(fragment, whole)
	}
	return out + tail
}

// cutLogin takes the user and password off the front of an address. A password
// may hold a slash or an at sign, so one that is there goes up to the last.
func cutLogin(s string) (login, rest string) {
	authority, _, _ := strings.Cut(s, "/")
	at := strings.LastIndexByte(authority, '@')
	_, port, ok := strings.Cut(authority, ":")
	if ok && authority[0] != '[' && strings.Trim(port, "0123456789") != "" {
		at = strings.LastIndexByte(s, '@')
	}
	if at < 0 {
		return "", s
	}
	return masked + "@", s[at+1:]
}

// maskPath masks a path, and tells whether the address acts.
func maskPath(path string, whole bool) (string, bool) {
	if whole && path != "" {
		return masked, true
	}
	short := strings.TrimRight(path, "/")
	segments := strings.Split(short, "/")
	before := ""
	for i, segment := range segments {
		name, err := url.PathUnescape(segment)
		if err != nil {
			name = segment
		}
		name = strings.ToLower(name)
		// Below admin only rs-short's links are keys: /NAME/admin/KEY.
		if acts(before, name) || name == "admin" && i == 1 && len(segments) == 3 {
			out := strings.Join(segments[:i+1], "/")
			if i+1 < len(segments) {
				out += "/" + masked
			}
			return out, true
		}
		segments[i] = maskWord(segment)
		before = name
	}
	return strings.Join(segments, "/") + path[len(short):], false
}

// acts tells whether a path segment, in lower case, says that opening what is
// below does something or is a secret. Uptime Kuma's pushes are below api/push,
// Healthchecks' own addresses below unsub, unsubscribe_reports and the like.
func acts(before, name string) bool {
	return acting[name] || before == "api" && name == "push" || strings.Contains(name, "unsub")
}

// maskQuery masks the values of parameters that are secret by their name or by
// their look.
func maskQuery(query string, whole bool) string {
	if whole {
		return masked
	}
	params := strings.Split(query, "&")
	for i, param := range params {
		name, value, ok := strings.Cut(param, "=")
		switch {
		case ok && value != "" && secretParam.MatchString(name):
			params[i] = name + "=" + masked
		case ok:
			params[i] = name + "=" + maskWord(value)
		default:
			params[i] = maskWord(param)
		}
	}
	return strings.Join(params, "&")
}

// maskWord masks a part of an address that is a token by its look. Addresses have
// shorter ones than texts; titles with escaped accents are none.
func maskWord(s string) string {
	if len(s) < 16 || strings.ContainsAny(s, "%"+masked) {
		return s
	}
	if changes, digits := classChanges(s); digits > 1 && changes*5 >= len(s)*2 {
		return cutAt(s, 4) + masked
	}
	return s
}

// cutAt returns the first n characters of s.
func cutAt(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
