package alerts

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"ronde/store"
)

// What a server in memory cannot show is shown by a real Dovecot. It announces new mail half a second after delivery.
func TestMailboxOnDovecot(t *testing.T) {
	dovecot := startDovecot(t)
	for name, story := range map[string]func(*testing.T, *dovecotWorld){
		"push":              storyPush,
		"idle restarts":     storyIdleRestarts,
		"no idle":           storyNoIdle,
		"cut connections":   storyCutConnections,
		"renumbered folder": storyRenumberedFolder,
		"deleted mail":      storyDeletedMail,
		"unreadable mail":   storyUnreadableMail,
		"flood":             storyFlood,
		"tls":               storyTLS,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, newDovecotWorld(t, dovecot))
		})
	}
}

func storyPush(t *testing.T, w *dovecotWorld) {
	w.start()
	var slowest time.Duration
	for n := range 5 {
		began := time.Now()
		w.deliver(fmt.Sprint("mail ", n))
		w.wait(n + 1)
		slowest = max(slowest, time.Since(began))
	}
	t.Logf("slowest of 5 deliveries until stored: %v", slowest)
	if slowest > 10*time.Second { // far below the poll
		t.Errorf("no push: %v", slowest)
	}
	for _, flags := range w.flags() {
		if slices.Contains(flags, imap.FlagSeen) {
			t.Error("reading marked a mail as seen")
		}
	}
}

func storyIdleRestarts(_ *testing.T, w *dovecotWorld) {
	w.box.Config.Poll = 30 * time.Millisecond
	w.start()
	for n := range 40 {
		w.deliver(fmt.Sprint("mail ", n))
	}
	w.wait(40)
}

func storyNoIdle(t *testing.T, w *dovecotWorld) {
	proxy := startProxy(t, &faultProxy{target: w.server.imap, rewrite: func(said []byte) []byte {
		return bytes.ReplaceAll(said, []byte(" IDLE"), []byte(" XXXX"))
	}})
	w.box.Config.Address = proxy.address
	w.box.Config.Poll = 100 * time.Millisecond
	w.start()
	w.deliver("one")
	w.wait(1)
	w.deliver("two")
	w.wait(2)
	if !strings.Contains(w.log.String(), "idle=false") {
		t.Error("the proxy did not hide IDLE")
	}
}

func storyCutConnections(t *testing.T, w *dovecotWorld) {
	for n := range 60 {
		w.deliver(fmt.Sprint("mail ", n, " ", strings.Repeat("-", 700)))
	}
	proxy := startProxy(t, &faultProxy{target: w.server.imap, budgets: []int{700, 9000, 20000, 32000}, delay: time.Millisecond})
	w.box.Config.Address = proxy.address
	w.start()
	w.wait(60)
	w.deliver("last")
	w.wait(61)
	if n := proxy.cuts.Load(); n < 3 {
		t.Errorf("the proxy cut %d connections only", n)
	}
}

func storyRenumberedFolder(_ *testing.T, w *dovecotWorld) {
	w.box.Config.Folder = "Alerts"
	w.box.Config.Poll = time.Second // Dovecot does not tell who idles on a folder that another took its place
	must(w.t, w.client.Create("Alerts", nil).Wait())
	w.deliver("one")
	w.deliver("two")
	w.start()
	w.wait(2)
	w.stop()
	must(w.t, w.client.Delete("Alerts").Wait())
	must(w.t, w.client.Create("Alerts", nil).Wait())
	w.deliver("two")
	w.deliver("three")
	w.deliver("one")
	w.start()
	w.wait(3)
	must(w.t, w.client.Rename("Alerts", "Old", nil).Wait())
	must(w.t, w.client.Create("Alerts", nil).Wait())
	w.deliver("two")
	w.deliver("four")
	w.wait(4)
	w.deliver("five")
	w.wait(5)
	if n := strings.Count(w.log.String(), "renumbered"); n != 2 {
		w.t.Errorf("renumbered %d times, want 2", n)
	}
}

func storyDeletedMail(_ *testing.T, w *dovecotWorld) {
	w.start()
	w.deliver("one")
	w.deliver("two")
	w.wait(2)
	w.expunge()
	w.deliver("three")
	w.wait(3)
	w.expunge()
	w.stop()
	w.deliver("read by a person before the bot is back")
	w.expunge()
	w.deliver("four")
	w.start()
	w.wait(4)
}

