// Package postbox is an ntfy server and a mail server inside a test, which keep what they
// are given and fail as they are told. They need no network, so that they also work where
// time is faked.
package postbox

import (
	"errors"
	"net"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"
)

// What they ask for.
const (
	Token    = "tk_of_the_postbox"
	User     = "ronde@example.net"
	Password = "hunter2 of the postbox"
)

// The roads.
const (
	Ntfy  = "ntfy"
	Email = "email"
)

// Mood is how a road treats what comes.
type Mood int

// The moods of a road.
const (
	Works Mood = iota
	Gone       // refuses connections
	Full       // refuses what it is given
	Deaf       // takes what it is given, and its answer is lost
	Rude       // takes what it is given, says so, and hangs up
)

// Post is what somebody was sent.
type Post struct {
	Road  string
	To    string // the topic or the address
	ID    string // the Message-ID of a mail
	Title string
	Body  string
	Rings bool // it is urgent
}

// Box is both servers. Its methods may be called from several goroutines.
type Box struct {
	mu    sync.Mutex
	posts []Post
	wrong []string
	moods map[string]Mood
	calls map[string]int

	mails   *smtp.Server
	arrives chan net.Conn
	closed  chan struct{}
}

// New starts the servers. Close ends them.
func New() *Box {
	b := &Box{moods: map[string]Mood{}, calls: map[string]int{}, arrives: make(chan net.Conn), closed: make(chan struct{})}
	b.serveMail()
	return b
}

// Close ends the servers.
func (b *Box) Close() error {
	close(b.closed)
	return b.mails.Close()
}

// Set says how a road treats what comes from now on.
func (b *Box) Set(road string, m Mood) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moods[road] = m
}

// Posts returns what came, oldest first.
func (b *Box) Posts() []Post {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Post(nil), b.posts...)
}

// Calls returns how often a road was asked to take something, whatever came of it.
func (b *Box) Calls(road string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[road]
}

// Err says what came that was not as the protocols have it; nil for nothing.
func (b *Box) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.wrong) == 0 {
		return nil
	}
	return errors.New(strings.Join(b.wrong, "\n"))
}

// call counts a call and returns how to treat it.
func (b *Box) call(road string) Mood {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[road]++
	return b.moods[road]
}

func (b *Box) take(p Post) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.posts = append(b.posts, p)
}

func (b *Box) complain(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, what)
}
