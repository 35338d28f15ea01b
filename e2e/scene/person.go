// Package scene sets up what the end-to-end tests, the demo and the benchmarks
// have in common: a person with a Matrix client of their own, and the bot as the
// program that its users run.
package scene

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3" // for the person's keys
	"github.com/rs/zerolog"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// Message is a message in a room as a client shows it: with its edits and reactions.
type Message struct {
	ID        id.EventID
	Sender    id.UserID
	Body      string // the newest text
	HTML      string
	Original  string // the text that was sent first, which a phone's notification shows
	Edits     int
	ReplyTo   id.EventID // the message that it answers, if any
	Thread    id.EventID // the root of the thread that it is in, if any
	Notice    bool
	Encrypted bool
	Reactions map[id.EventID]Reaction
	At        time.Time
	Picture   *event.MessageEventContent // nil when it shows none

	edited int64 // when its text was written; 0 for the first
}

// Reaction is an emoji under a message.
type Reaction struct {
	Sender id.UserID
	Emoji  string
}

// Person is somebody with a Matrix client that can read encrypted rooms.
type Person struct {
	Client *mautrix.Client
	helper *cryptohelper.CryptoHelper
	stop   context.CancelFunc
	done   chan struct{}

	mu        sync.Mutex
	rooms     map[id.RoomID][]*Message
	reactions map[id.EventID]map[id.EventID]Reaction // by what they are to
	early     map[id.EventID][]edit                  // of messages that cannot be read yet
	changed   chan struct{}                          // closed and replaced at each change
	unread    []error
}

// NewPerson logs a registered user in and follows their rooms until Close. dir
// keeps the client's keys.
func NewPerson(ctx context.Context, homeserver, name, password, dir string) (*Person, error) {
	cli, err := mautrix.NewClient(homeserver, "", "")
	if err != nil {
		return nil, err
	}
	cli.Log = zerolog.Nop()
	cli.DefaultHTTPRetries = 3
	helper, err := cryptohelper.NewCryptoHelper(cli, []byte("a person's pickle key"), filepath.Join(dir, name+".db"))
	if err != nil {
		return nil, err
	}
	helper.LoginAs = &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Password: password, InitialDeviceDisplayName: name + "'s phone",
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
	}
	p := &Person{Client: cli, helper: helper, rooms: map[id.RoomID][]*Message{}, reactions: map[id.EventID]map[id.EventID]Reaction{}, early: map[id.EventID][]edit{}, changed: make(chan struct{}), done: make(chan struct{})}
	helper.DecryptErrorCallback = func(e *event.Event, err error) { p.note(fmt.Errorf("event %s: %w", e.ID, err)) }
	if err := helper.Init(ctx); err != nil {
		return nil, fmt.Errorf("log %s in: %w", name, err)
	}
	cli.Crypto = helper
	if _, _, err := helper.Machine().GenerateAndUploadCrossSigningKeysWithPassword(ctx, password, ""); err == nil {
		err = errors.Join(helper.Machine().SignOwnDevice(ctx, helper.Machine().OwnIdentity()), helper.Machine().SignOwnMasterKey(ctx))
		if err != nil {
			return nil, fmt.Errorf("verify the device of %s: %w", name, err)
		}
	}
	p.follow()
	return p, nil
}

func (p *Person) follow() {
	syncer := p.Client.Syncer.(*mautrix.DefaultSyncer)
	syncer.OnEventType(event.EventMessage, p.hear)
	syncer.OnEventType(event.EventReaction, p.see)
	syncer.OnEventType(event.EventRedaction, p.forget)
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	go func() {
		defer close(p.done)
		if err := p.Client.SyncWithContext(ctx); err != nil && ctx.Err() == nil {
			p.note(fmt.Errorf("sync: %w", err))
		}
	}()
}

// Close stops following and logs nothing out.
func (p *Person) Close() error {
	p.stop()
	<-p.done
	return p.helper.Close()
}

// Unread returns what the person's client could not read, such as messages that
// it could not decrypt.
func (p *Person) Unread() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.unread...)
}

func (p *Person) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unread = append(p.unread, err)
	p.tell()
}

func (p *Person) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Person) hear(_ context.Context, e *event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.tell()
	content := e.Content.AsMessage()
	if target := content.RelatesTo.GetReplaceID(); target != "" && content.NewContent != nil {
		change := edit{e.Sender, e.Timestamp, content.NewContent.Body, content.NewContent.FormattedBody}
		if m := p.find(e.RoomID, target); m != nil {
			m.change(change)
		} else {
			p.early[target] = append(p.early[target], change)
		}
		return
	}
	if p.find(e.RoomID, e.ID) != nil {
		return
	}
	var picture *event.MessageEventContent
	if content.MsgType == event.MsgImage {
		picture = content
	}
	m := &Message{
		Picture: picture,
		ID:      e.ID, Sender: e.Sender, Body: content.Body, HTML: content.FormattedBody, Original: content.Body,
		ReplyTo: content.RelatesTo.GetReplyTo(), Thread: content.RelatesTo.GetThreadParent(),
		Notice: content.MsgType == event.MsgNotice, Encrypted: e.Mautrix.WasEncrypted,
		Reactions: p.reactionsTo(e.ID), At: time.UnixMilli(e.Timestamp),
	}
	for _, change := range p.early[e.ID] {
		m.change(change)
	}
	delete(p.early, e.ID)
	p.rooms[e.RoomID] = append(p.rooms[e.RoomID], m)
}

// edit is what a message is to say instead. It may come first, or after a later one: what has
// no key yet is read once that is there, and what was sent after it perhaps at once.
type edit struct {
	sender     id.UserID
	at         int64 // in milliseconds, by the homeserver
	body, html string
}

