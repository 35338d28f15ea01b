package homeserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// URL is the homeserver's address for a client that uses [Server.Client].
const URL = "http://homeserver.invalid"

// Client returns an HTTP client that reaches the server whatever the address,
// without sockets. Its faults look like those of a network: a refused connection
// is ECONNREFUSED, a cut one ECONNRESET, half an answer io.ErrUnexpectedEOF.
func (s *Server) Client() *http.Client { return &http.Client{Transport: transport{s}} }

type transport struct{ server *Server }

// RoundTrip has the server work in a goroutine, as a real one does: when the
// client gives up, what it asked for may still be done.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	in, err := take(r)
	if err != nil {
		return nil, err
	}
	answers := make(chan answer, 1)
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		defer cancel()
		answers <- t.server.handle(ctx, in)
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case a := <-answers:
		return a.response(r)
	}
}

// take empties an http.Request, so that nothing of it is needed later.
func take(r *http.Request) (incoming, error) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	in := incoming{method: r.Method, path: r.URL.EscapedPath(), query: r.URL.Query(), token: token}
	if r.Body == nil {
		return in, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return in, fmt.Errorf("read the request: %w", err)
	}
	in.body = body
	return in, nil
}

func (a answer) response(r *http.Request) (*http.Response, error) {
	body := io.Reader(bytes.NewReader(a.body))
	switch a.drop {
	case DropConnection:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case DropRequest, DropAnswer:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case DropHalf:
		body = io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), cut{})
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(a.body)), Body: io.NopCloser(body), Request: r,
	}, nil
}

// cut is where an answer ends too early.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// ServeHTTP answers one request over a real connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in, err := take(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away in the middle of its request
	}
	a := s.handle(r.Context(), in)
	switch a.drop {
	case DropConnection:
		reset(w)
	case DropRequest, DropAnswer:
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	w.WriteHeader(a.status)
	if a.drop == DropHalf {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body) // a client that is gone has lost its answer, as it should
}

// reset ends the connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// tcp is the server's listener, if it has one.
type tcp struct {
	address string // "" before Listen
	serving *http.Server
}

// Listen serves over TCP, on "127.0.0.1:0" for example, until [Server.Close],
// and returns the server's URL.
func (s *Server) Listen(address string) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", address, err)
	}
	serving := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.tcp = tcp{address: listener.Addr().String(), serving: serving}
	s.mu.Unlock()
	go serving.Serve(listener) //nolint:errcheck // it ends when Close or GoAway closes it
	return "http://" + listener.Addr().String(), nil
}

// Close stops serving over TCP and cuts the connections.
func (s *Server) Close() error {
	s.mu.Lock()
	serving := s.tcp.serving
	s.tcp.serving = nil
	s.mu.Unlock()
	if serving == nil {
		return nil
	}
	return serving.Close()
}

// GoAway refuses all connections from now on and cuts the long polls that wait.
// Over TCP the listener closes.
func (s *Server) GoAway() {
	s.mu.Lock()
	s.away = true
	ring(&s.news)
	ring(&s.watch)
	s.mu.Unlock()
	_ = s.Close()
}

// ComeBack ends [Server.GoAway], over TCP on the same address. In process it
// cannot fail.
func (s *Server) ComeBack() error {
	s.mu.Lock()
	s.away = false
	address := s.tcp.address
	s.mu.Unlock()
	if address == "" {
		return nil
	}
	_, err := s.Listen(address)
	return err
}
