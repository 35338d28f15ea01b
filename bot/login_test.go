package bot

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"ronde/e2e/homeserver"
)

// verified reports whether the bot's device is signed by the account's keys, as
// other people's clients see it.
func (w *town) verified() bool {
	w.t.Helper()
	cli, err := mautrix.NewClient(homeserver.URL, "", w.srv.Token("alice", ""))
	if err != nil {
		w.t.Fatal(err)
	}
	cli.Client = w.srv.Client()
	keys, err := cli.QueryKeys(w.t.Context(), &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{self: {}}})
	if err != nil {
		w.t.Fatal(err)
	}
	account, err := loadAccount(w.t.Context(), w.kept)
	if err != nil {
		w.t.Fatal(err)
	}
	signer := keys.SelfSigningKeys[self]
	_, signed := keys.DeviceKeys[self][id.DeviceID(account.DeviceID)].Signatures[self][id.NewKeyID(id.KeyAlgorithmEd25519, string(signer.FirstKey()))]
	return signed && signer.FirstKey() != ""
}

func TestALoginIsKeptAndTheSecondChangesNothing(t *testing.T) {
	w := newTown(t)
	first, err := w.logIn(Credentials{Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if !first.New || first.UserID != self || first.DeviceID == "" || first.RecoveryKey == "" {
		t.Errorf("the first login gave %+v", first)
	}
	if !w.verified() {
		t.Error("the device is not signed by the account's keys")
	}
	kept := w.kept.values[accountKey]
	second, err := w.logIn(Credentials{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (LoginResult{UserID: first.UserID, DeviceID: first.DeviceID}); second != want {
		t.Errorf("the second login gave %+v, want %+v", second, want)
	}
	if w.kept.values[accountKey] != kept {
		t.Error("the second login changed the account")
	}
}

func TestADeadTokenIsReplacedOnTheSameDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		al := w.person("alice")
		w.rooms(homeserver.RoomOptions{Encrypted: true}).settled()
		w.knows(al, w.cfg.Technique)
		w.stopped()
		// Logging the device out deletes it and its keys on the homeserver.
		cli, err := newClient(homeserver.URL, w.logger(), w.srv.Client())
		if err != nil {
			t.Fatal(err)
		}
		account, err := loadAccount(t.Context(), w.kept)
		if err != nil {
			t.Fatal(err)
		}
		account.use(cli)
		if _, err := cli.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		again, err := w.logIn(Credentials{Password: password})
		if err != nil {
			t.Fatal(err)
		}
		if want := (LoginResult{UserID: self, DeviceID: w.login.DeviceID, New: true}); again != want {
			t.Errorf("the login gave %+v, want %+v", again, want)
		}
		if !w.verified() {
			t.Error("the device is no longer signed by the account's keys")
		}
		w.settled()
		w.sends(message(w.cfg.Technique, "txn", "back"))
		w.until("alice can read it", func() bool { return len(al.ears.all()) == 1 })
		if _, err := al.SendText(t.Context(), id.RoomID(w.cfg.Technique), "welcome"); err != nil {
			t.Fatal(err)
		}
		w.hears("welcome")
	})
}

func TestALoginByAccessToken(t *testing.T) {
	w := newTown(t)
	secret := Credentials{AccessToken: w.srv.Token("ronde", "BOTDEVICE")}
	result, err := w.logIn(secret)
	// Without the password a homeserver may refuse to take cross-signing keys; the
	// login stands all the same.
	unsigned := (*NotCrossSignedError)(nil)
	if err != nil && !errors.As(err, &unsigned) {
		t.Fatal(err)
	}
	if result.DeviceID != "BOTDEVICE" || !result.New {
		t.Errorf("the login gave %+v", result)
	}
	if w.verified() != (err == nil) {
		t.Errorf("verified %v with error %v", w.verified(), err)
	}
	other := Credentials{AccessToken: w.srv.Token("ronde", "OTHER")}
	w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
		if r.Device == "BOTDEVICE" {
			return homeserver.Fault{Status: 401, Code: "M_UNKNOWN_TOKEN"}
		}
		return homeserver.Fault{}
	})
	if _, err := w.logIn(other); err == nil || !strings.Contains(err.Error(), "BOTDEVICE") {
		t.Errorf("a token of another device gave %v", err)
	}
}

