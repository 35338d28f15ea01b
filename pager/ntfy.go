package pager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// Ntfy is a topic of an ntfy server.
type Ntfy struct {
	Server   string // its address, without a / at the end
	Topic    string
	Token    string `json:"-"` // a secret; "" where anybody may publish
	Priority int    // of what broke, from 1 to 5, the most urgent
}

// calmPriority is that of what is over: it is shown, and wakes nobody.
const calmPriority = 3

// mostBytes is how long a text may be that ntfy shows as one, and not as a file.
const mostBytes = 4000

// publication is a message as ntfy takes it in JSON, which unlike its headers may hold any
// letters; see "Publish as JSON" in https://docs.ntfy.sh/publish.
type publication struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags,omitempty"`
}

// sender returns what publishes in the topic. A nil transport stands for the network.
func (n Ntfy) sender(transport http.RoundTripper, agent string) func(context.Context, message) error {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxResponseHeaderBytes = 64 << 10
		transport = own
	}
	// A redirect would take the token elsewhere, and make a bare GET out of the page.
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(ctx context.Context, m message) error { return n.publish(ctx, client, agent, m) }
}

func (n Ntfy) publish(ctx context.Context, client *http.Client, agent string, m message) error {
	p := publication{Topic: n.Topic, Title: m.Title, Message: cutBytes(m.Body, mostBytes), Priority: n.Priority}
	if m.Calm {
		p.Priority = min(n.Priority, calmPriority)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write a page for ntfy: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.Server, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address of the ntfy server is none")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", agent)
	if n.Token != "" {
		req.Header.Set("Authorization", "Bearer "+n.Token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return failure("the ntfy server", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return judge(resp.StatusCode, answer, err)
}

// judge reads the answer of the ntfy server. One that broke off proves nothing, nor does a
// proxy that waited in vain. What else is not the published message, as the page of a
// web site that answers everything, is a refusal.
func judge(status int, answer []byte, broken error) error {
	var published struct {
		ID    string `json:"id"`
		Event string `json:"event"`
	}
	switch {
	case status == http.StatusBadGateway || status == http.StatusGatewayTimeout:
		return fmt.Errorf("a proxy before the ntfy server answers with HTTP status %d: %w", status, errDoubt)
	case status != http.StatusOK:
		return fmt.Errorf("the ntfy server answers with HTTP status %d%s", status, meaning(status))
	case broken != nil:
		return fmt.Errorf("the answer of the ntfy server broke off: %w", errDoubt)
	case json.Unmarshal(answer, &published) != nil || published.ID == "" || published.Event != "message":
		return errors.New("what answers is no ntfy server")
	}
	return nil
}

// meaning says what to look at when ntfy answers so.
func meaning(status int) string {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ": the token may not publish in the topic"
	case status == http.StatusTooManyRequests:
		return ": too many messages"
	case status >= 300 && status <= 399:
		return ": the server is elsewhere"
	}
	return ""
}

// failure says in our words why something was not carried: an error of the network holds
// addresses, and so may one of a proxy. A connection that was never made carried nothing.
func failure(whom string, err error) error {
	var network *net.OpError
	var name *net.DNSError
	var number syscall.Errno
	var late interface{ Timeout() bool }
	why, sure := "the connection failed", errors.As(err, &network) && network.Op == "dial"
	switch {
	case errors.As(err, &name):
		why, sure = "its name is not known", true
	case isUntrusted(err):
		why, sure = "its certificate is not trusted", true
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &late) && late.Timeout():
		why = "no answer in time"
	case errors.As(err, &number):
		why = number.Error()
	}
	if sure {
		return fmt.Errorf("%s: %s", whom, why)
	}
	return fmt.Errorf("%s: %s: %w", whom, why, errDoubt)
}

// cutBytes returns at most so many bytes of s, and no half letter.
func cutBytes(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len("…")], "") + "…"
}
