package bot

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"maunium.net/go/mautrix"

	"ronde/cards"
)

// ErrNoAccount says that nobody has logged the bot in yet.
var ErrNoAccount = errors.New("no Matrix account is kept: run `ronde login` first")

// LoggedOutError says that the homeserver no longer takes the access token, so
// that trying again is of no use.
type LoggedOutError struct {
	User string
	Err  error // as the homeserver said it
}

func (e *LoggedOutError) Error() string {
	return fmt.Sprintf("the homeserver has logged %s out (%v): run `ronde login` again", e.User, e.Err)
}

func (e *LoggedOutError) Unwrap() error { return e.Err }

func tokenDead(err error) bool {
	return errors.Is(err, mautrix.MUnknownToken) || errors.Is(err, mautrix.MMissingToken)
}

// answered returns the HTTP status and the Matrix error code of an error; the
// status is 0 when there was no whole answer, the code "" when it was not the
// homeserver that spoke, such as a proxy in front of it.
func answered(err error) (status int, code string) {
	var failure mautrix.HTTPError
	if !errors.As(err, &failure) || failure.Response == nil {
		return 0, ""
	}
	if failure.RespError != nil {
		code = failure.RespError.ErrCode
	}
	return failure.Response.StatusCode, code
}

// defaultPause is how long to leave a homeserver alone that asks for a pause
// without saying how long.
const defaultPause = 5 * time.Second

// pauseAsked returns how long a 429 asks to wait; false for any other error.
func pauseAsked(err error) (time.Duration, bool) {
	var failure mautrix.HTTPError
	if !errors.As(err, &failure) || !failure.IsStatus(http.StatusTooManyRequests) {
		return 0, false
	}
	if failure.RespError != nil {
		if ms, ok := failure.RespError.ExtraData["retry_after_ms"].(float64); ok && ms >= 0 && ms < 1e12 {
			return time.Duration(ms) * time.Millisecond, true
		}
	}
	if s, err := strconv.Atoi(failure.Response.Header.Get("Retry-After")); err == nil && s >= 0 && s < 1e6 {
		return time.Duration(s) * time.Second, true
	}
	return defaultPause, true
}

// neverLeft reports whether an error proves that the request did not reach the
// homeserver: no connection was made. A connection that broke later proves
// nothing.
func neverLeft(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// sendError turns the failure of a request that sends an event into one of the
// three errors that a [cards.Sender] may return.
func sendError(err error) error {
	if after, ok := pauseAsked(err); ok {
		return &cards.RateLimitError{After: after}
	}
	status, code := answered(err)
	switch {
	case refuses(status, code):
		return &cards.RefusedError{Code: code, Err: err}
	case status == http.StatusRequestEntityTooLarge:
		// A proxy with a smaller limit says so without a Matrix code.
		return &cards.RefusedError{Code: "HTTP " + strconv.Itoa(status), Err: err}
	case neverLeft(err):
		return fmt.Errorf("%w: %w", cards.ErrNotSent, err)
	default:
		return err
	}
}

// refuses reports whether the homeserver itself said no for good. M_UNRECOGNIZED
// is what a wrongly routed worker says of a request that is fine.
func refuses(status int, code string) bool {
	if code == "" || code == mautrix.MUnrecognized.ErrCode {
		return false
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
		http.StatusNotFound, http.StatusRequestEntityTooLarge:
		return true
	}
	return false
}

// unreadable returns the body of an answer that came whole but does not fit the
// types that mautrix gives it.
func unreadable(err error) ([]byte, bool) {
	var failure mautrix.HTTPError
	if !errors.As(err, &failure) || !failure.IsStatus(http.StatusOK) || failure.ResponseBody == "" {
		return nil, false
	}
	body := []byte(failure.ResponseBody)
	return body, json.Valid(body)
}
