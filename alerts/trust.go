package alerts

import (
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/authres"
	"golang.org/x/net/publicsuffix"
)

// Trust says whose word counts on whether a mail's sender is genuine. The zero
// Trust verifies nothing.
type Trust struct {
	// AuthServID is the name under which the server that receives the mails writes
	// its Authentication-Results (RFC 8601); "" means that there is none.
	AuthServID string
	// Unchecked are senders that count without a pass: addresses, or "@" and a
	// domain for all of its addresses.
	Unchecked []string
}

// verifies tells whether the mail's From address is genuine. A mail with two
// senders never is: which of them was checked cannot be known.
func (t Trust) verifies(m mail) bool {
	if !m.oneSender {
		return false
	}
	if t.unchecked(m.addr) {
		return true
	}
	results, ok := t.results(m.header)
	return ok && passes(results, domainOf(m.addr))
}

func (t Trust) unchecked(addr string) bool {
	return slices.ContainsFunc(t.Unchecked, func(who string) bool { return sentBy(addr, who) })
}

// results returns what the trusted server found. Only its topmost header counts:
// a server writes above what was there, so one further down may have come with
// the mail.
func (t Trust) results(h header) ([]authres.Result, bool) {
	if t.AuthServID == "" {
		return nil, false
	}
	for _, value := range h.all("authentication-results") {
		bare, ok := bareResults(value)
		id, _, _ := strings.Cut(bare, ";")
		if name := strings.Fields(id); len(name) == 0 || !strings.EqualFold(name[0], t.AuthServID) {
			continue
		}
		_, results, err := authres.Parse(bare)
		return results, ok && err == nil
	}
	return nil, false
}

// passes tells whether the results prove the domain of the From address: DMARC
// passed, or SPF or DKIM did for the same domain. A failed DMARC outweighs both.
func passes(results []authres.Result, from string) bool {
	passed := false
	for _, result := range results {
		switch r := result.(type) {
		case *authres.DMARCResult:
			if r.Value == authres.ResultFail || r.Value == authres.ResultPass && r.From != "" && !aligned(r.From, from) {
				return false
			}
			passed = passed || r.Value == authres.ResultPass
		case *authres.SPFResult:
			passed = passed || r.Value == authres.ResultPass && aligned(domainOf(r.From), from)
		case *authres.DKIMResult:
			signer := r.Domain
			if signer == "" {
				signer = domainOf(r.Identifier)
			}
			passed = passed || r.Value == authres.ResultPass && aligned(signer, from)
		}
	}
	return passed
}

// aligned tells whether two domains are the same, or one is below the other and
// the upper one is nobody's public suffix.
func aligned(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	if suffix, _ := publicsuffix.PublicSuffix(a); a == "" || suffix == a {
		return false
	}
	return a == b || strings.HasSuffix(b, "."+a)
}

// domainOf returns what follows the last "@", or all of an address without one.
func domainOf(addr string) string { return addr[strings.LastIndexByte(addr, '@')+1:] }

// bareResults takes comments and quoting out of an Authentication-Results value,
// which authres does not do: senders choose what stands there, and a semicolon
// in a comment would begin a new result. It is false for what does not close.
func bareResults(value string) (string, bool) {
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\' && (quoted || depth > 0):
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
		case quoted:
			b.WriteByte(quotedByte(c))
		case c == '(':
			depth++
		case c == ')':
			depth--
			b.WriteByte(' ')
		case depth == 0:
			b.WriteByte(c)
		}
		if depth < 0 {
			return b.String(), false
		}
	}
	return b.String(), depth == 0 && !quoted
}

// quotedByte is c, or "_" where c would end a value once it is not quoted.
func quotedByte(c byte) byte {
	if strings.IndexByte("; \t\r\n=()\"", c) >= 0 {
		return '_'
	}
	return c
}
