package bot

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// requestTime bounds every request but /sync. The few that mautrix makes on its
// own in the background are bounded by the HTTP client's timeout.
const requestTime = 30 * time.Second

// newClient makes a client that retries nothing by itself: the outbox and the
// sync loop decide when to try again. A nil httpClient stands for the network.
func newClient(homeserver string, log *slog.Logger, httpClient *http.Client) (*mautrix.Client, error) {
	cli, err := mautrix.NewClient(homeserver, "", "")
	if err != nil {
		return nil, fmt.Errorf("read the homeserver's address %q: %w", homeserver, err)
	}
	cli.Log = zerologTo(log)
	cli.Store = noTokens{}
	cli.Syncer = newSyncer(log)
	cli.Client = httpClient
	if httpClient == nil {
		cli.Client = &http.Client{Transport: transport(), Timeout: firstPollTime + pollMargin}
	}
	return cli, nil
}

func transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          10,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

func (a Account) use(cli *mautrix.Client) {
	cli.UserID, cli.DeviceID, cli.AccessToken = id.UserID(a.UserID), id.DeviceID(a.DeviceID), a.AccessToken
}

// newHelper prepares the crypto state that is kept in db; its Init opens it.
// Its Close must never be called: that would close db, which is not the bot's.
func newHelper(cli *mautrix.Client, account Account, db any) (*cryptohelper.CryptoHelper, error) {
	helper, err := cryptohelper.NewCryptoHelper(cli, []byte(account.PickleKey), db)
	if err != nil {
		return nil, fmt.Errorf("prepare the crypto state: %w", err)
	}
	return helper, nil
}

// openKeys opens the crypto state and compares it with what the homeserver has
// of the device. Where the two parted at a known point, it brings them together:
// the keys are the same ones in any case, which opening checks again.
func openKeys(ctx context.Context, helper *cryptohelper.CryptoHelper) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	err := helper.Init(ctx)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "keys seem to have disappeared from the server"):
		// Logging a device out deletes its keys there; it hands in the same again.
		err = markShared(ctx, helper.Machine(), false)
	case strings.Contains(err.Error(), "not marked as shared, but there are keys on the server"):
		// The keys were handed in, but the answer was lost.
		err = markShared(ctx, helper.Machine(), true)
	default:
		return fmt.Errorf("open the crypto state: %w", err)
	}
	if err != nil {
		return err
	}
	if err := helper.Init(ctx); err != nil {
		return fmt.Errorf("open the crypto state again: %w", err)
	}
	return nil
}

func markShared(ctx context.Context, machine *crypto.OlmMachine, shared bool) error {
	account := machine.GetAccount()
	account.Shared = shared
	if shared {
		account.Internal.MarkKeysAsPublished()
	}
	if err := machine.CryptoStore.PutAccount(ctx, account); err != nil {
		return fmt.Errorf("record whether the homeserver has the device's keys: %w", err)
	}
	return nil
}

// noTokens keeps nothing: the sync token is stored with the events it covers, by
// the receiver, and the filter goes with each request.
type noTokens struct{}

func (noTokens) SaveFilterID(context.Context, id.UserID, string) error    { return nil }
func (noTokens) LoadFilterID(context.Context, id.UserID) (string, error)  { return "", nil }
func (noTokens) SaveNextBatch(context.Context, id.UserID, string) error   { return nil }
func (noTokens) LoadNextBatch(context.Context, id.UserID) (string, error) { return "", nil }

// syncer hands the state in a sync response to mautrix's stores. It is fed by the
// bot's own loop, which does everything else itself.
type syncer struct {
	*mautrix.DefaultSyncer
	log *slog.Logger
}

func newSyncer(log *slog.Logger) *syncer {
	return &syncer{DefaultSyncer: mautrix.NewDefaultSyncer(), log: log}
}

// OnEventType leaves encrypted events to the bot's loop: the crypto helper would
// decrypt them in the background, and a crash would lose those under way.
func (s *syncer) OnEventType(kind event.Type, handle mautrix.EventHandler) {
	if kind != event.EventEncrypted {
		s.DefaultSyncer.OnEventType(kind, s.guarded(handle))
	}
}

// OnEvent registers a handler that cannot end the loop by a panic.
func (s *syncer) OnEvent(handle mautrix.EventHandler) {
	s.DefaultSyncer.OnEvent(s.guarded(handle))
}

// OnSync registers nothing: the bot feeds the crypto machine one message at a
// time, so that one that makes it panic does not cost the keys behind it.
func (s *syncer) OnSync(mautrix.SyncHandler) {}

func (s *syncer) guarded(handle mautrix.EventHandler) mautrix.EventHandler {
	return func(ctx context.Context, evt *event.Event) {
		defer survive(s.log, evt)
		handle(ctx, evt)
	}
}

// survive, deferred, turns a panic over one event into a log line.
func survive(log *slog.Logger, evt *event.Event) {
	if problem := recover(); problem != nil {
		log.Error("an event was skipped because handling it panicked",
			"event", evt.ID, "room", evt.RoomID, "type", evt.Type.Type, "panic", fmt.Sprint(problem))
	}
}