// change takes an edit of whoever wrote the message. The newest counts.
func (m *Message) change(e edit) {
	if m.Sender != e.sender {
		return
	}
	m.Edits++
	if e.at >= m.edited {
		m.Body, m.HTML, m.edited = e.body, e.html, e.at
	}
}

func (p *Person) see(_ context.Context, e *event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.tell()
	relation := e.Content.AsReaction().RelatesTo
	p.reactionsTo(relation.EventID)[e.ID] = Reaction{e.Sender, relation.Key}
}

// reactionsTo returns the reactions to a message, which may not be there yet: it is
// read once its key has come, while what is in clear does not wait for that.
func (p *Person) reactionsTo(message id.EventID) map[id.EventID]Reaction {
	if p.reactions[message] == nil {
		p.reactions[message] = map[id.EventID]Reaction{}
	}
	return p.reactions[message]
}

func (p *Person) forget(_ context.Context, e *event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.tell()
	target := e.Redacts
	if target == "" {
		target = e.Content.AsRedaction().Redacts
	}
	for _, reactions := range p.reactions {
		delete(reactions, target)
	}
	p.rooms[e.RoomID] = slices.DeleteFunc(p.rooms[e.RoomID], func(m *Message) bool { return m.ID == target })
}

func (p *Person) find(room id.RoomID, event id.EventID) *Message {
	for _, m := range p.rooms[room] {
		if m.ID == event {
			return m
		}
	}
	return nil
}

// Download returns the picture of a message as the homeserver has it, encrypted or not.
func (p *Person) Download(ctx context.Context, m Message) ([]byte, error) {
	if m.Picture == nil {
		return nil, fmt.Errorf("message %s shows no picture", m.ID)
	}
	url := m.Picture.URL
	if m.Picture.File != nil {
		url = m.Picture.File.URL
	}
	uri, err := url.Parse()
	if err != nil {
		return nil, err
	}
	return p.Client.DownloadBytes(ctx, uri)
}

// Room returns the messages of a room as they stand now.
func (p *Person) Room(room id.RoomID) []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Message
	for _, m := range p.rooms[room] {
		seen := *m
		seen.Reactions = map[id.EventID]Reaction{}
		maps.Copy(seen.Reactions, m.Reactions)
		all = append(all, seen)
	}
	return all
}

// WaitFor waits until a message of the room satisfies wanted, and returns it.
func (p *Person) WaitFor(ctx context.Context, room id.RoomID, what string, wanted func(m Message) bool) (Message, error) {
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		for _, m := range p.Room(room) {
			if wanted(m) {
				return m, nil
			}
		}
		select {
		case <-ctx.Done():
			return Message{}, fmt.Errorf("waiting for %s: %w; the room shows:\n%s", what, ctx.Err(), p.Transcript(room))
		case <-changed:
		}
	}
}

// Transcript writes a room as plain text, one message after the other.
func (p *Person) Transcript(room id.RoomID) string {
	var b strings.Builder
	for _, m := range p.Room(room) {
		fmt.Fprintf(&b, "%s: %s\n", m.Sender, m.Body)
	}
	return b.String()
}

// CreateRoom makes a room that the invited users may join, encrypted or not.
func (p *Person) CreateRoom(ctx context.Context, name string, encrypted bool, invited ...id.UserID) (id.RoomID, error) {
	request := &mautrix.ReqCreateRoom{Preset: "private_chat", Name: name, Invite: invited}
	if encrypted {
		request.InitialState = []*event.Event{{
			Type:    event.StateEncryption,
			Content: event.Content{Parsed: &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}},
		}}
	}
	room, err := p.Client.CreateRoom(ctx, request)
	if err != nil {
		return "", fmt.Errorf("create room %s: %w", name, err)
	}
	return room.RoomID, nil
}

// Joined waits until a user is in a room.
func (p *Person) Joined(ctx context.Context, room id.RoomID, user id.UserID) error {
	for {
		members, err := p.Client.JoinedMembers(ctx, room)
		if err == nil {
			if _, in := members.Joined[user]; in {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s in %s: %w", user, room, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Say sends a text.
func (p *Person) Say(ctx context.Context, room id.RoomID, body string) (id.EventID, error) {
	sent, err := p.Client.SendText(ctx, room, body)
	if err != nil {
		return "", fmt.Errorf("say %q: %w", body, err)
	}
	return sent.EventID, nil
}

// SayUnder sends a text into the thread of a message.
func (p *Person) SayUnder(ctx context.Context, room id.RoomID, root id.EventID, body string) (id.EventID, error) {
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: body, RelatesTo: (&event.RelatesTo{}).SetThread(root, root)}
	sent, err := p.Client.SendMessageEvent(ctx, room, event.EventMessage, content)
	if err != nil {
		return "", fmt.Errorf("say %q in a thread: %w", body, err)
	}
	return sent.EventID, nil
}

// React puts an emoji under a message and returns the reaction's event id.
func (p *Person) React(ctx context.Context, room id.RoomID, target id.EventID, emoji string) (id.EventID, error) {
	sent, err := p.Client.SendReaction(ctx, room, target, emoji)
	if err != nil {
		return "", fmt.Errorf("react with %s: %w", emoji, err)
	}
	return sent.EventID, nil
}

// Remove takes back a reaction or a message.
func (p *Person) Remove(ctx context.Context, room id.RoomID, target id.EventID) error {
	if _, err := p.Client.RedactEvent(ctx, room, target); err != nil {
		return fmt.Errorf("remove %s: %w", target, err)
	}
	return nil
}
