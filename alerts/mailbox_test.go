package alerts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"ronde/store"
)

func TestMailboxConfigCheckNamesEveryMistake(t *testing.T) {
	good := MailboxConfig{Address: "imap.example.org:993", User: "ops", Password: "x"}
	change := func(f func(*MailboxConfig)) MailboxConfig { c := good; f(&c); return c }
	for name, c := range map[string]struct {
		conf MailboxConfig
		want []string
	}{
		"good":              {good, nil},
		"starttls":          {change(func(c *MailboxConfig) { c.TLS = TLSStart }), nil},
		"plain to loopback": {change(func(c *MailboxConfig) { c.TLS, c.Address = TLSNone, "[::1]:143" }), nil},
		"plain elsewhere":   {change(func(c *MailboxConfig) { c.TLS = TLSNone }), []string{"loopback"}},
		"unknown tls":       {change(func(c *MailboxConfig) { c.TLS = "ssl" }), []string{`"ssl"`}},
		"no port":           {change(func(c *MailboxConfig) { c.Address = "imap.example.org" }), []string{"host:port"}},
		"nothing":           {MailboxConfig{}, []string{"host:port", "password"}},
		"negative":          {change(func(c *MailboxConfig) { c.Poll = -1 }), []string{"negative"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.conf.Check()
			if (err == nil) != (c.want == nil) {
				t.Fatalf("Check() = %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Check() = %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestMailboxFirstReadTakesRecentMailOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.deliver("old", 30*time.Hour)
		w.deliver("recent", 23*time.Hour)
		w.deliver("moved here, old", 100*time.Hour)
		w.start()
		time.Sleep(time.Second)
		w.wantSubjects("recent")
		if c, _ := w.inbox.state(); c.UID != 3 {
			t.Errorf("cursor stands at %d, want 3", c.UID)
		}
	})
}

func TestMailboxFirstReadOfAnEmptyFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.start()
		time.Sleep(time.Second)
		if c, known := w.inbox.state(); !known || c.UID != 0 {
			t.Errorf("cursor = %+v, known %v, want a known one at 0", c, known)
		}
		w.deliver("first", 0)
		time.Sleep(2 * time.Minute)
		w.wantSubjects("first")
	})
}

func TestMailboxFindsNewMail(t *testing.T) {
	for name, c := range map[string]struct {
		idle   bool
		within time.Duration
	}{
		"polling when the server cannot push":           {false, pollMost},
		"looking now and then when the push is missing": {true, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				w.noIdle = !c.idle
				w.start()
				time.Sleep(time.Second)
				for n := range 3 {
					w.deliver(fmt.Sprint("mail ", n), 0)
					time.Sleep(c.within + time.Second)
				}
				w.wantSubjects("mail 0", "mail 1", "mail 2")
				if w.inbox.repeated != 0 {
					t.Errorf("%d mails were fetched again", w.inbox.repeated)
				}
				if got := w.taken.Load(); got != 3 {
					t.Errorf("Taken was called %d times, want 3", got)
				}
				if h := w.box.Health(); !h.Connected || time.Since(h.LastOK) > 6*time.Minute || h.Err != "" {
					t.Errorf("health = %+v", h)
				}
			})
		})
	}
}

func TestMailboxComesBackWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.down.Store(true)
		w.start()
		time.Sleep(30 * time.Minute)
		if h := w.box.Health(); h.Connected || !h.LastOK.IsZero() || h.Err == "" {
			t.Errorf("health while the server is away = %+v", h)
		}
		dials := w.dialTimes()
		if n := len(dials); n < 15 || n > 30 {
			t.Errorf("%d tries in half an hour", n)
		}
		for i := 1; i < len(dials); i++ {
			if gap := dials[i].Sub(dials[i-1]); gap < 700*time.Millisecond || gap > backoffMost {
				t.Errorf("pause %d is %v", i, gap)
			}
		}
		w.deliver("while away", 0)
		w.down.Store(false)
		time.Sleep(backoffMost)
		w.wantSubjects("while away")
		w.dropConnections()
		w.deliver("after the cut", 0)
		time.Sleep(backoffMost)
		w.wantSubjects("while away", "after the cut")
	})
}

func TestMailboxRenumberedFolderGivesNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.start()
		w.deliver("one", 0)
		w.deliver("two", 0)
		w.deliver("dated next week", -7*24*time.Hour)
		time.Sleep(11 * time.Minute) // between two polls: none must see the folder half made
		w.wantSubjects("one", "two", "dated next week")
		w.recreateFolder()
		w.deliver("ancient", 90*24*time.Hour)
		w.redeliver("two")
		w.deliver("three", 0)
		w.redeliver("one")
		w.dropConnections()
		time.Sleep(10 * time.Minute)
		w.wantSubjects("one", "two", "dated next week", "three")
		w.deliver("four", 0)
		time.Sleep(10 * time.Minute)
		w.wantSubjects("one", "two", "dated next week", "three", "four")
	})
}

func TestMailboxAFolderWithLowerNumbersIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.inbox.cursor, w.inbox.known = store.Cursor{UIDValidity: 1, UID: 900, Received: time.Now()}, true
		w.deliver("from the restored backup", 0)
		w.start()
		time.Sleep(time.Second)
		w.wantSubjects("from the restored backup")
	})
}

func TestMailboxFailingInboxGetsTheSameMailAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		for n := range 120 {
			w.deliver(fmt.Sprint("mail ", n), 0)
		}
		w.inbox.fail = func(commit int) error {
			if commit < 2 || commit == 4 {
				return errors.New("disk full")
			}
			return nil
		}
		w.start()
		time.Sleep(10 * time.Minute)
		if got := len(w.inbox.subjects()); got != 120 {
			t.Errorf("%d mails are stored, want 120", got)
		}
		if n := w.inbox.repeated; n != 0 {
			t.Errorf("%d mails were handed over again after they were stored", n)
		}
	})
}

func TestMailboxCutsLongMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.Config.MaxBytes = 2000
		w.appendRaw([]byte("Subject: long\r\n\r\n"+strings.Repeat("x", 50000)), time.Now())
		w.appendRaw([]byte("Subject: short\r\n\r\nhello"), time.Now())
		w.appendRaw(nil, time.Now())
		w.start()
		time.Sleep(10 * time.Minute)
		mails := w.inbox.all()
		if len(mails) != 3 {
			t.Fatalf("%d mails are stored, want 3", len(mails))
		}
		for i, want := range []struct {
			size int64
			kept int
		}{{50017, 2000}, {23, 23}, {0, 2}} { // this server adds a line end to an empty mail
			if m := mails[i]; m.Size != want.size || len(m.Raw) != want.kept {
				t.Errorf("mail %d: size %d, kept %d, want %+v", i, m.Size, len(m.Raw), want)
			}
		}
	})
}

func TestMailboxFloodIsTakenInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		for n := range 2000 {
			size := 300
			if n >= 500 && n < 520 {
				size = 3 << 20
			}
			w.appendRaw(fmt.Appendf(nil, "Subject: mail %d\r\n\r\n%s", n, strings.Repeat("x", size)), time.Now())
		}
		w.start()
		time.Sleep(time.Minute)
		subjects := w.inbox.subjects()
		if len(subjects) != 2000 || subjects[0] != "mail 0" || subjects[1999] != "mail 1999" {
			t.Errorf("%d mails are stored, want 2000 in order", len(subjects))
		}
		if w.inbox.mostBytes > batchBytes+(1<<20) {
			t.Errorf("a batch held %d bytes", w.inbox.mostBytes)
		}
	})
}

// Whatever the byte at which the connections of some seconds break, each mail comes once.
func TestMailboxConnectionCutAnywhere(t *testing.T) {
	for after := 40; after < 9000; after += 173 {
		synctest.Test(t, func(t *testing.T) {
			w := newMailWorld(t)
			for n := range 8 {
				w.deliver(fmt.Sprintf("mail %d %s", n, strings.Repeat("-", 500)), 0)
			}
			w.cutAfter.Store(int64(after))
			w.start()
			time.Sleep(5 * time.Second)
			w.cutAfter.Store(0)
			w.dropConnections()
			time.Sleep(20 * time.Minute)
			if got := w.inbox.subjects(); len(got) != 8 {
				t.Errorf("cut after %d bytes: %d mails are stored, want 8: %q", after, len(got), got)
			}
			if got := w.inbox.standIns(); got != 0 {
				t.Errorf("cut after %d bytes: %d stand-ins", after, got)
			}
		})
	}
}

