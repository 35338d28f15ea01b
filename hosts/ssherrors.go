package hosts

import "fmt"

// RefusedError says that a server does not let the bot in, or not through to the next one:
// its key is not among those that the account there accepts.
type RefusedError struct {
	Host   string // that was to be reached
	Server string // that refuses: "antigone.example.org:22"
	Err    error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("reach %s: %s refuses the bot's key: %v", e.Host, e.Server, e.Err)
}

func (e *RefusedError) Unwrap() error { return e.Err }

// UnknownKeyError says that nobody has yet looked at the key of a server. Nothing was sent
// to it.
type UnknownKeyError struct {
	Host   string // that was to be reached
	Server string
	Trust  string // the host to name in `ronde host trust`
}

func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("reach %s: the host key of %s is not pinned: ronde host trust %s", e.Host, e.Server, e.Trust)
}

// ChangedKeyError says that a server shows another key than the one that is pinned: it was
// installed anew, or somebody else answers in its place. Nothing but greetings was sent.
type ChangedKeyError struct {
	Host   string // that was to be reached
	Server string
	Shown  string // the fingerprint of what it shows; "" when it shows no key of the pinned kind
	File   string // where the other one is pinned
	Line   int
	Trust  string // the host to name in `ronde host trust`
}

func (e *ChangedKeyError) Error() string {
	shown := "no key of that kind"
	if e.Shown != "" {
		shown = e.Shown
	}
	return fmt.Sprintf("reach %s: THE HOST KEY OF %s HAS CHANGED: it shows %s, and not what is pinned in line %d of %s; either it was installed anew, or somebody is in between",
		e.Host, e.Server, shown, e.Line, e.File)
}

// KeyFileError says that a file holds no private key that the bot can use. It shows nothing
// of the file.
type KeyFileError struct {
	File   string
	Reason string // continues a sentence about the file
}

func (e *KeyFileError) Error() string { return fmt.Sprintf("the key file %s %s", e.File, e.Reason) }

// ExitError says that what runs on a server failed instead of answering.
type ExitError struct {
	Status int
	Said   string // the end of what it wrote to its standard error, in quotes
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("it exited with status %d: %s", e.Status, e.Said)
}
