package peers

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	_ "embed" // for dendriteConfig
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/synapseadmin"
)

//go:embed dendrite.yaml.tmpl
var dendriteConfig string

// Dendrite is a running Matrix homeserver without federation.
type Dendrite struct {
	URL        string // base address for clients, such as http://127.0.0.1:40123
	ServerName string // the part of user ids after the colon
	Secret     string // shared secret that registers accounts

	dir, binary string
	process     *process
}

// Limit is a homeserver's rate limit: each device may have made so many requests within the last Cooloff.
// The zero value is no limit.
type Limit struct {
	Requests int
	Cooloff  time.Duration
}

// StartDendrite starts a homeserver that keeps its databases in dir, which must exist and may hold those of an
// earlier run. The first call on a machine builds Dendrite. ctx bounds the start, not the server's life.
func StartDendrite(ctx context.Context, dir string) (*Dendrite, error) {
	return StartLimitedDendrite(ctx, dir, Limit{})
}

// StartLimitedDendrite is StartDendrite with a rate limit. Dendrite applies it to login, joining, inviting and
// the like, and answers 429 with retry_after_ms; it never limits sending events.
func StartLimitedDendrite(ctx context.Context, dir string, limit Limit) (*Dendrite, error) {
	binary, err := dendriteBinary(ctx)
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	d := &Dendrite{URL: "http://" + address, ServerName: "localhost", Secret: rand.Text(), dir: dir, binary: binary}
	if err := d.configure(limit); err != nil {
		return nil, fmt.Errorf("configure Dendrite: %w", err)
	}
	if err := d.start(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// configure writes the configuration and, the first time, the key that the server signs events with.
func (d *Dendrite) configure(limit Limit) error {
	key := filepath.Join(d.dir, "matrix_key.pem")
	if _, err := os.Stat(key); err != nil {
		if err := os.WriteFile(key, signingKey(), 0o600); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(d.config(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return template.Must(template.New("dendrite.yaml").Parse(dendriteConfig)).Execute(file, map[string]any{
		"Dir": d.dir, "ServerName": d.ServerName, "Secret": d.Secret, "Limit": limit,
	})
}

func (d *Dendrite) config() string { return filepath.Join(d.dir, "dendrite.yaml") }

// signingKey makes a key in the form that Dendrite reads: the ed25519 seed in PEM, with a name in its header.
func signingKey() []byte {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails, by its documentation
	return pem.EncodeToMemory(&pem.Block{
		Type: "MATRIX PRIVATE KEY", Headers: map[string]string{"Key-ID": "ed25519:test"}, Bytes: seed,
	})
}

func (d *Dendrite) start(ctx context.Context) error {
	cmd := exec.Command(d.binary, "--config", d.config(),
		"--http-bind-address", strings.TrimPrefix(d.URL, "http://"), "--https-bind-address", "127.0.0.1:0")
	cmd.Dir = d.dir
	process, err := launch(cmd, d.LogFile())
	if err != nil {
		return err
	}
	d.process = process
	if err := process.ready(ctx, d.versions); err != nil {
		d.Stop()
		return err
	}
	return nil
}

// versions asks what a client asks first.
func (d *Dendrite) versions(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL+"/_matrix/client/versions", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("versions: %s", response.Status)
	}
	return nil
}

// LogFile is where the server's own log is.
func (d *Dendrite) LogFile() string { return filepath.Join(d.dir, "dendrite.log") }

// Stop ends the server; its databases stay. Clients see refused connections until Restart.
func (d *Dendrite) Stop() { d.process.stop() }

// Restart ends the server if it runs and starts it again, on the same databases and at the same address.
func (d *Dendrite) Restart() error {
	d.Stop()
	return d.start(context.Background())
}

// Register makes an account without rights of its own. The password needs eight characters. It makes no device for
// the caller: log in for one.
func (d *Dendrite) Register(ctx context.Context, name, password string) error {
	client, err := mautrix.NewClient(d.URL, "", "")
	if err != nil {
		return fmt.Errorf("register %s: %w", name, err)
	}
	admin := synapseadmin.Client{Client: client}
	_, err = admin.SharedSecretRegister(ctx, d.Secret, synapseadmin.ReqSharedSecretRegister{
		Username: name, Password: password, InhibitLogin: true,
	})
	if err != nil {
		return fmt.Errorf("register %s: %w", name, err)
	}
	return nil
}
