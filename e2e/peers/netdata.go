package peers

import (
	"context"
	_ "embed" // for netdataConfig
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed netdata.conf.tmpl
var netdataConfig string

// netdataAlarms are all its alarms: one that is raised some ten seconds after the start,
// whose name says what its texts have to be escaped for, and one that is not.
const netdataAlarms = ` alarm: always_warns
    on: system.ram
  calc: $used
 units: MiB
 every: 1s
  warn: $this >= 0
  crit: $this > 1000000000
  info: raised <always> & for a test
    to: silent
 alarm: never_warns
    on: system.ram
  calc: $used * 100 / ($used + $cached + $free + $buffers)
 units: %
 every: 1s
  warn: $this > 101
  info: RAM in use
    to: silent
`

// Netdata is a running Netdata that measures this machine with alarms of its own.
type Netdata struct {
	URL string // "http://127.0.0.1:34567"

	dir     string
	process *process
}

// StartNetdata starts a Netdata that keeps all it writes below dir. ctx bounds the start,
// not its life.
func StartNetdata(ctx context.Context, dir string) (*Netdata, error) {
	binary, found := find("netdata")
	if !found {
		return nil, &MissingError{Peer: "Netdata", Reason: "no netdata in PATH", Install: "apt-get install netdata-core"}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	n := &Netdata{URL: "http://" + address, dir: dir}
	if err := n.configure(address); err != nil {
		return nil, fmt.Errorf("configure Netdata: %w", err)
	}
	n.process, err = launch(exec.Command(binary, "-D", "-c", filepath.Join(dir, "netdata.conf"), "-P", filepath.Join(dir, "netdata.pid")), n.LogFile())
	if err != nil {
		return nil, err
	}
	if err := n.process.ready(ctx, n.answers); err != nil {
		n.Stop()
		return nil, err
	}
	return n, nil
}

func (n *Netdata) configure(address string) error {
	for _, name := range []string{"lib", "cache", "log", "health.d"} {
		if err := os.MkdirAll(filepath.Join(n.dir, name), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(n.dir, "health.d", "test.conf"), []byte(netdataAlarms), 0o644); err != nil {
		return err
	}
	us, err := user.Current()
	if err != nil {
		return err
	}
	var config strings.Builder
	page := template.Must(template.New("netdata.conf").Parse(netdataConfig))
	if err := page.Execute(&config, map[string]string{"Dir": n.dir, "Addr": address, "Account": us.Username}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(n.dir, "netdata.conf"), []byte(config.String()), 0o644)
}

func (n *Netdata) answers(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.URL+"/api/v1/info", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP status %d", res.StatusCode)
	}
	return nil
}

// LogFile is where what it prints is.
func (n *Netdata) LogFile() string { return filepath.Join(n.dir, "netdata.log") }

// Stop ends it.
func (n *Netdata) Stop() { n.process.stop() }
