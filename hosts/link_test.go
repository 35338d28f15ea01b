package hosts

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
)

// fakeServer speaks SSH over pipes, so that its time can be faked.
type fakeServer struct {
	link    *link
	signer  ssh.Signer
	dials   atomic.Int32
	silent  atomic.Bool // it takes what comes and says nothing, as if a cable were cut
	refuses atomic.Bool // nobody answers at all

	mu      sync.Mutex
	running int // commands at the moment
	most    int // of them at the same time
}

func newFakeServer(t *testing.T) *fakeServer {
	t.Helper()
	dir := t.TempDir()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeServer{}
	if f.signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "id")
	pinned := "antigone " + string(ssh.MarshalAuthorizedKey(f.signer.PublicKey()))
	err = errors.Join(os.WriteFile(key, pem.EncodeToMemory(block), 0o600), os.WriteFile(filepath.Join(dir, "pins"), []byte(pinned), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	f.link, err = newLink(Config{Name: "antigone", SSH: "ronde@antigone", SSHKeyFile: key, KnownHosts: filepath.Join(dir, "pins")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.link.dial = f.dial
	return f
}

func (f *fakeServer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	f.dials.Add(1)
	if f.refuses.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ours, theirs := newPipe(f)
	go f.serve(theirs)
	return ours, nil
}

func (f *fakeServer) serve(c net.Conn) {
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(f.signer)
	_, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for channel := range channels {
		ch, asked, err := channel.Accept()
		if err != nil {
			return
		}
		go f.session(ch, asked)
	}
}

// session runs a command: a length of time, after which it says so.
func (f *fakeServer) session(ch ssh.Channel, asked <-chan *ssh.Request) {
	defer ch.Close()
	for r := range asked {
		var exec struct{ Line string }
		if r.Type != "exec" || ssh.Unmarshal(r.Payload, &exec) != nil {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		f.work(exec.Line)
		fmt.Fprint(ch, exec.Line)
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		return
	}
}

func (f *fakeServer) work(line string) {
	f.mu.Lock()
	f.running++
	f.most = max(f.most, f.running)
	f.mu.Unlock()
	if d, err := time.ParseDuration(line); err == nil {
		time.Sleep(d)
	}
	f.mu.Lock()
	f.running--
	f.mu.Unlock()
}

// pipe is one end of a connection that keeps what nobody has read yet.
type pipe struct {
	server *fakeServer
	in     chan []byte
	out    chan []byte
	rest   []byte
	closed chan struct{}
	once   *sync.Once
}

func newPipe(f *fakeServer) (a, b *pipe) {
	there, back, closed, once := make(chan []byte, 1<<12), make(chan []byte, 1<<12), make(chan struct{}), &sync.Once{}
	return &pipe{f, back, there, nil, closed, once}, &pipe{f, there, back, nil, closed, once}
}

func (p *pipe) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		select {
		case p.rest = <-p.in:
		case <-p.closed:
			return 0, io.EOF
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *pipe) Write(b []byte) (int, error) {
	select {
	case <-p.closed:
		return 0, net.ErrClosed
	default:
	}
	if !p.server.silent.Load() {
		p.out <- append([]byte{}, b...)
	}
	return len(b), nil
}

func (p *pipe) Close() error                     { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipe) LocalAddr() net.Addr              { return noAddress() }
func (p *pipe) RemoteAddr() net.Addr             { return noAddress() }
func (p *pipe) SetDeadline(time.Time) error      { return nil }
func (p *pipe) SetReadDeadline(time.Time) error  { return nil }
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

func inTime(t *testing.T, story func(t *testing.T, f *fakeServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer(t)
		defer func() {
			f.link.close()
			time.Sleep(time.Hour) // what was given up comes to its end
		}()
		story(t, f)
	})
}

// ask runs one command and tells how long it took.
func (f *fakeServer) ask(ctx context.Context, line string) (string, time.Duration, error) {
	begun := time.Now()
	out, err := f.link.exec(ctx, line)
	return string(out), time.Since(begun), err
}

func TestFourRequestsAreUnderWayAtATime(t *testing.T) {
	inTime(t, func(t *testing.T, f *fakeServer) {
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				if out, _, err := f.ask(t.Context(), "2s"); out != "2s" || err != nil {
					t.Errorf("answers %q, %v", out, err)
				}
			})
		}
		begun := time.Now()
		all.Wait()
		if took := time.Since(begun); f.most != 4 || f.dials.Load() != 1 || took != 6*time.Second {
			t.Errorf("%d at a time over %d connections in %s, want 4 over 1 in 6s", f.most, f.dials.Load(), took)
		}
	})
}