func TestMailboxOneBadMailDoesNotStopTheOthers(t *testing.T) {
	for name, bad := range map[string]func(f fetchCall) (bool, error){
		"text refused": func(f fetchCall) (bool, error) {
			return f.wants(3) && len(f.options.BodySection) > 0, &imap.Error{Type: imap.StatusResponseTypeNo, Text: "internal error"}
		},
		"text left out": func(f fetchCall) (bool, error) {
			return f.wants(3) && len(f.options.BodySection) > 0, nil
		},
		"connection dies at the text": func(f fetchCall) (bool, error) {
			if !f.wants(3) || len(f.options.BodySection) == 0 {
				return false, nil
			}
			f.conn.NetConn().Close()
			return true, io.EOF
		},
		"connection dies at the size": func(f fetchCall) (bool, error) {
			if !f.wants(3) || !f.options.RFC822Size {
				return false, nil
			}
			f.conn.NetConn().Close()
			return true, io.EOF
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				w.fetch = bad
				w.deliver("1", 0)
				w.deliver("2", 0)
				w.deliver("3, the bad one", 0)
				w.deliver("4", 0)
				w.start()
				time.Sleep(20 * time.Minute)
				w.deliver("5", 0)
				time.Sleep(20 * time.Minute)
				got := w.inbox.subjects()
				if w.inbox.repeated != 0 {
					t.Errorf("%d mails were fetched again", w.inbox.repeated)
				}
				if len(got) != 5 || w.inbox.standIns() != 1 || !strings.Contains(got[2], "UID 3") {
					t.Errorf("stored: %q", got)
				}
			})
		})
	}
}

// A server that has lost its storage for an hour still lists every mail.
func TestMailboxAnOutageMakesNoStandIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		var broken atomic.Bool
		broken.Store(true)
		w.fetch = func(f fetchCall) (bool, error) {
			return broken.Load() && len(f.options.BodySection) > 0, &imap.Error{Type: imap.StatusResponseTypeNo, Text: "no storage"}
		}
		for n := range 5 {
			w.deliver(fmt.Sprint("mail ", n), 0)
		}
		w.start()
		time.Sleep(time.Hour)
		w.wantSubjects()
		broken.Store(false)
		time.Sleep(10 * time.Minute)
		w.wantSubjects("mail 0", "mail 1", "mail 2", "mail 3", "mail 4")
	})
}

func TestMailboxMailDeletedWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		for n := range 4 {
			w.deliver(fmt.Sprint("mail ", n), 0)
		}
		deleted := false
		w.fetch = func(f fetchCall) (bool, error) { // after the list, before the texts
			if len(f.options.BodySection) > 0 && !deleted {
				deleted = true
				w.expunge(f, 2)
			}
			return false, nil
		}
		w.start()
		time.Sleep(time.Second)
		w.wantSubjects("mail 0", "mail 2", "mail 3")
		if h := w.box.Health(); !h.Connected {
			t.Errorf("health = %+v", h)
		}
	})
}

func TestMailboxASilentServerIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.dial = func(context.Context) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				_, _ = io.Copy(io.Discard, server)
				server.Close()
			}()
			return client, nil
		}
		w.start()
		time.Sleep(2 * commandTimeout)
		if h := w.box.Health(); h.Connected || !strings.Contains(h.Err, "greeting") {
			t.Errorf("health = %+v", h)
		}
	})
}

