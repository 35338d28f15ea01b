package bot

import (
	"context"
	"fmt"
	"net/http"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/id"
)

// crossSign makes the bot's device a verified one, so that nobody's client warns
// of it, and returns the recovery key if it had to make the account's keys.
func (l *login) crossSign(ctx context.Context, machine *crypto.OlmMachine) (recoveryKey string, err error) {
	// The homeserver is asked, as the database may hold keys that were replaced
	// there since, or that never got there.
	answer, err := l.cli.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{l.cli.UserID: {}}})
	if err != nil {
		return "", fmt.Errorf("ask for the account's cross-signing keys: %w", err)
	}
	if _, has := answer.MasterKeys[l.cli.UserID]; !has {
		return l.makeCrossSigning(ctx, machine)
	}
	if signed(answer, l.cli) {
		return "", nil
	}
	if _, err := machine.FetchKeys(ctx, []id.UserID{l.cli.UserID}, true); err != nil {
		return "", fmt.Errorf("take over the account's cross-signing keys: %w", err)
	}
	return "", l.openCrossSigning(ctx, machine)
}

// signed reports whether what others get to see of the device is signed by the
// account's self-signing key.
func signed(answer *mautrix.RespQueryKeys, cli *mautrix.Client) bool {
	signer := answer.SelfSigningKeys[cli.UserID]
	key := signer.FirstKey()
	if key == "" {
		return false
	}
	device := answer.DeviceKeys[cli.UserID][cli.DeviceID]
	valid, err := signatures.VerifySignatureJSON(device, cli.UserID, key.String(), key)
	return err == nil && valid
}

// openCrossSigning signs the device with keys that exist. Keys that cannot be
// opened are somebody's, and are not replaced.
func (l *login) openCrossSigning(ctx context.Context, machine *crypto.OlmMachine) error {
	key := l.account.RecoveryKey
	if l.secret.RecoveryKey != "" {
		key = l.secret.RecoveryKey
	}
	if key == "" {
		return &NotCrossSignedError{Advice: "the account has cross-signing keys from elsewhere; log in again with their recovery key, or reset them in the client that made them and log in again"}
	}
	if err := machine.VerifyWithRecoveryKey(ctx, key); err != nil {
		return &NotCrossSignedError{Err: err, Advice: "the recovery key does not open the account's cross-signing keys; log in again with the right one, or reset them in the client that made them and log in again"}
	}
	if l.account.RecoveryKey == key {
		return nil
	}
	l.account.RecoveryKey = key
	return l.account.save(ctx, l.keeper)
}

// makeCrossSigning gives the account its first cross-signing keys. The recovery
// key is kept before the first thing that it opens is made, so that a crash at
// any point leaves nothing that nobody can open.
func (l *login) makeCrossSigning(ctx context.Context, machine *crypto.OlmMachine) (string, error) {
	key, err := machine.SSSS.GenerateAndUploadKey(ctx, "")
	if err != nil {
		return "", fmt.Errorf("make a recovery key: %w", err)
	}
	l.account.RecoveryKey = key.RecoveryKey()
	if err := l.account.save(ctx, l.keeper); err != nil {
		return "", err
	}
	if err := machine.SSSS.SetDefaultKeyID(ctx, key.ID); err != nil {
		return "", fmt.Errorf("make the recovery key the account's own: %w", err)
	}
	keys, err := machine.GenerateCrossSigningKeys()
	if err != nil {
		return "", fmt.Errorf("make cross-signing keys: %w", err)
	}
	if err := machine.UploadCrossSigningKeysToSSSS(ctx, key, keys); err != nil {
		return "", fmt.Errorf("store the cross-signing keys under the recovery key: %w", err)
	}
	if err := machine.PublishCrossSigningKeys(ctx, keys, l.confirm()); err != nil {
		return "", unpublished(err)
	}
	return l.account.RecoveryKey, sign(ctx, machine)
}

func unpublished(err error) error {
	if status, _ := answered(err); status == http.StatusUnauthorized {
		return &NotCrossSignedError{Err: err, Advice: "the homeserver wants the account's password for this; log in again with it"}
	}
	return fmt.Errorf("publish the cross-signing keys: %w", err)
}

func sign(ctx context.Context, machine *crypto.OlmMachine) error {
	if err := machine.SignOwnDevice(ctx, machine.OwnIdentity()); err != nil {
		return fmt.Errorf("sign the bot's device: %w", err)
	}
	if err := machine.SignOwnMasterKey(ctx); err != nil {
		return fmt.Errorf("sign the account's master key: %w", err)
	}
	return nil
}

// confirm answers the homeserver's question for the password, nil without one.
func (l *login) confirm() mautrix.UIACallback {
	if l.secret.Password == "" {
		return nil
	}
	return func(asked *mautrix.RespUserInteractive) any {
		return &mautrix.ReqUIAuthLogin{
			BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: asked.Session},
			User:         l.cli.UserID.String(),
			Password:     l.secret.Password,
		}
	}
}
