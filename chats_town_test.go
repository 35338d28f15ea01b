package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ronde/alerts"
	"ronde/bot"
	"ronde/config"
	"ronde/e2e/homeserver"
	"ronde/e2e/postbox"
	"ronde/store"
)

const self = "@ronde:ronde.test"

// chat is a town for one conversation: a homeserver with three people and two
// rooms, and the bot with what it keeps.
type chat struct {
	t     *testing.T
	srv   *homeserver.Server
	token string
	rooms map[string]string // technique, supervision → id
	dir   string
	log   *logbook
	paris *time.Location

	settings, tables string // the configuration: what stands before the tables, and them
	rights           int
	prompts, digest  string // what stands in these tables
	people           string
	listed           []string // who may do everything

	store    *store.Store // nil while the bot is down
	service  *service     // so is this
	met      *ronde       // the one of the service that had time to settle
	hangups  chan os.Signal
	end      func() error
	outside  func(homeserver http.RoundTripper) http.RoundTripper // nil: there is only the homeserver
	engines  *engines                                             // nil: the hosts' own
	prepare  func(*ronde)                                         // before it starts; may be nil
	pages    *postbox.Box                                         // nil: nobody can be paged
	mails    []store.Mail                                         // came while the bot was down
	mailNow  uint32                                               // the UID of the last mail
	harmed   bool                                                 // the log may hold errors
	kumaIsIn bool                                                 // Uptime Kuma's account is in Supervision

	seen       map[string]int // how many events of each room were looked at
	pending    []utterance    // what the bot said and the script did not have yet
	last       utterance      // what the script had last
	card       string         // the card that it had last
	words      map[string]string
	taps       map[string][]string // of each person and emoji, their reactions
	transcript strings.Builder
}

// logbook is where the bot logs to.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newChat(t *testing.T) *chat {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	c := &chat{
		t: t, srv: homeserver.New(homeserver.Options{}), dir: scratch(t), log: &logbook{}, paris: paris,
		settings: "language = \"fr\"\n", rooms: map[string]string{}, seen: map[string]int{},
		words: map[string]string{}, taps: map[string][]string{},
	}
	for _, name := range []string{"ronde", "ana", "bruno", "chloe"} {
		c.srv.Register(name, "a long password")
	}
	c.token = c.srv.Token("ronde", "RONDE")
	return c
}

// scratch is a folder in memory where there is one: a day of the bot's life is some
// thousand transactions, and each waits for the disk.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ronde-chat")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// furnish makes the rooms, the first time that something happens in them: only
// then is the clock right.
func (c *chat) furnish() {
	if len(c.rooms) > 0 {
		return
	}
	for _, name := range []string{bot.Technique, bot.Supervision} {
		c.rooms[name] = c.srv.CreateRoom("ana", homeserver.RoomOptions{Alias: name, Invite: []string{"bruno", "chloe", "ronde"}})
		c.srv.Join("bruno", c.rooms[name])
		c.srv.Join("chloe", c.rooms[name])
	}
}

// configure reads the settings as config.toml would have them.
func (c *chat) configure() (config.Config, error) {
	doc := c.settings + fmt.Sprintf("[matrix]\nhomeserver = %q\nuser = %q\ninviters = [\"@ana:ronde.test\"]\nevents_per_second = 0\n", homeserver.URL, self) +
		"[rooms]\ntechnique = \"#technique:ronde.test\"\nsupervision = \"#supervision:ronde.test\"\n" +
		c.prompting() +
		fmt.Sprintf("[rights]\nact = %d\npeople = [%s]\n", c.rights, strings.Join(c.listed, ", ")) + c.tables + served()
	read, mistakes := config.Parse(filepath.Join(c.dir, "config.toml"), []byte(doc), lookup)
	if len(mistakes) > 0 {
		return read, mistakes
	}
	read.KumaUser = kumaUser
	read.Trust = alerts.Trust{AuthServID: "mx.exemple-asso.fr"}
	return unheard(read), nil
}

// prompting writes how routines are asked for. Only a script that wants a digest gets
// one.
func (c *chat) prompting() string {
	return "[prompts]\n" + c.prompts + "[people]\n" + c.people + "[digest]\n" + cmp.Or(c.digest, "day = \"none\"\n")
}

// settling is how long the bot is given to find its rooms and to say what it has to
// say there.
const settling = 100 * time.Millisecond

