package alerts

import (
	"context"
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"
)

// loginRefused is a login that the server understood and turned down.
type loginRefused struct{ err error }

func (e *loginRefused) Error() string { return e.err.Error() }
func (e *loginRefused) Unwrap() error { return e.err }

// asRefused marks an error of the login that will not go away by itself.
func asRefused(err error) error {
	var answer *imap.Error
	if errors.As(err, &answer) && answer.Code != imap.ResponseCodeUnavailable {
		return &loginRefused{err}
	}
	return err
}

// refusal is the last login that was refused, and until when no other is tried.
type refusal struct {
	err   *loginRefused
	until time.Time
}

// authenticate logs in. The connections of one mailbox do so one after the other, and after a refusal none does for
// as long as one of them alone would wait: to a guard such as fail2ban they all come from one address.
func (s *session) authenticate(ctx context.Context) error {
	var last refusal
	select {
	case last = <-s.f.door:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.f.door <- last }()
	if time.Now().Before(last.until) {
		return last.err
	}
	err := s.within(ctx, commandTimeout, "log in as "+s.conf.User, func() error {
		return s.client.Login(s.conf.User, s.conf.Password).Wait()
	})
	if err != nil {
		err = asRefused(err)
	}
	if refused, ok := errors.AsType[*loginRefused](err); ok {
		last = refusal{refused, time.Now().Add(backoffMost)}
	}
	return err
}