func TestARequestThatIsGivenUpDisturbsNoOther(t *testing.T) {
	inTime(t, func(t *testing.T, f *fakeServer) {
		var other sync.WaitGroup
		other.Go(func() {
			if out, _, err := f.ask(t.Context(), "10s"); out != "10s" || err != nil {
				t.Errorf("the other answers %q, %v", out, err)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, took, err := f.ask(ctx, "20s"); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Second {
			t.Errorf("given up: %v after %s", err, took)
		}
		if out, _, err := f.ask(t.Context(), "1s"); out != "1s" || err != nil || f.dials.Load() != 2 {
			t.Errorf("the next answers %q, %v over %d connections, want a second one", out, err, f.dials.Load())
		}
		other.Wait()
	})
}

func TestNoRequestTakesLongerThanHalfAMinute(t *testing.T) {
	inTime(t, func(t *testing.T, f *fakeServer) {
		if _, took, err := f.ask(t.Context(), "10m"); !errors.Is(err, context.DeadlineExceeded) || took != execTimeout {
			t.Errorf("%v after %s", err, took)
		}
	})
}

func TestAServerThatNeverGreetsIsUnreachable(t *testing.T) {
	for name, break_ := range map[string]func(*fakeServer){
		"nobody answers": func(f *fakeServer) { f.refuses.Store(true) },
		"it is silent":   func(f *fakeServer) { f.silent.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, f *fakeServer) {
				break_(f)
				var all sync.WaitGroup
				for range 4 {
					all.Go(func() {
						var away *UnreachableError
						if _, took, err := f.ask(t.Context(), "x"); !errors.As(err, &away) || took != dialTimeout {
							t.Errorf("%v after %s, want an UnreachableError after %s", err, took, dialTimeout)
						}
					})
				}
				all.Wait()
				if f.dials.Load() != 1 {
					t.Errorf("%d tries for four that waited, want 1", f.dials.Load())
				}
			})
		})
	}
}

// TestNothingIsLeftOpenThatNobodyWaitsFor: the configuration was read again while a host was
// being reached, or somebody gave up before.
func TestNothingIsLeftOpenThatNobodyWaitsFor(t *testing.T) {
	inTime(t, func(t *testing.T, f *fakeServer) {
		clients, err := f.link.walk(t.Context(), f.link.way)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		a := &attempt{over: make(chan struct{})}
		f.link.settle(ctx, a, clients, nil)
		if _, _, err := clients[0].SendRequest("x", true, nil); err == nil || f.link.current != nil || !errors.Is(a.err, context.Canceled) {
			t.Errorf("stopped when it had succeeded: asked again %v, kept %v, said %v", err, f.link.current, a.err)
		}
		f.dials.Store(0)
		for range 20 { // a turn may be free all the same
			if _, _, err := f.ask(ctx, "x"); !errors.Is(err, context.Canceled) {
				t.Fatalf("given up before: %v", err)
			}
		}
		synctest.Wait()
		if n := f.dials.Load(); n != 0 {
			t.Errorf("given up before: %d connections", n)
		}
	})
}

// A router on the way forgot the connection: nothing says that it is gone.
func TestAConnectionThatWasForgottenIsMadeAnew(t *testing.T) {
	inTime(t, func(t *testing.T, f *fakeServer) {
		if _, _, err := f.ask(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		f.silent.Store(true)
		go func() {
			time.Sleep(beginIn - time.Second)
			f.silent.Store(false)
		}()
		if out, took, err := f.ask(t.Context(), "y"); out != "y" || err != nil || took != beginIn || f.dials.Load() != 2 {
			t.Errorf("answers %q, %v after %s over %d connections", out, err, took, f.dials.Load())
		}
	})
}

func TestAnIdleConnectionIsKeptAndADeadOneNoticed(t *testing.T) {
	inTime(t, func(t *testing.T, f *fakeServer) {
		if _, _, err := f.ask(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if _, took, err := f.ask(t.Context(), "x"); err != nil || took != 0 || f.dials.Load() != 1 {
			t.Fatalf("after a day: %v after %s over %d connections", err, took, f.dials.Load())
		}
		f.silent.Store(true)
		time.Sleep(keepAlive + answerIn + time.Second)
		f.silent.Store(false)
		if _, took, err := f.ask(t.Context(), "x"); err != nil || took != 0 || f.dials.Load() != 2 {
			t.Errorf("after a dead connection: %v after %s over %d connections", err, took, f.dials.Load())
		}
	})
}