// start runs the bot on what it keeps.
func (c *chat) start() error {
	if c.service != nil {
		return fmt.Errorf("the bot runs already")
	}
	c.furnish()
	read, err := c.configure()
	if err != nil {
		return err
	}
	if c.store, err = store.Open(c.t.Context(), filepath.Join(c.dir, "ronde.db")); err != nil {
		return err
	}
	if err := c.logIn(); err != nil {
		return err
	}
	level := &slog.LevelVar{}
	log := slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: level}))
	whole, err := newService(read, &service{load: c.configure, store: c.store, log: log, level: level, http: c.client(), dial: c.dialer()})
	if err != nil {
		return err
	}
	if c.prepare != nil {
		c.prepare(whole.atWork())
	}
	c.service, c.met, c.hangups = whole, whole.atWork(), make(chan os.Signal, 1)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- whole.run(ctx, c.hangups) }()
	c.end = func() error { cancel(); return <-done }
	mails := c.mails
	c.mails = nil
	if err := c.deliver(mails...); err != nil {
		return err
	}
	time.Sleep(settling)
	return nil
}

// client reaches the homeserver, and what else the test has.
func (c *chat) client() *http.Client {
	client := c.srv.Client()
	if c.pages != nil {
		client.Transport = pageRoads{c.pages, client.Transport}
	}
	if c.outside != nil {
		client.Transport = c.outside(client.Transport)
	}
	return client
}

// settle waits until the bot did what there is to do, and gives one that took over
// the time that a start has.
func (c *chat) settle() {
	synctest.Wait()
	for c.service != nil && c.service.atWork() != c.met {
		c.met = c.service.atWork()
		time.Sleep(settling)
		synctest.Wait()
	}
}

// logIn keeps the account of a device that is logged in already.
func (c *chat) logIn() error {
	account, err := json.Marshal(bot.Account{
		Homeserver: homeserver.URL, UserID: self, DeviceID: "RONDE", AccessToken: c.token, PickleKey: "of a story",
	})
	if err != nil {
		return err
	}
	return c.store.SetValue(c.t.Context(), "matrix.account", string(account))
}

// stop ends the bot as a signal would. It is no mistake when there is none.
func (c *chat) stop() {
	if c.end != nil {
		if err := c.end(); err != nil {
			c.t.Errorf("the bot ended with: %v", err)
		}
	}
	if c.store != nil {
		if err := c.store.Close(); err != nil {
			c.t.Errorf("close the store: %v", err)
		}
	}
	if log := c.log.String(); strings.Contains(log, "level=ERROR") && !c.harmed && !c.t.Failed() {
		c.t.Errorf("the log holds errors:\n%s", log)
	}
	c.service, c.store, c.end = nil, nil, nil
}

// killOnSend ends the bot, when the script next says stop, in the state that it
// is in while the homeserver has its next message and the answer is on its way. The
// homeserver then forgets that message's transaction id.
func (c *chat) killOnSend() {
	copied := filepath.Join(c.dir, "killed.db")
	var once sync.Once
	c.srv.SetFaults(func(r homeserver.Request) (fault homeserver.Fault) {
		if r.Kind == homeserver.Send && r.User == self {
			once.Do(func() {
				fault.Drop, fault.Forget = homeserver.DropAnswer, true
				fault.After = func() {
					if err := c.store.Backup(context.Background(), copied); err != nil {
						c.t.Errorf("copy the store: %v", err)
					}
				}
			})
		}
		return fault
	})
}

// rewind puts the copy of killOnSend in the place of the store.
func (c *chat) rewind() error {
	copied := filepath.Join(c.dir, "killed.db")
	if _, err := os.Stat(copied); err != nil {
		return nil //nolint:nilerr // nobody was killed
	}
	c.srv.SetFaults(nil)
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.RemoveAll(filepath.Join(c.dir, "ronde.db"+end)); err != nil {
			return err
		}
	}
	return os.Rename(copied, filepath.Join(c.dir, "ronde.db"))
}

// deliver puts mails where the mailbox would, or keeps them for the next start.
func (c *chat) deliver(mails ...store.Mail) error {
	if len(mails) == 0 {
		return nil
	}
	if c.service == nil {
		c.mails = append(c.mails, mails...)
		return nil
	}
	cursor := store.Cursor{UIDValidity: 1, UID: mails[len(mails)-1].UID, Received: mails[len(mails)-1].Received}
	if _, err := c.store.TakeMail(c.t.Context(), cursor, "INBOX", mails); err != nil {
		return err
	}
	c.service.atWork().alerts.Wake()
	return nil
}

func (c *chat) mail(raw string) error {
	c.mailNow++
	return c.deliver(store.Mail{
		Folder: "INBOX", UIDValidity: 1, UID: c.mailNow, Received: time.Now().Truncate(time.Second),
		Size: int64(len(raw)), Raw: []byte(raw), Hash: hashOf([]byte(raw)),
	})
}
