package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

const alertmanagerModule = "github.com/prometheus/alertmanager"

// Alertmanager is a running Alertmanager of Prometheus, alone and without its pages.
type Alertmanager struct {
	URL string // of its API, without a path

	dir     string
	process *process
}

// StartAlertmanager starts the Alertmanager that tools/alertmanager/go.mod names with a
// configuration, the text of its alertmanager.yml. It keeps its files in dir, which must
// exist. ctx bounds the start, not its life.
func StartAlertmanager(ctx context.Context, dir, config string) (*Alertmanager, error) {
	binary, err := alertmanagerBinary(ctx)
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "--config.file="+file, "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+address,
		"--web.external-url=http://"+address, "--cluster.listen-address=", "--log.level=warn")
	cmd.Dir = dir
	a := &Alertmanager{URL: "http://" + address, dir: dir}
	if a.process, err = launch(cmd, filepath.Join(dir, "alertmanager.log")); err != nil {
		return nil, err
	}
	if err := a.process.ready(ctx, answers(address)); err != nil {
		a.Stop()
		return nil, errors.Join(err, errors.New(tail(a.LogFile())))
	}
	return a, nil
}

// LogFile is where its log is.
func (a *Alertmanager) LogFile() string { return filepath.Join(a.dir, "alertmanager.log") }

// Stop ends it.
func (a *Alertmanager) Stop() { a.process.stop() }

// alertmanagerBinary gives the path of the program, and builds it when the cache lacks it.
func alertmanagerBinary(ctx context.Context) (string, error) {
	tools, err := toolsFolder()
	if err != nil {
		return "", err
	}
	module := filepath.Join(tools, "alertmanager")
	version, err := moduleVersion(filepath.Join(module, "go.mod"), alertmanagerModule)
	if err != nil {
		return "", err
	}
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "alertmanager-"+version)
	unlock, err := lock(binary + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(binary); !errors.Is(err, fs.ErrNotExist) {
		return binary, err
	}
	if err := buildAlertmanager(ctx, module, version, binary); err != nil {
		return "", &MissingError{Peer: "Alertmanager", Reason: err.Error(), Install: "needs go and the Go module proxy"}
	}
	return binary, nil
}

// buildAlertmanager builds a copy of the module: its pages, which it embeds, are not in it
// but made by npm, so empty ones take their place.
func buildAlertmanager(ctx context.Context, module, version, binary string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	fmt.Fprintln(os.Stderr, "building Alertmanager, once, in about a minute")
	source, err := moduleFolder(ctx, module, alertmanagerModule+"@"+version)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ronde-alertmanager-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		return fmt.Errorf("copy %s: %w", source, err)
	}
	for _, pages := range []string{"elm", "mantine"} {
		folder := filepath.Join(dir, "ui", "app", "dist", pages)
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, "index.html"), nil, 0o644)); err != nil {
			return err
		}
	}
	fresh := binary + ".new"
	if output, err := goCommand(ctx, dir, "build", "-trimpath", "-o", fresh, "./cmd/alertmanager"); err != nil {
		return fmt.Errorf("build: %w: %s", err, lastLines(string(output), 5))
	}
	return os.Rename(fresh, binary)
}

// moduleFolder fetches a module, checks it by the go.sum in dir, and tells where it is.
func moduleFolder(ctx context.Context, dir, module string) (string, error) {
	output, err := goCommand(ctx, dir, "mod", "download", "-json", module)
	var at struct{ Dir, Error string }
	if err := errors.Join(err, json.Unmarshal(output, &at)); err != nil || at.Error != "" {
		return "", fmt.Errorf("fetch %s: %s: %w", module, at.Error, err)
	}
	return at.Dir, nil
}

// goCommand runs the go program in dir; our own tags and settings must not reach it.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	return cmd.Output()
}
