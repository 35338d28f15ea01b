package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// matrixTap is an HTTP proxy in front of a homeserver that notes what was asked
// and when the homeserver had answered.
type matrixTap struct {
	url    string // where clients connect
	server *http.Server

	mu    sync.Mutex
	hopes []hope
	calls []call
}

// call is a request and its answer.
type call struct {
	method, path, body string
	asked, answered    time.Time // as the proxy saw it
	status             int
}

// hope is somebody who waits for a certain call.
type hope struct {
	match func(call) bool
	came  chan<- call
}

func openMatrixTap(homeserver string) (*matrixTap, error) {
	target, err := url.Parse(homeserver)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &matrixTap{url: "http://" + listener.Addr().String()}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      &http.Transport{MaxIdleConnsPerHost: 16},
		ModifyResponse: p.answered,
		// Clients that end in the middle of a request are no news.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	p.server = &http.Server{Handler: p.noting(proxy), ErrorLog: proxy.ErrorLog}
	go func() { _ = p.server.Serve(listener) }() // ends with close
	return p, nil
}

type callKey struct{}

// noting remembers a request until its answer comes.
func (p *matrixTap) noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{method: r.Method, path: r.URL.Path, asked: time.Now()}
		if r.Body != nil && r.ContentLength > 0 {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client is gone
			}
			c.body = string(body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
	})
}

// answered takes the time before the client gets the answer.
func (p *matrixTap) answered(r *http.Response) error {
	now := time.Now()
	noted, ok := r.Request.Context().Value(callKey{}).(*call)
	if !ok {
		return errors.New("an answer to no request")
	}
	c := *noted
	c.answered, c.status = now, r.StatusCode
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
	p.hopes = slices.DeleteFunc(p.hopes, func(h hope) bool {
		if !h.match(c) {
			return false
		}
		h.came <- c
		return true
	})
	return nil
}

// expect returns a channel that gets the next call which matches.
func (p *matrixTap) expect(match func(call) bool) <-chan call {
	came := make(chan call, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hopes = append(p.hopes, hope{match, came})
	return came
}

// message matches a message in clear that was accepted in a room and says so.
func message(room, says string) func(call) bool {
	return func(c call) bool {
		path, isSend := strings.CutPrefix(c.path, "/_matrix/client/v3/rooms/"+room+"/send/m.room.message/")
		return isSend && path != "" && c.status == http.StatusOK && strings.Contains(c.body, says)
	}
}

// firstSync matches an answered /sync.
func firstSync(c call) bool {
	return strings.HasSuffix(c.path, "/sync") && c.status == http.StatusOK
}

// await waits for a call that was expected.
func await(ctx context.Context, what string, came <-chan call) (call, error) {
	select {
	case c := <-came:
		return c, nil
	case <-ctx.Done():
		return call{}, fmt.Errorf("waiting for %s: %w", what, ctx.Err())
	}
}

// since returns the calls that were asked after a moment, in the order of the answers.
func (p *matrixTap) since(moment time.Time) []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.calls), func(c call) bool { return c.asked.Before(moment) })
}

func (p *matrixTap) close() error { return p.server.Close() }