// A line that goes dead in the middle of a mail, without a reset.
func TestMailboxASilentLineIsLeft(t *testing.T) {
	for after := 300; after < 3000; after += 300 {
		synctest.Test(t, func(t *testing.T) {
			w := newMailWorld(t)
			for n := range 3 {
				w.deliver(fmt.Sprintf("mail %d %s", n, strings.Repeat("-", 500)), 0)
			}
			w.silentAfter.Store(int64(after))
			w.start()
			time.Sleep(time.Second)
			w.silentAfter.Store(0)
			time.Sleep(15 * time.Minute)
			if got := w.inbox.subjects(); len(got) != 3 || w.inbox.standIns() != 0 {
				t.Errorf("silent after %d bytes: stored are %q", after, got)
			}
		})
	}
}

func TestMailboxThatWorksIsNeverSilentForLong(t *testing.T) {
	for name, prepare := range map[string]func(*mailWorld){
		"idle":              func(*mailWorld) {},
		"polling":           func(w *mailWorld) { w.noIdle = true },
		"a short poll":      func(w *mailWorld) { w.box.Config.Poll = 10 * time.Second },
		"a poll of one day": func(w *mailWorld) { w.box.Config.Poll = 24 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				prepare(w)
				w.start()
				longest := time.Duration(0)
				for range 2 * 60 {
					time.Sleep(time.Minute)
					if w.box.Health().LastOK.IsZero() {
						t.Fatal("it never answered")
					}
					longest = max(longest, time.Since(w.box.Health().LastOK))
				}
				if longest+reconnecting > w.box.Silence()+time.Second || w.box.Silence() > 10*time.Minute {
					t.Errorf("silent for %s, with %s allowed", longest, w.box.Silence())
				}
			})
		})
	}
}

func TestMailboxThatDoesNotAnswerIsSilent(t *testing.T) {
	for name, breakIt := range map[string]func(*mailWorld){
		"the server is gone":                    func(w *mailWorld) { w.down.Store(true) },
		"it takes connections and says nothing": func(w *mailWorld) { w.silentAfter.Store(1) },
		"it is silent after the login":          func(w *mailWorld) { w.silentAfter.Store(120) },
		"the folder is gone":                    func(w *mailWorld) { must(w.t, w.user.Delete("INBOX")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMailWorld(t)
				w.start()
				time.Sleep(time.Minute)
				breakIt(w)
				w.dropConnections()
				broken := time.Now()
				for range 60 {
					time.Sleep(time.Minute)
				}
				if last := w.box.Health().LastOK; last.IsZero() || last.After(broken) {
					t.Errorf("it answered at %s, broken at %s", last, broken)
				}
			})
		})
	}
}

func TestMailboxARefusedLoginIsNotRepeatedOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.Config.Password = "wrong-secret"
		w.start()
		time.Sleep(time.Hour)
		if n := len(w.dialTimes()); n > 31 {
			t.Errorf("%d logins in an hour", n)
		}
	})
}

func TestMailboxNeverTellsThePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.dial = func(context.Context) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				fmt.Fprint(server, "* OK [CAPABILITY IMAP4rev1] hello\r\n")
				line := make([]byte, 200)
				n, _ := server.Read(line)
				fmt.Fprintf(server, "T1 NO you sent %s\r\n", bytes.TrimSpace(line[:n]))
				_, _ = io.Copy(io.Discard, server)
			}()
			return client, nil
		}
		w.start()
		time.Sleep(time.Minute)
		h := w.box.Health()
		if !strings.Contains(h.Err, "you sent") {
			t.Errorf("health = %+v, want the server's answer in it", h)
		}
		if all := h.Err + w.log.String(); strings.Contains(all, mailPassword) {
			t.Errorf("the password is told: %s", all)
		}
	})
}

func TestMailboxStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.start()
		time.Sleep(time.Minute)
		before := time.Now()
		if err := w.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("stopping took %v", took)
		}
	})
}

// A mailWorld is a mailbox, its inbox and an IMAP server in memory, joined by pipes inside one bubble.
type mailWorld struct {
	t     *testing.T
	box   *Mailbox
	inbox *memoryInbox
	log   *lockedBuffer
	taken atomic.Int64

	user        *imapmemserver.User
	listener    *pipeListener
	fetch       func(fetchCall) (handled bool, err error) // takes over a FETCH of the server
	noIdle      bool
	cutAfter    atomic.Int64 // bytes from the server after which a connection breaks; 0: never
	silentAfter atomic.Int64 // the same, but it falls silent
	down        atomic.Bool

	mu     sync.Mutex
	dialed []time.Time
	conns  []net.Conn
	stop   func() error
}

