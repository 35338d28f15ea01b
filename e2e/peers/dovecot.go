package peers

import (
	"context"
	"crypto/rand"
	_ "embed" // for dovecotConfig
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
)

//go:embed dovecot.conf.tmpl
var dovecotConfig string

// Dovecot is a running mail server with one account. Its mailboxes are INBOX and Processed. It tells IDLE
// about new mail half a second after the delivery, by its own design.
type Dovecot struct {
	Addr     string // host:port of IMAP in clear
	TLSAddr  string // host:port of IMAP over TLS
	CAFile   string // PEM file with the certificate that TLSAddr shows, valid for localhost and 127.0.0.1
	User     string
	Password string

	// What is handed in at these goes on to Relay, where whoever wants to see it listens.
	SubmissionAddr    string // host:port of SMTP, in clear before STARTTLS
	SubmissionTLSAddr string // host:port of SMTP over TLS
	Relay             string // host:port

	dir     string
	lmtp    string // host:port that takes deliveries
	binary  string
	account account
	process *process
}

// StartDovecot starts a mail server that keeps its mail in dir, which must exist and is best new. Started by root it
// runs as an account without rights, for which dir and its parents below the temporary folder are
// opened. ctx bounds the start, not the server's life.
func StartDovecot(ctx context.Context, dir string) (*Dovecot, error) {
	binary, err := dovecotBinary(ctx)
	if err != nil {
		return nil, err
	}
	runAs, err := unprivileged()
	if err != nil {
		return nil, err
	}
	d := &Dovecot{User: "ops", Password: rand.Text(), CAFile: filepath.Join(dir, "cert.pem"), dir: dir, binary: binary, account: runAs}
	if err := d.configure(); err != nil {
		return nil, fmt.Errorf("configure Dovecot: %w", err)
	}
	if err := d.start(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// dovecotBinary finds a Dovecot whose configuration we can write, with the services that we need.
func dovecotBinary(ctx context.Context) (string, error) {
	const install = "apt-get install dovecot-imapd dovecot-lmtpd dovecot-submissiond"
	binary, found := find("dovecot")
	if !found {
		return "", &MissingError{Peer: "Dovecot", Reason: "no dovecot in PATH", Install: install}
	}
	for _, service := range []string{"imap", "lmtp", "submission"} {
		if _, err := os.Stat(filepath.Join("/usr/lib/dovecot", service)); err != nil {
			return "", &MissingError{Peer: "Dovecot", Reason: "no service " + service, Install: install}
		}
	}
	version, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask Dovecot for its version: %w", err)
	}
	if !strings.HasPrefix(string(version), "2.3.") {
		return "", &MissingError{
			Peer: "Dovecot", Reason: "its version is " + strings.TrimSpace(string(version)), Install: "these tests need 2.3",
		}
	}
	return binary, nil
}

// configure writes everything Dovecot reads.
func (d *Dovecot) configure() error {
	ports, err := d.takePorts()
	if err != nil {
		return err
	}
	for _, name := range []string{"run", "state", "home", "mail"} {
		if err := os.MkdirAll(filepath.Join(d.dir, name), 0o755); err != nil {
			return err
		}
	}
	if err := writeCertificate(d.CAFile, filepath.Join(d.dir, "key.pem")); err != nil {
		return err
	}
	login := fmt.Sprintf("%s:{PLAIN}%s:::::\n", d.User, d.Password)
	if err := os.WriteFile(filepath.Join(d.dir, "passwd"), []byte(login), 0o600); err != nil {
		return err
	}
	var config strings.Builder
	page := template.Must(template.New("dovecot.conf").Parse(dovecotConfig))
	if err := page.Execute(&config, map[string]any{
		"Dir": d.dir, "Account": d.account.name, "Group": d.account.group,
		"IMAP": ports[0], "IMAPS": ports[1], "LMTP": ports[2],
		"Submission": ports[3], "Submissions": ports[4], "Relay": ports[5],
	}); err != nil {
		return err
	}
	if err := os.WriteFile(d.config(), []byte(config.String()), 0o600); err != nil {
		return err
	}
	return d.account.own(d.dir)
}

// takePorts fills in the addresses and gives their ports: IMAP, IMAP over TLS, LMTP, SMTP, SMTP over TLS, and where
// that goes on to.
func (d *Dovecot) takePorts() ([6]string, error) {
	var ports [6]string
	free, err := freeAddresses(len(ports))
	if err != nil {
		return ports, err
	}
	for i, address := range []*string{&d.Addr, &d.TLSAddr, &d.lmtp, &d.SubmissionAddr, &d.SubmissionTLSAddr, &d.Relay} {
		if _, ports[i], err = net.SplitHostPort(free[i]); err != nil {
			return ports, err
		}
		*address = free[i]
	}
	return ports, nil
}

func (d *Dovecot) config() string { return filepath.Join(d.dir, "dovecot.conf") }

func (d *Dovecot) start(ctx context.Context) error {
	cmd := exec.Command(d.binary, "-F", "-c", d.config())
	cmd.Dir = d.dir
	if d.account.foreign {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: d.account.uid, Gid: d.account.gid}}
	}
	process, err := launch(cmd, filepath.Join(d.dir, "start.log"))
	if err != nil {
		return err
	}
	d.process = process
	for _, address := range []string{d.Addr, d.TLSAddr, d.lmtp, d.SubmissionAddr, d.SubmissionTLSAddr} {
		if err := process.ready(ctx, answers(address)); err != nil {
			d.Stop()
			return errors.Join(err, errors.New(tail(d.LogFile())))
		}
	}
	return nil
}

// LogFile is where the server's own log is.
func (d *Dovecot) LogFile() string { return filepath.Join(d.dir, "dovecot.log") }

// Stop ends the server and cuts its connections; the mail stays.
func (d *Dovecot) Stop() { d.process.stop() }

// Restart ends the server if it runs and starts it again, with the same mail and at the same addresses.
func (d *Dovecot) Restart() error {
	d.Stop()
	return d.start(context.Background())
}

// Deliver puts a mail into INBOX as a mail server would, over LMTP: headers Return-Path, Delivered-To and Received are
// added on top, the rest stays as it is but for line ends, which become CRLF.
func (d *Dovecot) Deliver(raw []byte) error {
	if err := deliver(d.lmtp, "sender@localhost", d.User, raw); err != nil {
		return fmt.Errorf("deliver mail: %w", err)
	}
	return nil
}
