package postbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"time"
	"unicode/utf8"
)

// topic is what ntfy takes as the name of one (topicRegex in its server/server.go).
var topic = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// RoundTrip is the way to the ntfy server, whatever its name is.
func (b *Box) RoundTrip(r *http.Request) (*http.Response, error) {
	mood := b.call(Ntfy)
	if mood == Gone {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	w := httptest.NewRecorder()
	b.serveNtfy(w, r, mood)
	if mood == Deaf {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	}
	return w.Result(), nil
}

// ServeHTTP is the ntfy server over a real network.
func (b *Box) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.serveNtfy(w, r, b.call(Ntfy)) }

// serveNtfy publishes as https://docs.ntfy.sh/publish (Publish as JSON) describes: a POST to
// the root of the server, at most 4096 bytes of message, priorities from 1 to 5.
func (b *Box) serveNtfy(w http.ResponseWriter, r *http.Request, mood Mood) {
	body, err := io.ReadAll(r.Body)
	var p struct {
		Topic    string `json:"topic"`
		Title    string `json:"title"`
		Message  string `json:"message"`
		Priority int    `json:"priority"`
	}
	known := json.NewDecoder(bytes.NewReader(body))
	known.DisallowUnknownFields()
	switch {
	case err != nil:
		b.complain("ntfy: " + err.Error())
	case r.Method != http.MethodPost || r.URL.Path != "/" && r.URL.Path != "" || r.Header.Get("Content-Type") != "application/json":
		b.complain(fmt.Sprintf("ntfy: %s %s of %s", r.Method, r.URL.Path, r.Header.Get("Content-Type")))
	case known.Decode(&p) != nil:
		b.complain("ntfy: not what it takes: " + string(body))
	case !topic.MatchString(p.Topic) || len(p.Message) > 4096 || !utf8.Valid(body) || p.Priority < 1 || p.Priority > 5:
		b.complain("ntfy: out of bounds: " + string(body))
	case r.Header.Get("Authorization") != "Bearer "+Token:
		answer(w, http.StatusForbidden, `{"code":40301,"http":403,"error":"forbidden"}`)
		return
	case mood == Full:
		answer(w, http.StatusTooManyRequests, `{"code":42908,"http":429,"error":"limit reached: daily message quota reached"}`)
		return
	default:
		b.take(Post{Road: Ntfy, To: p.Topic, Title: p.Title, Body: p.Message, Rings: p.Priority > 3})
		answer(w, http.StatusOK, fmt.Sprintf(`{"id":"hwQ2YpKdmg","time":%d,"event":"message","topic":%q}`, time.Now().Unix(), p.Topic))
		return
	}
	answer(w, http.StatusBadRequest, `{"code":40024,"http":400,"error":"invalid request"}`)
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body+"\n")
}
