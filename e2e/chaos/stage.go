package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"ronde/e2e/homeserver"
	"ronde/e2e/peers"
	"ronde/e2e/scene"
)

// stage is what all seeds share: the program, the mail server, and a database in
// which the bot is logged in. The homeservers all draw their ids from the same
// seed, so that the login of one is good for the others.
type stage struct {
	dir     string
	program string
	preload string // what kills the bot after a transaction
	dovecot *peers.Dovecot
	account []byte // the database
	device  string

	mu      sync.Mutex
	courier *imapclient.Client // delivers for all seeds: Dovecot counts connections
}

const (
	idSeed      = 4
	botName     = "ronde"
	botID       = "@ronde:ronde.test"
	botPassword = "a password for the bot"
)

// newStage prepares everything in dir. An empty program is built.
func newStage(ctx context.Context, dir, program string, dovecot *peers.Dovecot) (s *stage, err error) {
	s = &stage{dir: dir, program: program, dovecot: dovecot}
	if program == "" {
		changes, err := overlay(ctx, dir)
		if err != nil {
			return nil, err
		}
		if s.program, err = scene.Build(ctx, dir, "-overlay", changes); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(s.compile(ctx), s.connect(), s.login(ctx)); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// startDovecot starts a mail server that keeps its mail below dir.
func startDovecot(ctx context.Context, dir string) (*peers.Dovecot, error) {
	mail := filepath.Join(dir, "mail")
	// Dovecot may run as somebody else, who has to get there.
	if err := errors.Join(os.Chmod(dir, 0o711), os.Mkdir(mail, 0o755)); err != nil {
		return nil, err
	}
	return peers.StartDovecot(ctx, mail)
}

//go:embed commit/commit.c
var commitSource []byte

func (s *stage) compile(ctx context.Context) error {
	s.preload = filepath.Join(s.dir, "commit.so")
	compiler := exec.CommandContext(ctx, cmp.Or(os.Getenv("CC"), "cc"), "-shared", "-fPIC", "-O2", "-x", "c", "-", "-o", s.preload, "-ldl")
	compiler.Stdin = bytes.NewReader(commitSource)
	if out, err := compiler.CombinedOutput(); err != nil {
		return fmt.Errorf("compile commit.c: %w\n%s", err, out)
	}
	return nil
}

func (s *stage) close() {
	if s.courier != nil {
		_ = s.courier.Close()
	}
}

func (s *stage) connect() (err error) {
	if s.courier, err = imapclient.DialInsecure(s.dovecot.Addr, nil); err != nil {
		return fmt.Errorf("connect to Dovecot: %w", err)
	}
	if err := s.courier.Login(s.dovecot.User, s.dovecot.Password).Wait(); err != nil {
		return fmt.Errorf("log in to Dovecot: %w", err)
	}
	return nil
}

// reconnect has Dovecot look anew: to whoever was there when a folder took the place of
// another, it may say for ever that the folder is deleted.
func (s *stage) reconnect() error {
	_ = s.courier.Close() // a new one follows
	return s.connect()
}

// anew does something with the courier, and once more where the connection was lost: now and then
// Dovecot hangs up ("IMAP session state is inconsistent") on whoever looks at a folder that took the
// place of another. Without that, all seeds to come would fail with the one.
func (s *stage) anew(do func() error) error {
	err := do()
	if _, refused := errors.AsType[*imap.Error](err); err == nil || refused {
		return err
	}
	if again := s.reconnect(); again != nil {
		return errors.Join(err, again)
	}
	return do()
}

// folder makes a folder for a seed. Dovecot's index of folders may answer that one
// is there already when others are made and used at the same moment; it is as good.
func (s *stage) folder(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.anew(func() error { return s.courier.Create(name, nil).Wait() })
	if refusal, ok := errors.AsType[*imap.Error](err); ok && refusal.Code == imap.ResponseCodeAlreadyExists {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the folder %s: %w", name, err)
	}
	return nil
}

// renumber gives a folder a new UIDVALIDITY and its mails new UIDs, as a move to another
// server does: the mails are copied, and the copy takes the folder's place.
func (s *stage) renumber(name string) error {
	fresh, old := name+"-fresh", name+"-old"
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reconnect(); err != nil {
		return err
	}
	if err := s.anew(func() error { return s.copyFolder(name, fresh) }); err != nil {
		return fmt.Errorf("copy the folder %s: %w", name, err)
	}
	for _, step := range []func() error{
		s.courier.Rename(name, old, nil).Wait, s.courier.Rename(fresh, name, nil).Wait, s.courier.Delete(old).Wait,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("renumber the folder %s: %w", name, errors.Join(err, s.reconnect()))
		}
	}
	return s.reconnect()
}

// copyFolder copies a folder's mails into a new one, which may be there from a try before.
func (s *stage) copyFolder(name, fresh string) error {
	_ = s.courier.Delete(fresh).Wait() // mostly there is none
	if err := s.courier.Create(fresh, nil).Wait(); err != nil {
		return err
	}
	folder, err := s.courier.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return err
	}
	if folder.NumMessages > 0 {
		if _, err := s.courier.Copy(imap.SeqSet{{Start: 1, Stop: 0}}, fresh).Wait(); err != nil {
			return err
		}
	}
	return s.courier.Unselect().Wait()
}

