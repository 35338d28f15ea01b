package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ronde/config"
	"ronde/hosts"
)

type hostCommand struct {
	Trust trustCommand `cmd:"" help:"Look at the key of a server that is reached over SSH, and pin it."`
}

type trustCommand struct {
	configFlag
	Name    string   `arg:"" help:"The host, as it is called in the configuration."`
	Yes     []string `help:"Pin the key with this fingerprint without asking, and no other." placeholder:"SHA256:…"`
	Replace bool     `help:"Pin the key in the place of another one that is pinned."`
}

func (t trustCommand) Run(ctx context.Context, s *streams) error {
	c, err := config.LoadOffline(t.Config)
	if err != nil {
		return err
	}
	set, err := hosts.NewSet(c.Hosts)
	if err != nil {
		return err
	}
	defer set.Close()
	h, err := set.Find(t.Name)
	if err != nil {
		return err
	}
	answers := bufio.NewReader(s.in)
	return h.Trust(ctx, func(k hosts.ShownKey) error { return t.decide(ctx, s, answers, k) })
}

// decide pins a key that is known to be right.
func (t trustCommand) decide(ctx context.Context, s *streams, answers *bufio.Reader, k hosts.ShownKey) error {
	if k.Known() {
		fmt.Fprintf(s.out, "%s shows the key that is pinned: %s\n", k.Server, k.Fingerprint)
		return nil
	}
	if len(k.Pinned) > 0 && !t.Replace {
		return changed(k)
	}
	if err := t.agree(ctx, s, answers, k); err != nil {
		return err
	}
	if err := k.Unpin(); err != nil {
		return err
	}
	if err := k.Pin(); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s is trusted with this key.\n", k.Server)
	return nil
}

// changed is the error of a key in the place of another one.
func changed(k hosts.ShownKey) error {
	var lines []string
	for _, p := range k.Pinned {
		lines = append(lines, fmt.Sprintf("line %d of %s, %s", p.Line, p.File, p.Fingerprint))
	}
	return fmt.Errorf("THE HOST KEY OF %s HAS CHANGED: it shows %s (%s), pinned is %s.\n"+
		"Either the server was installed anew, or somebody is in between. Look at its console; if the new key is right, add --replace, or delete that line",
		k.Server, k.Fingerprint, k.Type, strings.Join(lines, " and "))
}

// Errors of a key that is not trusted.
var (
	errNotTrusted   = errors.New("it is not trusted, and nothing was changed")
	errOtherKeyThan = errors.New("the server shows none of the keys given with --yes, and nothing was changed")
)

// agree returns nil when a person or --yes says that the key is right.
func (t trustCommand) agree(ctx context.Context, s *streams, answers *bufio.Reader, k hosts.ShownKey) error {
	fmt.Fprintf(s.out, "%s shows this key:\n\n    %s %s\n\n", k.Server, k.Type, k.Fingerprint)
	if len(t.Yes) > 0 {
		if slices.Contains(t.Yes, k.Fingerprint) {
			return nil
		}
		return errOtherKeyThan
	}
	fmt.Fprintf(s.out, "On its own console, this prints the same when it is right:\n\n    ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub\n\nTrust it? [y/N] ", kindOf(k.Type))
	word, err := line(ctx, answers)
	fmt.Fprintln(s.out)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !slices.Contains([]string{"y", "yes", "o", "oui"}, strings.ToLower(strings.TrimSpace(word))) {
		return errNotTrusted
	}
	return nil
}

// kindOf is the word for a type of key in the name of its file.
func kindOf(keyType string) string {
	switch {
	case strings.HasPrefix(keyType, "ecdsa-"):
		return "ecdsa"
	case keyType == "ssh-rsa":
		return "rsa"
	}
	return "ed25519"
}

// line reads what somebody types, until ctx ends.
func line(ctx context.Context, from *bufio.Reader) (string, error) {
	type typed struct {
		word string
		err  error
	}
	answer := make(chan typed, 1)
	go func() {
		word, err := from.ReadString('\n')
		answer <- typed{word, err}
	}()
	select {
	case a := <-answer:
		return a.word, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
