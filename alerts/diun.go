package alerts

import (
	"regexp"
	"strings"
)

var (
	// diunTitle is the default title; 4.20 wrote the image twice.
	diunTitle = regexp.MustCompile(`^(\S+)(?: \S+)? (is available|has been updated)$`)
	// diunBody is the default body, for those who changed the title.
	diunBody = regexp.MustCompile(`Docker tag \*(\S+)\*.{0,200}? (is available|has been updated) on `)
	// diunHost and diunDigest are in the default body, and the digest in the text of
	// a webhook, too.
	diunHost   = regexp.MustCompile(`\(triggered by (\S{1,200}) host\)`)
	diunDigest = regexp.MustCompile(`\bsha256:([0-9a-f]{12})`)
	// imageName has a registry or a repository in it, so that "Supper is
	// available" is not an image.
	imageName = regexp.MustCompile(`^[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$`)
)

// diun reads the mails of Diun 4: one for each image tag whose digest is new in
// the registry, which says nothing of what runs here.
var diun = Format{Kind: Diun, read: func(m mail) (said, bool) {
	f := diunTitle.FindStringSubmatch(m.subject)
	if f == nil {
		f = diunBody.FindStringSubmatch(strings.Join(strings.Fields(cutBytes(m.text, 4<<10)), " "))
	}
	if f == nil || !imageName.MatchString(f[1]) {
		return said{}, false
	}
	what := "new"
	if f[2] == "has been updated" {
		what = "update"
	}
	return said{state: Note, thing: f[1], fault: what}, true
}}

// diunVersion tells of which version of an image and for which host a note of Diun is, as
// far as its text says so; the version by the digits of its digest that Docker shows.
func diunVersion(r Reading) (digest, host string) {
	words := strings.Join(strings.Fields(cutBytes(r.Text, 4<<10)), " ")
	if d := diunDigest.FindStringSubmatch(words); d != nil {
		digest = d[1]
	}
	if h := diunHost.FindStringSubmatch(words); h != nil {
		return digest, h[1]
	}
	return digest, r.Host
}
