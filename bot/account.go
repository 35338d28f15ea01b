package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
)

// Keeper keeps small values by key, over restarts. The store is one.
type Keeper interface {
	// Value returns what is kept under key; the flag is false if nothing is.
	Value(ctx context.Context, key string) (string, bool, error)
	SetValue(ctx context.Context, key, value string) error
}

// Store is what the bot needs of the database: what it keeps about itself, and a
// place for the crypto state.
type Store interface {
	Keeper
	Matrix() any // a *dbutil.Database
}

const accountKey = "matrix.account"

// Account is the bot's one device on its homeserver, as kept by [Login]. It
// holds secrets: printed or logged, it shows none of them.
type Account struct {
	Homeserver string `json:"homeserver"`
	UserID     string `json:"user_id"`
	DeviceID   string `json:"device_id"`

	AccessToken string `json:"access_token"`
	// PickleKey protects the private keys in the crypto tables. It is made before
	// the first login and never changes.
	PickleKey string `json:"pickle_key"`
	// RecoveryKey opens the account's cross-signing keys on the homeserver; "" if
	// somebody else made those.
	RecoveryKey string `json:"recovery_key,omitempty"`
}

// String names the device and no secret.
func (a Account) String() string { return fmt.Sprintf("%s (device %s)", a.UserID, a.DeviceID) }

// GoString is String, so that %#v shows no secret either.
func (a Account) GoString() string { return a.String() }

// LogValue names the device and no secret.
func (a Account) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", a.UserID), slog.String("device", a.DeviceID))
}

// loadAccount returns the kept account, or a zero one before the first login.
func loadAccount(ctx context.Context, keeper Keeper) (Account, error) {
	var account Account
	value, known, err := keeper.Value(ctx, accountKey)
	if err != nil {
		return account, fmt.Errorf("read the kept Matrix account: %w", err)
	}
	if !known {
		return account, nil
	}
	// The value holds secrets, and an error of encoding/json may quote it.
	if json.Unmarshal([]byte(value), &account) != nil {
		return Account{}, fmt.Errorf("read the kept Matrix account: it is not valid JSON")
	}
	return account, nil
}

func (a Account) save(ctx context.Context, keeper Keeper) error {
	value, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode the Matrix account: %w", err)
	}
	if err := keeper.SetValue(ctx, accountKey, string(value)); err != nil {
		return fmt.Errorf("keep the Matrix account: %w", err)
	}
	return nil
}