const mailPassword = "hunter2-very-secret"

func newMailWorld(t *testing.T) *mailWorld {
	w := &mailWorld{t: t, inbox: &memoryInbox{t: t}, log: new(lockedBuffer), user: imapmemserver.NewUser("ops", mailPassword)}
	must(t, w.user.Create("INBOX", nil))
	memory := imapmemserver.New()
	memory.AddUser(w.user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(conn *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &meddledSession{Session: memory.NewSession(), world: w, conn: conn}, nil, nil
		},
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0),
	})
	w.listener = &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	go func() { _ = server.Serve(w.listener) }()
	w.box = &Mailbox{
		Config: MailboxConfig{Address: "127.0.0.1:143", TLS: TLSNone, User: "ops", Password: mailPassword},
		Inbox:  w.inbox,
		Log:    slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Taken:  func() { w.taken.Add(1) },
		dial:   w.dial,
	}
	t.Cleanup(func() {
		if w.stop != nil {
			_ = w.stop()
		}
		w.dropConnections()
		synctest.Wait() // Close must not meet a Serve that has only begun
		_ = server.Close()
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return w
}

func (w *mailWorld) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.box.Run(ctx) }()
	w.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
}

func (w *mailWorld) dial(context.Context) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialed = append(w.dialed, time.Now())
	if w.down.Load() {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	w.conns = append(w.conns, server)
	w.listener.conns <- server
	cut, silent := w.cutAfter.Load(), w.silentAfter.Load()
	return &meddledConn{Conn: client, world: w, closed: make(chan struct{}), silent: silent > 0, left: int(cut + silent)}, nil
}

func (w *mailWorld) dialTimes() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.dialed)
}

func (w *mailWorld) dropConnections() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		conn.Close()
	}
	w.conns = nil
}

func (w *mailWorld) deliver(subject string, age time.Duration) {
	w.appendRaw(fmt.Appendf(nil, "Subject: %s\r\n\r\nHello.\r\n", subject), time.Now().Add(-age))
}

// redeliver appends exactly the mail that deliver made before.
func (w *mailWorld) redeliver(subject string) { w.deliver(subject, 0) }

