package text

import "strings"

// secretName is a name that, before "=" or ":", says that a secret follows.
type secretName struct {
	suffix string // of the name, in lower case, without blanks, "-" and "_"
	line   bool   // the value has blanks in it: the rest of the line goes
	equals bool   // only before "=", because it is a word before ":"
}

// secretNames are looked for in this order. The last ones are headers of mails
// and requests.
var secretNames = []secretName{
	{suffix: "passphrase", line: true},
	{suffix: "phrasedepasse", line: true},
	{suffix: "recoverykey", line: true},
	{suffix: "cléderécupération", line: true},
	{suffix: "password"},
	{suffix: "passwd"},
	{suffix: "pwd"},
	{suffix: "motdepasse"},
	{suffix: "mdp"},
	{suffix: "pass", equals: true},
	{suffix: "secret"},
	{suffix: "token"},
	{suffix: "jeton"},
	{suffix: "apikey"},
	{suffix: "accesskey"},
	{suffix: "secretkey"},
	{suffix: "privatekey"},
	{suffix: "authkey"},
	{suffix: "pingkey"},
	{suffix: "signingkey"},
	{suffix: "encryptionkey"},
	{suffix: "sharedkey"},
	{suffix: "masterkey"},
	{suffix: "authorization", line: true},
	{suffix: "cookie", line: true},
	{suffix: "listunsubscribe", line: true},
}

const blanks = " \t\u00a0\u202f"

// assignments masks what a secret name is given, in a shell, a YAML or JSON file,
// a header or a sentence.
func assignments(s string) string {
	var b strings.Builder
	end := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '=' && s[i] != ':' || i < end {
			continue
		}
		name, ok := findSecretName(s[end:i], s[i] == '=')
		if !ok {
			continue
		}
		from, to, mask := secretValue(s, i+1, name.line)
		b.WriteString(s[end:from])
		b.WriteString(mask)
		end = to
	}
	if end == 0 {
		return s
	}
	return b.String() + s[end:]
}

// findSecretName returns the secret name that before ends in, if any.
func findSecretName(before string, equals bool) (secretName, bool) {
	before = before[max(0, len(before)-48):]
	before = before[strings.LastIndexByte(before, '\n')+1:]
	name := strings.ToLower(strings.TrimRight(before, `:"'\`+blanks))
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(blanks+"-_", r) {
			return -1
		}
		return r
	}, name)
	for _, n := range secretNames {
		if strings.HasSuffix(name, n.suffix) && (equals || !n.equals) {
			return n, true
		}
	}
	return secretName{}, false
}

// secretValue finds the value that begins at or after i on the same line, and
// what to put in its place.
func secretValue(s string, i int, line bool) (from, to int, mask string) {
	from = i + len(s[i:]) - len(strings.TrimLeft(s[i:], "=>"+blanks))
	rest, _, _ := strings.Cut(s[from:], "\n")
	rest = strings.TrimRight(rest, "\r"+blanks)
	open := strings.TrimLeft(rest, `\`)
	switch {
	case rest == "" || strings.HasPrefix(rest, masked):
		return from, from, ""
	case open != "" && (open[0] == '"' || open[0] == '\''):
		quote := open[:1]
		if n := quotedLen(open, quote[0]); n > 0 {
			return from, from + len(rest) - len(open) + n, quote + masked + quote
		}
		return from, from + len(rest), quote + masked + quote
	case line:
		if n := strings.IndexAny(rest, `"'`); n > 0 {
			rest = rest[:n]
		}
		return from, from + len(rest), masked
	}
	if n := strings.IndexAny(rest, `"'<>`+blanks); n > 0 {
		rest = rest[:n]
	}
	// What closes a sentence or a list around the value is not part of it.
	value := strings.TrimRight(rest, ")]}.,;")
	if value == "" {
		value = rest
	}
	return from, from + len(value), masked
}

// quotedLen returns the length of the quoted string that s begins with, quotes
// included, or 0 if it does not close.
func quotedLen(s string, quote byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return 0
}