// remove takes a folder away.
func (s *stage) remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.anew(func() error { return s.courier.Delete(name).Wait() })
	if _, refused := errors.AsType[*imap.Error](err); refused {
		return nil // it ends with the mail server
	}
	return err
}

// deliver puts mails into a folder, one behind the other without waiting.
func (s *stage) deliver(folder string, mails []mail) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 5 {
		if mails, err = s.put(folder, mails); len(mails) == 0 {
			return nil
		}
		if err := s.reconnect(); err != nil {
			return err
		}
	}
	return fmt.Errorf("deliver to %s: %d mails were refused again and again: %w", folder, len(mails), err)
}

// put returns the mails that were not taken, and why the last was not. Where the connection was lost some
// may have been: to the bot, a mail that comes again is the same.
func (s *stage) put(folder string, mails []mail) (left []mail, err error) {
	under := make([]*imapclient.AppendCommand, 0, len(mails))
	for _, m := range mails {
		add := s.courier.Append(folder, int64(len(m.raw)), nil)
		_, wrong := add.Write(m.raw)
		if err = errors.Join(wrong, add.Close()); err != nil {
			break
		}
		under = append(under, add)
	}
	for i, add := range under {
		if _, wrong := add.Wait(); wrong != nil {
			left, err = append(left, mails[i]), wrong
		}
	}
	return append(left, mails[len(under):]...), err
}

// newTown makes a homeserver with everybody on it. The bot's device is made first,
// so that its token is the same in all of them.
func newTown(device string) *homeserver.Server {
	server := homeserver.New(homeserver.Options{Seed: idSeed, KeepRequests: 100})
	server.Register(botName, botPassword)
	if device != "" {
		server.Token(botName, device)
	}
	for _, name := range names() {
		server.Register(name, "a password for "+name)
	}
	server.Register(kumaName, "a password for Uptime Kuma")
	return server
}

// login has the bot log in once and keeps its database.
func (s *stage) login(ctx context.Context) error {
	server := newTown("")
	url, err := server.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	dir := filepath.Join(s.dir, "login")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	config, err := settings{homeserver: url, rooms: rooms{"!technique:ronde.test", "!supervision:ronde.test"}}.write(dir)
	if err != nil {
		return err
	}
	bot := &scene.Ronde{Program: s.program, Config: config}
	if _, err := bot.Do(ctx, "login"); err != nil {
		return err
	}
	for _, r := range server.Requests() {
		if r.Device != "" {
			s.device = r.Device
		}
	}
	s.account, err = os.ReadFile(filepath.Join(dir, "ronde.db"))
	return err
}

// rooms are the ids of the two rooms.
type rooms struct{ technique, supervision string }

func (r rooms) of(technique bool) string {
	if technique {
		return r.technique
	}
	return r.supervision
}

// settings are what the bot's configuration says.
type settings struct {
	homeserver string
	rooms      rooms
	dovecot    *peers.Dovecot // nil for no mailbox
	mail       string         // where the mail server is reached
	folder     string
	board      string // where the bot listens; "" for nowhere
	chores     []*chore
	storm      int    // how many things are one
	checks     string // what it says of checks of the bot's own
}

// write writes the configuration into dir and returns its path.
func (s settings) write(dir string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `language = "fr"
database = "ronde.db"
[matrix]
homeserver = %q
user = "@ronde:ronde.test"
password_file = "matrix.password"
events_per_second = 0
[rooms]
technique = %q
supervision = %q
kuma_user = "@kuma:ronde.test"
[people]
quiet = "none"
[digest]
day = "none"
[incidents]
reopen = "none"
storm = %d
[[host]]
name = "antigone"
`, s.homeserver, s.rooms.technique, s.rooms.supervision, s.storm)
	files := map[string]string{"matrix.password": botPassword}
	if s.dovecot != nil {
		files["mailbox.password"] = s.dovecot.Password
		// Of a folder that another took the place of, an idling client is told nothing.
		fmt.Fprintf(&b, "[mailbox]\naddress = %q\ntls = \"none\"\nuser = %q\npassword_file = \"mailbox.password\"\nfolders = [%q]\npoll = \"10s\"\nunchecked = [\"@exemple-asso.fr\"]\n",
			s.mail, s.dovecot.User, s.folder)
	}
	if s.board != "" {
		files["hook.secret"] = hookSecret
		fmt.Fprintf(&b, "[board]\nlisten = %q\n", s.board)
		for _, name := range hookNames() {
			fmt.Fprintf(&b, "[[webhook]]\nname = %q\nkind = %[1]q\nsecret_file = \"hook.secret\"\n", name)
		}
	}
	for _, c := range s.chores {
		due := time.Now().AddDate(0, 0, -c.late).Format(time.DateOnly)
		fmt.Fprintf(&b, "[[routine]]\nkey = %q\ntitle = { fr = %q, en = %[2]q }\nevery = \"30d\"\nat = \"00:00\"\nstart = %[3]q\n", c.key(), c.title(), due)
	}
	b.WriteString(s.checks)
	files["config.toml"] = b.String()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return "", fmt.Errorf("write the configuration: %w", err)
		}
	}
	return filepath.Join(dir, "config.toml"), nil
}