func (w *mailWorld) appendRaw(raw []byte, at time.Time) {
	w.t.Helper()
	if _, err := w.user.Append("INBOX", bytes.NewReader(raw), &imap.AppendOptions{Time: at}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *mailWorld) recreateFolder() {
	w.t.Helper()
	must(w.t, w.user.Delete("INBOX"))
	must(w.t, w.user.Create("INBOX", nil))
}

func (w *mailWorld) expunge(f fetchCall, uid imap.UID) {
	set := imap.UIDSetNum(uid)
	if err := f.session.Store(nil, set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil); err != nil {
		w.t.Error(err)
	}
	if err := f.session.Expunge(nil, &set); err != nil {
		w.t.Error(err)
	}
}

func (w *mailWorld) wantSubjects(want ...string) {
	w.t.Helper()
	if got := w.inbox.subjects(); !slices.Equal(got, want) {
		w.t.Errorf("stored are %q, want %q", got, want)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// memoryInbox keeps to the promises of the store and checks those of the mailbox.
type memoryInbox struct {
	t    *testing.T
	fail func(commit int) error

	mu        sync.Mutex
	cursor    store.Cursor
	known     bool
	mails     []store.Mail
	commits   int
	repeated  int
	mostBytes int
}

func (in *memoryInbox) MailCursor(context.Context, string) (store.Cursor, bool, error) {
	c, known := in.state()
	return c, known, nil
}

func (in *memoryInbox) TakeMail(_ context.Context, c store.Cursor, folder string, mails []store.Mail) (added int, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.commits++
	if in.fail != nil {
		if err := in.fail(in.commits - 1); err != nil {
			return 0, err
		}
	}
	in.check(c, folder, mails)
	in.cursor, in.known = c, true
	bytes := 0
	for _, m := range mails {
		bytes += len(m.Raw)
		if slices.ContainsFunc(in.mails, func(old store.Mail) bool {
			return old.Hash == m.Hash || old.UID == m.UID && old.UIDValidity == m.UIDValidity
		}) {
			in.repeated++
			continue
		}
		in.mails = append(in.mails, m)
		added++
	}
	in.mostBytes = max(in.mostBytes, bytes)
	return added, nil
}

func (in *memoryInbox) check(c store.Cursor, folder string, mails []store.Mail) {
	if len(mails) > batchMails {
		in.t.Errorf("a batch of %d mails", len(mails))
	}
	if c.Received.After(time.Now()) {
		in.t.Errorf("cursor is in the future: %v", c.Received)
	}
	if in.known && c.UIDValidity == in.cursor.UIDValidity && c.UID < in.cursor.UID && in.cursor.UID != 900 {
		in.t.Errorf("cursor goes back from %d to %d", in.cursor.UID, c.UID)
	}
	for i, m := range mails {
		if m.Folder != folder || m.UIDValidity != c.UIDValidity || m.Hash == "" || m.Received.IsZero() || m.Raw == nil {
			in.t.Errorf("incomplete mail %d: %+v", i, m)
		}
		if i > 0 && m.UID <= mails[i-1].UID {
			in.t.Errorf("mails are not in order: %d after %d", m.UID, mails[i-1].UID)
		}
	}
	if n := len(mails); n > 0 && c.UID != mails[n-1].UID {
		in.t.Errorf("cursor %d does not stand at the last mail %d", c.UID, mails[n-1].UID)
	}
}

func (in *memoryInbox) state() (store.Cursor, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.cursor, in.known
}

func (in *memoryInbox) all() []store.Mail {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.mails)
}

func (in *memoryInbox) subjects() (subjects []string) {
	for _, m := range in.all() {
		_, after, _ := strings.Cut(string(m.Raw), "Subject: ")
		subject, _, _ := strings.Cut(after, "\r\n")
		subjects = append(subjects, subject)
	}
	return subjects
}

func (in *memoryInbox) standIns() (n int) {
	for _, m := range in.all() {
		if bytes.Contains(m.Raw, []byte("X-Ronde-Unreadable")) {
			n++
		}
	}
	return n
}

// meddledConn is the client's end of a pipe: it can hide IDLE and break or fall silent after some bytes.
type meddledConn struct {
	net.Conn
	world  *mailWorld
	left   int
	silent bool
	closed chan struct{}
	once   sync.Once
}

func (c *meddledConn) Read(p []byte) (int, error) {
	if c.left > 0 && len(p) > c.left {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	if c.world.noIdle {
		copy(p, bytes.ReplaceAll(p[:n], []byte(" IDLE"), []byte(" XXXX")))
	}
	if c.left > 0 {
		if c.left -= n; c.left == 0 {
			c.end()
		}
	}
	return n, err
}

func (c *meddledConn) end() {
	if c.silent {
		<-c.closed
	}
	c.Conn.Close()
}

func (c *meddledConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// fetchCall is a FETCH as the server sees it.
type fetchCall struct {
	session imapserver.Session
	conn    *imapserver.Conn
	set     imap.NumSet
	options *imap.FetchOptions
}

// wants says whether a mail is asked for; a range without an end asks for every mail.
func (f fetchCall) wants(uid imap.UID) bool {
	set, ok := f.set.(imap.UIDSet)
	return ok && (set.Contains(uid) || set.Dynamic() && set[0].Start <= uid)
}

type meddledSession struct {
	imapserver.Session
	world *mailWorld
	conn  *imapserver.Conn
}

func (s *meddledSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	if s.world.fetch != nil {
		if handled, err := s.world.fetch(fetchCall{s.Session, s.conn, set, options}); handled {
			return err
		}
	}
	return s.Session.Fetch(w, set, options)
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
