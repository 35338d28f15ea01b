package checks

import "time"

// Work is how a check is made by itself, and what becomes of what it finds.
type Work struct {
	Every time.Duration // 0 for only when somebody asks
	For   time.Duration // how long something has to be bad before it is an incident
	Calm  time.Duration // how long it has to be well before that is over
	Opens Status        // from which verdict on: Warning, Critical, or OK for never
}

// Ref is what people call the check: "disk antigone".
func (c Config) Ref() string { return c.Kind + " " + c.Name }

// Bad reports whether a status opens an incident. What cannot be told does, unless
// nothing shall.
func (w Work) Bad(s Status) bool {
	switch w.Opens {
	case Warning, Critical:
		return s == Unknown || s >= w.Opens
	}
	return false
}