func TestALoginCutShortIsFinishedByTheNext(t *testing.T) {
	// Every request of the login fails once, in turn; the login after it must come
	// to the same end.
	for n := 1; n <= 14; n++ {
		t.Run(fmt.Sprint("at request ", n), func(t *testing.T) {
			w := newTown(t)
			w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
				if r.N == n {
					return homeserver.Fault{Drop: homeserver.DropAnswer}
				}
				return homeserver.Fault{}
			})
			if _, err := w.logIn(Credentials{Password: password}); err == nil {
				t.Skip("the login makes fewer requests")
			}
			if _, err := w.logIn(Credentials{Password: password}); err != nil {
				t.Fatal(err)
			}
			if !w.verified() {
				t.Error("the device is not signed by the account's keys")
			}
			if account, _ := loadAccount(t.Context(), w.kept); account.RecoveryKey == "" {
				t.Error("no recovery key is kept")
			}
		})
	}
}

func TestKeysFromElsewhereAreNotReplaced(t *testing.T) {
	w := newTown(t)
	// Somebody used the account in a client before.
	elsewhere := &town{t: t, srv: w.srv, cfg: w.cfg, kept: &drawer{values: map[string]string{}}, db: openDatabase(t), logs: w.logs}
	theirs, err := elsewhere.logIn(Credentials{Password: password})
	if err != nil {
		t.Fatal(err)
	}
	result, err := w.logIn(Credentials{Password: password})
	var unsigned *NotCrossSignedError
	if !errors.As(err, &unsigned) || !result.New {
		t.Fatalf("the login gave %+v, %v; want a NotCrossSignedError", result, err)
	}
	if w.verified() || !elsewhere.verified() {
		t.Error("the account's keys were replaced")
	}
	if _, err := w.logIn(Credentials{RecoveryKey: "EsTc wrong"}); !errors.As(err, &unsigned) {
		t.Errorf("a wrong recovery key gave %v", err)
	}
	if _, err := w.logIn(Credentials{RecoveryKey: theirs.RecoveryKey}); err != nil {
		t.Fatal(err)
	}
	if !w.verified() {
		t.Error("the recovery key did not verify the device")
	}
}

func TestLoginsThatFail(t *testing.T) {
	tests := []struct {
		name   string
		secret Credentials
		change func(*town)
		want   string
	}{
		{"a wrong password", Credentials{Password: "wrong"}, func(*town) {}, "M_FORBIDDEN"},
		{"no secret", Credentials{}, func(*town) {}, "neither a password nor an access token"},
		{"somebody else's token", Credentials{AccessToken: "alice"}, func(*town) {}, "the configuration says " + self},
		{"a homeserver that is away", Credentials{Password: password}, func(w *town) { w.srv.GoAway() }, "connection refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newTown(t)
			test.change(w)
			if test.secret.AccessToken != "" {
				test.secret.AccessToken = w.srv.Token(test.secret.AccessToken, "")
			}
			_, err := w.logIn(test.secret)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("the error shows the password: %v", err)
			}
			if _, err := New(w.cfg, w.home(), w.inbox, w.logger(), w.srv.Client()); !errors.Is(err, ErrNoAccount) {
				t.Errorf("New gave %v, want ErrNoAccount", err)
			}
		})
	}
}

func TestTheStoreOfAnotherAccountIsRefused(t *testing.T) {
	w := newTown(t)
	w.loggedIn()
	w.cfg.User = alice
	if _, err := w.logIn(Credentials{Password: "alice's"}); err == nil || !strings.Contains(err.Error(), self) {
		t.Errorf("Login gave %v", err)
	}
	if _, err := New(w.cfg, w.home(), w.inbox, w.logger(), nil); err == nil || !strings.Contains(err.Error(), self) {
		t.Errorf("New gave %v", err)
	}
}

func TestAnAccountShowsNoSecrets(t *testing.T) {
	a := Account{UserID: self, DeviceID: "DEV", AccessToken: "syt_secret", PickleKey: "pickle_secret", RecoveryKey: "recovery_secret"}
	var out strings.Builder
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "account", a)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "account", a)
	for _, verb := range []string{"%v", "%+v", "%s", "%#v", "%q"} {
		fmt.Fprintf(&out, verb+"\n", a)
		fmt.Fprintf(&out, verb+"\n", &a)
	}
	if strings.Contains(out.String(), "secret") {
		t.Errorf("a secret shows in\n%s", out.String())
	}
	kept := &drawer{values: map[string]string{accountKey: `{"access_token": "syt_secret", "user_id": 5}`}}
	if _, err := loadAccount(t.Context(), kept); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a damaged account gives %v", err)
	}
}
