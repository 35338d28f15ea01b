package pulse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// attemptTime bounds one ping, pingTime when the last try of it may begin: together
	// with a look they fit between two looks.
	attemptTime = 10 * time.Second
	pingTime    = 25 * time.Second
)

// refusedError is an answer that asking again does not change.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return e.why }

// newClient makes a client that follows no redirect: one would take the address, which
// is a secret, elsewhere, and make a bare GET out of what was to say "fail".
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxResponseHeaderBytes = 64 << 10
		transport = own
	}
	return &http.Client{
		Transport: transport, Timeout: attemptTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ping says something and tries again for a while.
func (b *beat) ping(ctx context.Context, signal, said string) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = time.Second, 8*time.Second
	try := func() (struct{}, error) {
		err := b.once(ctx, signal, said)
		if _, refused := errors.AsType[*refusedError](err); refused {
			return struct{}{}, backoff.Permanent(err)
		}
		return struct{}{}, err
	}
	_, err := backoff.Retry(ctx, try, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(pingTime))
	return err
}

// once makes one request. It is a POST: a check can be set to count no others, so that
// nobody's link preview can say that the bot lives. Errors never name the address.
func (b *beat) once(ctx context.Context, signal, said string) error {
	address, err := b.address(signal)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(said))
	if err != nil {
		return &refusedError{"its address is none"}
	}
	req.Header.Set("User-Agent", b.agent)
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := b.client.Do(req)
	if err != nil {
		return inOurWords(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err != nil {
		return errors.New("its answer broke off")
	}
	return judgeAnswer(resp.StatusCode, string(answer))
}

// address adds a signal and the round to the heartbeat's address.
func (b *beat) address(signal string) (string, error) {
	u, err := url.Parse(b.URL)
	if err != nil {
		return "", &refusedError{"its address is none"}
	}
	if signal != success {
		u = u.JoinPath(signal)
	}
	if b.run != "" && signal != note {
		query := u.Query()
		query.Set("rid", b.run)
		u.RawQuery = query.Encode()
	}
	return u.String(), nil
}

// judgeAnswer reads what Healthchecks says. For checks named by their UUID the hosted
// one answers 200 whatever happens, and says in the body when it did not count.
func judgeAnswer(status int, answer string) error {
	switch {
	case status == http.StatusTooManyRequests || status >= 500 || strings.Contains(answer, "(rate limited)"):
		return fmt.Errorf("it answered with HTTP status %d and did not count it", status)
	case status < 200 || status > 299:
		return &refusedError{fmt.Sprintf("it answered with HTTP status %d", status)}
	case strings.Contains(answer, "(not found)"):
		return &refusedError{"it knows no such check"}
	}
	return nil
}

// inOurWords says why a request failed, without its address.
func inOurWords(err error) error {
	var network *net.OpError
	var name *net.DNSError
	var number syscall.Errno
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case isTimeout(err):
		return errors.New("no answer in time")
	case errors.As(err, &name):
		return errors.New("the name of its server is not known")
	case errors.As(err, &network) && errors.As(err, &number):
		return fmt.Errorf("%s: %w", network.Op, number)
	}
	return errors.New("the connection failed")
}

func isTimeout(err error) bool {
	var late interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &late) && late.Timeout()
}
