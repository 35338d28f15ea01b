package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"ronde/checks"
	"ronde/text"
)

// checkPatience is how long people wait for checks.
const checkPatience = 30 * time.Second

// Check makes a check now: "!check disk antigone".
var Check = Command{Name: "check", French: "vérifie", Aliases: []string{"verifier"}, Args: true, Ask: func(ctx context.Context, c *Call) error {
	if c.Desk.Watch == nil {
		return c.Mistake("check", c.Say("watch.none"))
	}
	ref, mistake := c.checkRef()
	if mistake != "" {
		return c.Mistake("check", mistake)
	}
	c.subject = ref
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	outcome := c.Desk.Watch.Look(ctx, []string{ref})[0]
	checks.WriteEvidence(&c.Reply, c.Desk.Language, outcome, func(string) bool { return false }, time.Now().In(c.Desk.Location))
	return nil
}}

// checkRef reads which check is meant; mistake says why none is.
func (c *Call) checkRef() (ref, mistake string) {
	switch len(c.Args) {
	case 0:
		return "", c.Say("watch.which", "Known", strings.Join(kindNames(), ", "))
	case 1:
		return c.checkCalled(c.Args[0])
	}
	kind, name := text.Fold(c.Args[0]), c.Args[1]
	if !slices.Contains(kindNames(), kind) && slices.Contains(kindNames(), text.Fold(name)) {
		kind, name = text.Fold(name), c.Args[0]
	}
	found, err := checks.Find(kind)
	if err != nil {
		return "", c.orNear(c.Say("watch.no-kind", "Name", text.OneLine(c.Args[0], 40)), kind, kindNames())
	}
	names := c.Desk.Watch.Names(found)
	if n := slices.IndexFunc(names, func(known string) bool { return text.Fold(known) == text.Fold(name) }); n >= 0 {
		return kind + " " + names[n], ""
	}
	return "", c.orNear(c.Say("watch.no-name", "Kind", kind, "Name", text.OneLine(name, 40)), name, names)
}

// checkCalled reads which check is meant by a name alone: the only one of that name.
func (c *Call) checkCalled(name string) (ref, mistake string) {
	called := c.Desk.Watch.Called(name)
	if kind, err := checks.Find(text.Fold(name)); err == nil {
		return "", c.Say("watch.which-of", "Kind", kind.Name, "Known", strings.Join(c.Desk.Watch.Names(kind), ", "))
	}
	var refs []string
	for _, one := range called {
		refs = append(refs, one.Ref())
	}
	switch len(refs) {
	case 0:
		return "", c.orNear(c.Say("watch.no-kind", "Name", text.OneLine(name, 40)), name, kindNames())
	case 1:
		return refs[0], ""
	}
	return "", c.Say("watch.which", "Known", strings.Join(refs, ", "))
}

// orNear adds what was probably meant, or else all that there is.
func (c *Call) orNear(mistake, word string, known []string) string {
	if near := text.Nearest(word, known); near != "" {
		return mistake + " " + c.Say("watch.near", "Near", near)
	}
	if len(known) == 0 {
		return mistake
	}
	return mistake + " " + c.Say("watch.there", "Known", strings.Join(known, ", "))
}

func kindNames() (names []string) {
	for _, k := range checks.Kinds() {
		names = append(names, k.Name)
	}
	return names
}
