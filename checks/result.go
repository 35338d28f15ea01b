// Package checks measures how things are. A check only reads, and says what it
// found with a status and findings; what a person should read of it, in a room or
// on a terminal, is written here too.
//
// To add a check: one file with its Kind, one test, and its line in [Kinds].
package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ronde/hosts"
	"ronde/probe"
)

// Status is a verdict, in the words of the monitoring plugins. The zero Status is
// Unknown: what was not measured is never well.
type Status int

// Statuses, from "nobody could tell" to the worst.
const (
	Unknown Status = iota
	OK
	Warning
	Critical
)

var statusWords = [...]string{Unknown: "unknown", OK: "ok", Warning: "warning", Critical: "critical"}

func (s Status) String() string {
	if s < 0 || int(s) >= len(statusWords) {
		return fmt.Sprintf("Status(%d)", int(s))
	}
	return statusWords[s]
}

// MarshalText writes "ok", "warning", "critical" or "unknown".
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Status) UnmarshalText(word []byte) error {
	i := slices.Index(statusWords[:], string(word))
	if i < 0 {
		return fmt.Errorf("no status %q: there are ok, warning, critical and unknown", word)
	}
	*s = Status(i)
	return nil
}

// ExitCode is what a monitoring plugin exits with: 0 for OK, 1, 2, and 3 for Unknown.
func (s Status) ExitCode() int {
	switch s {
	case OK:
		return 0
	case Warning:
		return 1
	case Critical:
		return 2
	}
	return 3
}

// severity orders statuses for a verdict over several things: one that is
// unknown may hide anything, but does not outshout one that is known to be bad.
func (s Status) severity() int {
	return slices.Index([]Status{OK, Unknown, Warning, Critical}, s)
}

// Finding is one thing in a result that a person should look at.
type Finding struct {
	Status Status `json:"status"`
	Thing  string `json:"thing"` // what it is about: a container's name
	Fault  Fault  `json:"fault"`
	// Value and Limit are the measure that is too high or too low and what it may be, in
	// Unit; both 0 for a fault without a measure.
	Value float64 `json:"value,omitempty"`
	Limit float64 `json:"limit,omitempty"`
	Unit  Unit    `json:"unit,omitempty"`
	// Note is what somebody else says of it, in their words: one line, masked. "" for
	// nothing.
	Note string `json:"note,omitempty"`
	// Usual is between what Value usually lies at such a time; nil when that is not known.
	Usual *Usual `json:"usual,omitempty"`
}

// Fault says what is wrong, as a word that never changes with the language.
type Fault string

// Faults of a check that measured nothing: its one finding then, about its host
// and Unknown.
const (
	FaultAway       Fault = "unreachable"
	FaultKeyRefused Fault = "key-refused" // over SSH: our key is not accepted
	FaultKeyFile    Fault = "key-file"    // over SSH: our own key cannot be read or used; the log says why
	FaultUnknownKey Fault = "unknown-key" // over SSH: nobody has looked at its key; the note is the host to trust
	FaultChangedKey Fault = "changed-key" // over SSH: it shows another key than the one that is pinned
	FaultNoEngine   Fault = "no-engine"   // none is configured
	FaultNotLocal   Fault = "not-local"   // only this machine can be asked
	FaultOldProbe   Fault = "old-probe"   // the program on the host is of another time
	FaultNotOffered Fault = "not-offered" // the host's own configuration does not let it be asked
	FaultStrange    Fault = "no-such"     // the kind, or what it is made of, is not configured
	FaultDenied     Fault = "denied"      // the key that it was asked with is refused
	FaultLate       Fault = "late"        // no result in time
	FaultFailed     Fault = "unmeasured"  // anything else; the log says what
)

// Result is what a check returns: its verdict and the reasons for it.
type Result struct {
	Check  string    `json:"check"` // the name of its Kind
	Host   string    `json:"host"`  // what it was made of: a host, or a [[check]] by its name
	Status Status    `json:"status"`
	At     time.Time `json:"at"` // when it was measured; of several readings, the oldest
	// Findings has the worst first, never nil.
	Findings []Finding `json:"findings"`
	// Metrics are the figures that are worth keeping.
	Metrics []Metric `json:"metrics,omitempty"`
	// Learning says that what is usual is not known yet; nil for a check that does not
	// judge by that, or knows.
	Learning *Learning `json:"learning,omitempty"`
	// Error is why nothing could be measured, for the log and the terminal: it may
	// name addresses, so it is not for a room. "" otherwise.
	Error string `json:"error,omitempty"`
}

// Verdict returns r itself; every kind's own result embeds a Result.
func (r Result) Verdict() Result { return r }

// Age is how old the result is, never negative.
func (r Result) Age(now time.Time) time.Duration { return max(0, now.Sub(r.At)) }

// failed is the result of a check that could not measure: unknown, never ok.
func failed(check, host string, at time.Time, err error) Result {
	return Result{
		Check: check, Host: host, Status: Unknown, At: at, Error: err.Error(),
		Findings: []Finding{{Status: Unknown, Thing: host, Fault: faultOf(err), Note: toTrust(err)}},
	}
}

// toTrust is the host whose key nobody has looked at, where that is the trouble.
func toTrust(err error) string {
	if unknown, ok := errors.AsType[*hosts.UnknownKeyError](err); ok {
		return unknown.Trust
	}
	return ""
}

// faultOf says in one word why nothing could be measured.
func faultOf(err error) Fault {
	var away *hosts.UnreachableError
	var refused *hosts.RefusedError
	var keyFile *hosts.KeyFileError
	var unknownKey *hosts.UnknownKeyError
	var changedKey *hosts.ChangedKeyError
	var unknown *hosts.UnknownHostError
	var old *probe.VersionError
	var told *probe.Error
	switch {
	case errors.As(err, &unknown), errors.Is(err, errNoSuch):
		return FaultStrange
	case errors.As(err, &away), errors.Is(err, errAway):
		return FaultAway
	case errors.As(err, &refused):
		return FaultKeyRefused
	case errors.As(err, &keyFile):
		return FaultKeyFile
	case errors.As(err, &unknownKey):
		return FaultUnknownKey
	case errors.As(err, &changedKey):
		return FaultChangedKey
	case errors.As(err, &old):
		return FaultOldProbe
	case errors.As(err, &told) && told.Code == probe.NoSuch:
		return FaultNotOffered
	case errors.Is(err, hosts.ErrNoEngine):
		return FaultNoEngine
	case errors.Is(err, hosts.ErrNotLocal):
		return FaultNotLocal
	case errors.Is(err, errDenied):
		return FaultDenied
	case errors.Is(err, context.DeadlineExceeded):
		return FaultLate
	}
	return FaultFailed
}

var (
	// errNoSuch is for what is not configured.
	errNoSuch = errors.New("is not configured")
	// errAway is for a server that cannot be reached and is none of the hosts.
	errAway = errors.New("cannot be reached")
)

// newResult is the result with these findings, the worst first.
func newResult(check, name string, at time.Time, findings []Finding) Result {
	sorted := append([]Finding{}, findings...)
	slices.SortStableFunc(sorted, func(a, b Finding) int { return b.Status.severity() - a.Status.severity() })
	return Result{Check: check, Host: name, At: at, Findings: sorted, Status: worst(sorted)}
}

// worst is the status of a check with these findings.
func worst(findings []Finding) Status {
	status := OK
	for _, f := range findings {
		if f.Status.severity() > status.severity() {
			status = f.Status
		}
	}
	return status
}
