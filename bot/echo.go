package bot

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// echoType is the type of what the bot sends to its own device.
const echoType = "org.ronde.heartbeat"

// echoes are the messages to itself that the bot waits for.
type echoes struct {
	mu      sync.Mutex
	waiting map[string]chan struct{} // by nonce; closed when it came back
	last    time.Time
}

// Echo sends a message to the bot's own device and waits until /sync brought it back
// and all that came with it is stored, or until ctx ends. It returns when one last
// came back, zero for never. No room sees it, and it costs nothing of what the
// homeserver lets the bot say there.
func (b *Bot) Echo(ctx context.Context) time.Time {
	nonce := rand.Text()
	back := b.echoes.expect(nonce)
	defer b.echoes.forget(nonce)
	if err := b.sendToSelf(ctx, nonce); err != nil {
		b.noticeLogout(err)
		b.log.Debug("a message to the bot itself cannot be sent", "error", err)
		return b.echoes.latest()
	}
	select {
	case <-back:
	case <-ctx.Done():
	}
	return b.echoes.latest()
}

func (b *Bot) sendToSelf(ctx context.Context, nonce string) error {
	content := &event.Content{Raw: map[string]any{"nonce": nonce}}
	_, err := b.cli.SendToDevice(ctx, event.Type{Type: echoType, Class: event.ToDeviceEventType}, &mautrix.ReqSendToDevice{
		Messages: map[id.UserID]map[id.DeviceID]*event.Content{b.cli.UserID: {b.cli.DeviceID: content}},
	})
	return err
}

// takeEchoes takes the messages to itself out of a sync response, so that nobody else
// sees them, and returns their nonces. Others may send some; they cannot know a nonce.
func (b *Bot) takeEchoes(resp *mautrix.RespSync) (nonces []string) {
	resp.ToDevice.Events = slices.DeleteFunc(resp.ToDevice.Events, func(evt *event.Event) bool {
		if evt.Type.Type != echoType {
			return false
		}
		if nonce, ok := evt.Content.Raw["nonce"].(string); ok && evt.Sender == b.cli.UserID {
			nonces = append(nonces, nonce)
		}
		return true
	})
	return nonces
}

func (e *echoes) expect(nonce string) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting == nil {
		e.waiting = map[string]chan struct{}{}
	}
	back := make(chan struct{})
	e.waiting[nonce] = back
	return back
}

func (e *echoes) forget(nonce string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, nonce)
}

// came notes what came back. One that nobody waits for any longer was too late.
func (e *echoes) came(nonces []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, nonce := range nonces {
		if back, waits := e.waiting[nonce]; waits {
			delete(e.waiting, nonce)
			close(back)
			e.last = time.Now()
		}
	}
}

func (e *echoes) latest() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}
