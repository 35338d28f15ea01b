package alerts

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"ronde/e2e/peers"
)

// dovecotServer is a Dovecot 2.3 of its own in a temporary directory, on loopback, without privileges;
// every user name exists, with the same password.
type dovecotServer struct {
	dir                 string
	imap, imaps, caFile string
}

// startDovecot starts a server; settings are further lines of its configuration.
func startDovecot(t testing.TB, settings ...string) *dovecotServer {
	t.Helper()
	if _, err := exec.LookPath("dovecot"); err != nil {
		if os.Getenv("RONDE_PEERS") == "required" {
			t.Fatal("dovecot is not installed: apt-get install dovecot-imapd")
		}
		t.Skip("dovecot is not installed: apt-get install dovecot-imapd")
	}
	d := &dovecotServer{dir: t.TempDir(), imap: peers.FreeAddress(t), imaps: peers.FreeAddress(t)}
	d.caFile = filepath.Join(d.dir, "cert.pem")
	writeCertificate(t, d.caFile, filepath.Join(d.dir, "key.pem"))
	account := dovecotAccount(t)
	d.configure(t, account, settings)
	d.own(t, account)

	cmd := exec.Command("dovecot", "-F", "-c", filepath.Join(d.dir, "dovecot.conf"))
	if os.Getuid() == 0 {
		uid, gid := number(t, account.Uid), number(t, account.Gid)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	}
	must(t, cmd.Start())
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-exited
		if t.Failed() {
			said, _ := os.ReadFile(filepath.Join(d.dir, "dovecot.log"))
			t.Logf("dovecot said:\n%s", said)
		}
	})
	d.waitReady(t, exited)
	return d
}

func (d *dovecotServer) waitReady(t testing.TB, exited <-chan struct{}) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", d.imap); err == nil {
			conn.Close()
			return
		}
		select {
		case <-exited:
			t.Fatal("dovecot ended at once")
		default:
		}
	}
	t.Fatal("dovecot does not answer")
}

// dovecotAccount is who Dovecot runs as: whoever runs the test, but never root.
func dovecotAccount(t testing.TB) *user.User {
	t.Helper()
	if os.Getuid() != 0 {
		account, err := user.Current()
		must(t, err)
		return account
	}
	account, err := user.Lookup("nobody")
	must(t, err)
	return account
}

func (d *dovecotServer) configure(t testing.TB, account *user.User, settings []string) {
	t.Helper()
	group, err := user.LookupGroupId(account.Gid)
	must(t, err)
	var conf bytes.Buffer
	must(t, template.Must(template.New("").Parse(dovecotConf)).Execute(&conf, map[string]string{
		"Dir": d.dir, "User": account.Username, "Group": group.Name, "Password": dovecotPassword,
		"IMAP": port(d.imap), "IMAPS": port(d.imaps), "Settings": strings.Join(settings, "\n"),
	}))
	must(t, os.WriteFile(filepath.Join(d.dir, "dovecot.conf"), conf.Bytes(), 0o644))
	for _, sub := range []string{"run", "state", "home", "mail"} {
		must(t, os.Mkdir(filepath.Join(d.dir, sub), 0o755))
	}
}

// own gives the directory to the account, which must also be able to reach it.
func (d *dovecotServer) own(t testing.TB, account *user.User) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	must(t, os.Chmod(filepath.Dir(d.dir), 0o755))
	must(t, filepath.WalkDir(d.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(number(t, account.Uid)), int(number(t, account.Gid)))
	}))
}

func number(t testing.TB, s string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 32)
	must(t, err)
	return uint32(n)
}

func port(address string) string {
	_, p, _ := net.SplitHostPort(address)
	return p
}

func writeCertificate(t testing.TB, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	must(t, err)
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	der, err = x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
}

const dovecotConf = `base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = {{.Dir}}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {{.User}}
default_internal_group = {{.Group}}
default_login_user = {{.User}}
first_valid_uid = 1
mail_location = maildir:{{.Dir}}/mail/%u
mail_home = {{.Dir}}/home/%u
mail_fsync = never
mail_max_userip_connections = 50
disable_plaintext_auth = no
auth_mechanisms = plain login
ssl = yes
ssl_cert = <{{.Dir}}/cert.pem
ssl_key = <{{.Dir}}/key.pem
ssl_dh =
passdb {
  driver = static
  args = password={{.Password}}
}
userdb {
  driver = static
  args = uid={{.User}} gid={{.Group}} home={{.Dir}}/home/%u
}
namespace inbox {
  inbox = yes
  separator = /
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = {{.IMAP}}
  }
  inet_listener imaps {
    port = {{.IMAPS}}
    ssl = yes
  }
}
service auth {
  chroot =
  user = {{.User}}
}
service auth-worker {
  user = {{.User}}
}
service stats {
  chroot =
}
{{.Settings}}
`