// storyUnreadableMail takes a mail's file away from Dovecot, as a damaged disk would.
func storyUnreadableMail(t *testing.T, w *dovecotWorld) {
	w.deliver("one")
	w.deliver("two, unreadable")
	w.deliver("three")
	files, err := filepath.Glob(filepath.Join(w.server.dir, "mail", w.user, "*", "*"))
	must(t, err)
	hidden := 0
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil && bytes.Contains(raw, []byte("two, unreadable")) && !strings.Contains(file, "dovecot") {
			must(t, os.Chmod(file, 0))
			hidden++
		}
	}
	if hidden != 1 {
		t.Fatalf("hid %d files", hidden)
	}
	w.start()
	w.wait(3)
	w.deliver("four")
	w.wait(4)
	if got := w.subjects(); got[0] != "one" || !strings.Contains(got[1], "UID 2") || got[2] != "three" {
		t.Errorf("stored are %q", got)
	}
}

func storyFlood(t *testing.T, w *dovecotWorld) {
	w.box.Config.MaxBytes = 1 << 16
	for n := range 300 {
		w.deliver(fmt.Sprint("mail ", n))
	}
	w.append([]byte("Subject: big\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 1<<16)))
	w.start()
	w.wait(301)
	mails := w.stored()
	if last := mails[300]; last.Size < 4<<20 || len(last.Raw) != 1<<16 {
		t.Errorf("the big mail: size %d, kept %d", last.Size, len(last.Raw))
	}
}

func storyTLS(t *testing.T, w *dovecotWorld) {
	w.deliver("one")
	for n, c := range []struct{ tls, address string }{{TLSImplicit, w.server.imaps}, {TLSStart, w.server.imap}} {
		w.box.Config.TLS, w.box.Config.Address, w.box.Config.CAFile = c.tls, c.address, w.server.caFile
		w.start()
		w.deliver(c.tls)
		w.wait(n + 2)
		w.stop()
		w.box.Config.CAFile = ""
		w.start()
		w.until("a certificate is refused", func() bool { return strings.Contains(w.box.Health().Err, "certificate") })
		w.stop()
	}
}

// BenchmarkMailbox measures from the server's announcement of a mail to its commit in a real store.
func BenchmarkMailbox(b *testing.B) {
	w := newDovecotWorld(b, startDovecot(b))
	pushes := make(chan time.Time, 1)
	proxy := startProxy(b, &faultProxy{target: w.server.imap, rewrite: func(said []byte) []byte {
		if bytes.Contains(said, []byte(" EXISTS")) {
			select {
			case pushes <- time.Now():
			default:
			}
		}
		return said
	}})
	taken := make(chan time.Time, 1)
	w.box.Taken = func() { taken <- time.Now() }
	w.box.Config.Address = proxy.address
	w.start()
	w.deliver("warm up")
	<-taken
	var all []time.Duration
	for n := 0; b.Loop(); n++ {
		for len(pushes) > 0 {
			<-pushes
		}
		w.deliver(fmt.Sprint("mail ", n))
		all = append(all, -(<-pushes).Sub(<-taken))
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "ms-max")
}

// dovecotWorld is a mailbox over a real store, and one user of the real server.
type dovecotWorld struct {
	t      testing.TB
	server *dovecotServer
	user   string
	client *imapclient.Client // the person's own connection
	box    *Mailbox
	store  *store.Store
	log    *lockedBuffer
	stop   func()
}

const dovecotPassword = "secret-pass"

func newDovecotWorld(t testing.TB, server *dovecotServer) *dovecotWorld {
	w := &dovecotWorld{t: t, server: server, log: new(lockedBuffer), stop: func() {}}
	w.user = strings.ReplaceAll(filepath.Base(t.Name()), "_", "-")
	var err error
	w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	must(t, err)
	w.client, err = imapclient.DialInsecure(server.imap, nil)
	must(t, err)
	must(t, w.client.Login(w.user, dovecotPassword).Wait())
	w.box = &Mailbox{
		Config: MailboxConfig{Address: server.imap, TLS: TLSNone, User: w.user, Password: dovecotPassword, Poll: 10 * time.Minute},
		Inbox:  w.store,
		Log:    slog.New(slog.NewTextHandler(w.log, nil)),

		firstPause: 20 * time.Millisecond,
	}
	t.Cleanup(func() {
		w.stop()
		w.client.Close()
		w.store.Close()
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return w
}

func (w *dovecotWorld) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.box.Run(ctx)
	}()
	w.stop = func() { cancel(); <-done }
}

func (w *dovecotWorld) folder() string {
	if w.box.Config.Folder != "" {
		return w.box.Config.Folder
	}
	return "INBOX"
}

func (w *dovecotWorld) deliver(subject string) {
	w.t.Helper()
	w.append(fmt.Appendf(nil, "Subject: %s\r\n\r\nHello.\r\n", subject))
}

func (w *dovecotWorld) append(raw []byte) {
	w.t.Helper()
	cmd := w.client.Append(w.folder(), int64(len(raw)), nil)
	_, err := cmd.Write(raw)
	must(w.t, err)
	must(w.t, cmd.Close())
	_, err = cmd.Wait()
	must(w.t, err)
}

// expunge deletes every mail, as a person at a mail program does.
func (w *dovecotWorld) expunge() {
	w.t.Helper()
	_, err := w.client.Select(w.folder(), nil).Wait()
	must(w.t, err)
	all := imap.SeqSet{{Start: 1, Stop: 0}}
	must(w.t, w.client.Store(all, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close())
	must(w.t, w.client.UnselectAndExpunge().Wait())
}

func (w *dovecotWorld) flags() (flags [][]imap.Flag) {
	w.t.Helper()
	_, err := w.client.Select(w.folder(), &imap.SelectOptions{ReadOnly: true}).Wait()
	must(w.t, err)
	msgs, err := w.client.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Flags: true}).Collect()
	must(w.t, err)
	for _, msg := range msgs {
		flags = append(flags, msg.Flags)
	}
	return flags
}

func (w *dovecotWorld) stored() (mails []store.Mail) {
	w.t.Helper()
	must(w.t, w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		mails, err = tx.NewMail(1000)
		return err
	}))
	return mails
}

