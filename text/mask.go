package text

import (
	"regexp"
	"slices"
	"strings"
)

// masked stands for what was taken out.
const masked = "…"

// Mask returns s without what must not be repeated in a room: passwords, keys and
// tokens, and the addresses that do something when they are opened (pings, pushes,
// unsubscribing, flagging, deleting), for a preview opens every link it sees. What
// is left is enough to recognise the thing, as in "https://hc.example/ping/…".
// Ordinary links, words, addresses and dates stay.
//
// It is a net, not a proof: a password in the middle of a sentence passes. Mask
// whole texts, not lines, so that keys of several lines are seen. Masking twice
// changes nothing more.
func Mask(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	// What one rule leaves may be the business of one before it, so they run until
	// they agree; twice is enough for what people write.
	for range 8 {
		next := maskOnce(s)
		if next == s {
			break
		}
		s = next
	}
	return s
}

func maskOnce(s string) string {
	lower := strings.ToLower(s)
	for _, r := range rules {
		if r.mayApply(lower) {
			s = r.pattern.ReplaceAllString(s, "${1}"+masked)
		}
	}
	s = assignments(addresses(s))
	s = credential.ReplaceAllStringFunc(s, maskCredential)
	s = uuid.ReplaceAllString(s, "${1}-"+masked)
	return tokenRun.ReplaceAllStringFunc(s, maskToken)
}

// rule masks what its pattern matches, but for its first group.
type rule struct {
	pattern *regexp.Regexp
	// signs are in lower case; a text without any of them is not searched.
	signs []string
}

func (r rule) mayApply(lower string) bool {
	return slices.ContainsFunc(r.signs, func(sign string) bool { return strings.Contains(lower, sign) })
}

var rules = []rule{
	// Keys, up to the end of the text when their block has none.
	{regexp.MustCompile(`(?s)(-----BEGIN [A-Z0-9 ]*PRIVATE KEY)(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)`), []string{"-----begin"}},
	// Paths without a host, or with one that does not look like one, as access logs
	// and crontabs have them.
	{regexp.MustCompile(`(?i)(/(?:api/push|ping|cloaked|unsub|check_token|phishing)/)[^\s"'<>|]*[^\s"'<>|.,;:!?)\]}»]`),
		[]string{"/push/", "/ping/", "/cloaked/", "/unsub/", "/check_token/", "/phishing/"}},
	// Options of commands.
	{regexp.MustCompile(`(?im)((?:^|\s)--?[\w-]*(?:password|passwd|passphrase|token|secret|api-?key)[ =]["']?)[^\s"'-][^\s"']*`),
		[]string{"passw", "passphrase", "token", "secret", "key"}},
	{regexp.MustCompile(`(?m)((?:^|\s)(?:-u|--user|--proxy-user)[ =]?["']?[\w.@-]*:)[^\s"']+`), []string{"-u", "--proxy-u"}},
	// What begins as its maker's tokens do: GitHub, GitLab, Slack, Healthchecks,
	// Uptime Kuma, Synapse, 42, AWS, age, JSON web tokens.
	{regexp.MustCompile(`\b(gh[opsur]_|github_pat_|glpat-|xox[abprs]-|hc[wr]_|uk\d+_|sy[tr]_|m[ca]t_|[us]-s4t2ud-|sk-|AKIA|AGE-SECRET-KEY-|eyJ)[A-Za-z0-9_.=/+-]{8,}`),
		[]string{"gh", "glpat-", "xox", "hcw_", "hcr_", "uk", "syt_", "syr_", "mct_", "mat_", "s4t2ud", "sk-", "akia", "age-", "eyj"}},
}

var (
	credential = regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/-]{8,}=*`)
	// uuid keeps its first group: checks without a name are known by it.
	uuid     = regexp.MustCompile(`(?i)\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	tokenRun = regexp.MustCompile(`[A-Za-z0-9_+/-]{20,}=*`)
)

// maskCredential masks what follows "bearer" or "basic" unless it is a word.
func maskCredential(s string) string {
	i := strings.IndexAny(s, " \t\r\n\u00a0")
	value := strings.TrimLeft(s[i:], " \t\r\n\u00a0")
	if strings.Trim(value[1:], "abcdefghijklmnopqrstuvwxyz-.") == "" {
		return s
	}
	return s[:len(s)-len(value)] + masked
}

// maskToken masks what looks drawn by lot in a run of characters, keeping the
// first four: long hexadecimal, or base64, whose characters change class all the
// time. Words, names with dates in them and paths do not.
func maskToken(s string) string {
	if isToken(s) {
		return s[:4] + masked
	}
	pieces := strings.Split(s, "/")
	for i, piece := range pieces {
		if isToken(piece) {
			pieces[i] = piece[:4] + masked
		}
	}
	return strings.Join(pieces, "/")
}

func isToken(s string) bool {
	s = strings.TrimRight(s, "=")
	if len(s) < 20 {
		return false
	}
	if isHex(s) {
		return len(s) >= 32 && strings.ContainsAny(s, "0123456789")
	}
	changes, digits := classChanges(s)
	return digits > 0 && changes*10 >= 3*len(s) && (digits > 2 || changes*3 >= len(s))
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// classChanges counts how often neighbours in s are of different classes (lower
// case, upper case, digit), and how many runs of digits it has. Anything else is
// of its neighbour's class.
func classChanges(s string) (changes, digits int) {
	last := byte(0)
	for i := range len(s) {
		class := classOf(s[i])
		if class == 0 || class == last {
			continue
		}
		if last != 0 {
			changes++
		}
		if class == 'd' {
			digits++
		}
		last = class
	}
	return changes, digits
}

func classOf(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z':
		return 'l'
	case 'A' <= c && c <= 'Z':
		return 'u'
	case '0' <= c && c <= '9':
		return 'd'
	}
	return 0
}
