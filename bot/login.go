package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"
)

// Credentials are what one login needs. They are not kept.
type Credentials struct {
	Password    string
	AccessToken string // instead of a password: of a device made for the bot alone
	// RecoveryKey opens cross-signing keys that somebody else made for the
	// account; "" normally.
	RecoveryKey string
}

// LoginResult is what a login came to.
type LoginResult struct {
	UserID, DeviceID string
	// RecoveryKey is set only by the login that made the account's cross-signing
	// keys: it is to be shown once. It is kept, too.
	RecoveryKey string
	// New is false when the kept account still works, so that nothing changed.
	New bool
}

// NotCrossSignedError says that the login itself worked, and that the bot will
// run, but that clients will warn of its device. Advice says what to do.
type NotCrossSignedError struct {
	Advice string
	Err    error // may be nil
}

func (e *NotCrossSignedError) Error() string {
	if e.Err == nil {
		return "logged in, but the bot's device is not verified: " + e.Advice
	}
	return fmt.Sprintf("logged in, but the bot's device is not verified (%v): %s", e.Err, e.Advice)
}

func (e *NotCrossSignedError) Unwrap() error { return e.Err }

// Login logs the bot in once and keeps the account. When the kept account still
// works it changes nothing, and when its token is dead it logs in again as the
// same device with the same keys.
//
// The result is also valid with a [*NotCrossSignedError].
func Login(ctx context.Context, cfg Config, secret Credentials, store Store, log *slog.Logger) (LoginResult, error) {
	l := &login{cfg: cfg, secret: secret, keeper: store, db: store.Matrix(), log: log}
	return l.run(ctx, nil)
}

type login struct {
	cfg     Config
	secret  Credentials
	keeper  Keeper
	db      any
	log     *slog.Logger
	cli     *mautrix.Client
	account Account
}

const loginTime = 2 * time.Minute

func (l *login) run(ctx context.Context, httpClient *http.Client) (result LoginResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	if err := l.prepare(ctx, httpClient); err != nil {
		return result, err
	}
	alive, err := l.alive(ctx)
	if err != nil {
		return result, err
	}
	if !alive {
		if err := l.enter(ctx); err != nil {
			return result, err
		}
	}
	result = LoginResult{UserID: l.account.UserID, DeviceID: l.account.DeviceID, New: !alive}
	machine, err := l.openKeys(ctx)
	if err != nil {
		return result, err
	}
	defer machine.Destroy()
	result.RecoveryKey, err = l.crossSign(ctx, machine)
	return result, err
}

// prepare loads the kept account, and makes the key of the crypto state before
// anything can depend on it.
func (l *login) prepare(ctx context.Context, httpClient *http.Client) (err error) {
	if l.account, err = loadAccount(ctx, l.keeper); err != nil {
		return err
	}
	if l.account.UserID != "" && l.account.UserID != l.cfg.User {
		return fmt.Errorf("the store belongs to %s, but the configuration says %s: use another store for another account", l.account.UserID, l.cfg.User)
	}
	if l.cli, err = newClient(l.cfg.Homeserver, l.log, httpClient); err != nil {
		return err
	}
	if l.account.PickleKey == "" {
		l.account.PickleKey = rand.Text()
		return l.account.save(ctx, l.keeper)
	}
	return nil
}

// alive reports whether the kept access token still works.
func (l *login) alive(ctx context.Context) (bool, error) {
	if l.account.AccessToken == "" {
		return false, nil
	}
	l.account.use(l.cli)
	_, err := l.cli.Whoami(ctx)
	switch {
	case err == nil:
		return true, nil
	case tokenDead(err):
		l.log.Info("the kept access token is dead, logging in again", "account", l.account)
		return false, nil
	default:
		return false, fmt.Errorf("ask the homeserver whether the kept login still works: %w", err)
	}
}

func (l *login) enter(ctx context.Context) error {
	var err error
	switch {
	case l.secret.AccessToken != "":
		err = l.byToken(ctx)
	case l.secret.Password != "":
		err = l.byPassword(ctx)
	default:
		err = errors.New("log in: neither a password nor an access token was given")
	}
	if err != nil {
		return err
	}
	l.account.Homeserver = l.cfg.Homeserver
	l.account.UserID, l.account.DeviceID = l.cli.UserID.String(), l.cli.DeviceID.String()
	l.account.AccessToken = l.cli.AccessToken
	return l.account.save(ctx, l.keeper)
}

func (l *login) byPassword(ctx context.Context) error {
	if l.account.DeviceID == "" {
		// Chosen and kept before: a login whose answer is lost leaves no second device.
		l.account.DeviceID = rand.Text()[:10]
		if err := l.account.save(ctx, l.keeper); err != nil {
			return err
		}
	}
	l.cli.AccessToken = ""
	_, err := l.cli.Login(ctx, &mautrix.ReqLogin{
		Type:                     mautrix.AuthTypePassword,
		Identifier:               mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: l.cfg.User},
		Password:                 l.secret.Password,
		DeviceID:                 id.DeviceID(l.account.DeviceID),
		InitialDeviceDisplayName: l.cfg.DeviceName,
		StoreCredentials:         true,
	})
	if err != nil {
		return fmt.Errorf("log in as %s with the password: %w", l.cfg.User, err)
	}
	return l.checkUser()
}

func (l *login) byToken(ctx context.Context) error {
	l.cli.AccessToken = l.secret.AccessToken
	who, err := l.cli.Whoami(ctx)
	if err != nil {
		return fmt.Errorf("ask the homeserver whose access token this is: %w", err)
	}
	l.cli.UserID, l.cli.DeviceID = who.UserID, who.DeviceID
	if who.DeviceID == "" {
		return errors.New("the access token belongs to no device, so the bot cannot encrypt with it")
	}
	if l.account.AccessToken != "" && l.account.DeviceID != who.DeviceID.String() {
		return fmt.Errorf("the access token belongs to device %s, but the kept keys to device %s: log in with the password, or start with an empty store", who.DeviceID, l.account.DeviceID)
	}
	return l.checkUser()
}

func (l *login) checkUser() error {
	if l.cli.UserID.String() != l.cfg.User {
		return fmt.Errorf("the homeserver says that this is %s, but the configuration says %s", l.cli.UserID, l.cfg.User)
	}
	return nil
}

// openKeys opens the crypto state and puts the device's keys on the homeserver.
func (l *login) openKeys(ctx context.Context) (*crypto.OlmMachine, error) {
	helper, err := newHelper(l.cli, l.account, l.db)
	if err != nil {
		return nil, err
	}
	if err := openKeys(ctx, helper); err != nil {
		return nil, err
	}
	return helper.Machine(), nil
}