func (w *dovecotWorld) subjects() (subjects []string) {
	for _, m := range w.stored() {
		line, _, _ := strings.Cut(string(m.Raw[bytes.Index(m.Raw, []byte("Subject: "))+9:]), "\r\n")
		subjects = append(subjects, line)
	}
	return subjects
}

// wait returns when exactly n mails are stored.
func (w *dovecotWorld) wait(n int) {
	w.t.Helper()
	w.until(fmt.Sprintf("%d mails are stored", n), func() bool { return len(w.stored()) >= n })
	if got := len(w.stored()); got != n {
		w.t.Fatalf("%d mails are stored, want %d: %q", got, n, w.subjects())
	}
}

func (w *dovecotWorld) until(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within a minute: %s; stored are %q", what, w.subjects())
		}
	}
}

// dovecotServer is a Dovecot 2.3 of its own in a temporary directory, on loopback, without privileges;
// every user name exists, with the same password.
type dovecotServer struct {
	dir                 string
	imap, imaps, caFile string
}

func startDovecot(t testing.TB) *dovecotServer {
	t.Helper()
	if _, err := exec.LookPath("dovecot"); err != nil {
		if os.Getenv("RONDE_PEERS") == "required" {
			t.Fatal("dovecot is not installed: apt-get install dovecot-imapd")
		}
		t.Skip("dovecot is not installed: apt-get install dovecot-imapd")
	}
	d := &dovecotServer{dir: t.TempDir(), imap: freeAddress(t), imaps: freeAddress(t)}
	d.caFile = filepath.Join(d.dir, "cert.pem")
	writeCertificate(t, d.caFile, filepath.Join(d.dir, "key.pem"))
	account := dovecotAccount(t)
	d.configure(t, account)
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
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
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

func (d *dovecotServer) configure(t testing.TB, account *user.User) {
	t.Helper()
	group, err := user.LookupGroupId(account.Gid)
	must(t, err)
	var conf bytes.Buffer
	must(t, template.Must(template.New("").Parse(dovecotConf)).Execute(&conf, map[string]string{
		"Dir": d.dir, "User": account.Username, "Group": group.Name, "Password": dovecotPassword,
		"IMAP": port(d.imap), "IMAPS": port(d.imaps),
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

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
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
`
