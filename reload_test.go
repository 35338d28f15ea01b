package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ronde/bot"
	"ronde/commands"
	"ronde/config"
	"ronde/hosts"
	"ronde/store"
)

// awaited is a log that tests can wait for.
type awaited struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (a *awaited) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case a.more <- struct{}{}:
	default:
	}
	return a.text.Write(p)
}

// wait waits until the log says something.
func (a *awaited) wait(t *testing.T, words string) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		a.mu.Lock()
		text := a.text.String()
		a.mu.Unlock()
		if strings.Contains(text, words) {
			return
		}
		select {
		case <-a.more:
		case <-limit:
			t.Fatalf("the log does not say %q:\n%s", words, text)
		}
	}
}

// TestAHangupHasTheConfigurationReadAgain goes through the whole program, without a
// homeserver: what the bot has to say waits in its outbox.
func TestAHangupHasTheConfigurationReadAgain(t *testing.T) {
	file := configured(t)
	loggedIn(t, file)
	log := &awaited{more: make(chan struct{}, 1)}
	done := make(chan int, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { done <- execute(ctx, []string{"run", "-c", file}, &streams{out: log, err: log}) }()
	log.wait(t, "ronde is up") // from now on a hangup is caught

	rewrite(t, file, `every = "3d..4d"`, `every = "soon"`)
	hangUp(t)
	log.wait(t, "config.toml:22:9: routine[disks].every")
	rewrite(t, file, `every = "soon"`, `every = "2d"`)
	hangUp(t)
	log.wait(t, "the configuration is reloaded")
	hangUp(t)
	log.wait(t, "the configuration has not changed")
	stop()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}

	waiting := parcels(t, file)
	if len(waiting) != 2 || !strings.Contains(waiting[0], "routine[disks].every") || !strings.Contains(waiting[1], "(1 changée)") {
		t.Errorf("%d notices wait, want 2:\n%s", len(waiting), strings.Join(waiting, "\n"))
	}
	if strings.Contains(strings.Join(waiting, ""), filepath.Dir(file)) {
		t.Errorf("a folder is told:\n%s", strings.Join(waiting, "\n"))
	}
}

// loggedIn keeps an account in the database of a configuration.
func loggedIn(t *testing.T, file string) {
	t.Helper()
	account, err := json.Marshal(bot.Account{
		Homeserver: "http://127.0.0.1:1", UserID: "@ronde:example.org", DeviceID: "D", AccessToken: "t", PickleKey: "p",
	})
	if err != nil {
		t.Fatal(err)
	}
	db := opened(t, file)
	if err := db.SetValue(t.Context(), "matrix.account", string(account)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// opened returns the database of a configuration.
func opened(t *testing.T, file string) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(filepath.Dir(file), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func rewrite(t *testing.T, file, from, to string) {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(doc, []byte(from)) {
		t.Fatalf("%s does not hold %q: %v", file, from, err)
	}
	if err := os.WriteFile(file, bytes.Replace(doc, []byte(from), []byte(to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

func hangUp(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// parcels returns what waits in the outbox.
func parcels(t *testing.T, file string) (messages []string) {
	t.Helper()
	db := opened(t, file)
	defer db.Close()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		waiting, err := tx.WaitingParcels(100)
		for _, p := range waiting {
			messages = append(messages, p.Message)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// idleService is a service that is not run, and what its configuration file is.
func idleService(t *testing.T) (s *service, file string) {
	t.Helper()
	file = configured(t)
	loggedIn(t, file)
	db := opened(t, file)
	t.Cleanup(func() { _ = db.Close() })
	load := func() (config.Config, error) { return config.Load(file) }
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	s, err = newService(c, &service{load: load, store: db, log: slog.New(slog.DiscardHandler), level: &slog.LevelVar{}})
	if err != nil {
		t.Fatal(err)
	}
	return s, file
}

func TestWhatCannotBeAssembledIsRefused(t *testing.T) {
	s, file := idleService(t)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "ca.pem"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite(t, file, `docker = "unix:///nonexistent/docker.sock"`, "docker = \"tcp://192.0.2.1:2376\"\nca_file = \"ca.pem\"")
	want := commands.Reading{Refused: []commands.Refusal{{Setting: "host[antigone].tls", Say: commands.Unusable}}}
	if got := fmt.Sprint(s.Read()); got != fmt.Sprint(want) {
		t.Errorf("got %s, want %s", got, fmt.Sprint(want))
	}
}

func TestTheNewestReadingIsUsed(t *testing.T) {
	s, file := idleService(t)
	if first := s.Read(); first.Use != nil {
		t.Fatalf("unchanged, there is something to use: %+v", first)
	}
	older := readAfter(t, s, file, `every = "3d..4d"`, `every = "2d"`)
	newer := readAfter(t, s, file, `every = "2d"`, "every = \"5d\"")
	newer.Use()
	older.Use()
	if again := s.Read(); again.Use != nil || again.Differs() {
		t.Errorf("what is about to take over is compared with nothing: %+v", again)
	}
	s.succeed()
	if every := s.atWork().config.Routines[1].Every; fmt.Sprint(every) != "5d" {
		t.Errorf("an older reading won: every %s", every)
	}
	if len(s.handover) > 0 {
		t.Error("a second one is announced")
	}
}

// readAfter changes the file and reads it.
func readAfter(t *testing.T, s *service, file, from, to string) commands.Reading {
	t.Helper()
	rewrite(t, file, from, to)
	r := s.Read()
	if r.Use == nil || len(r.Changed) != 1 {
		t.Fatalf("%s is read as %+v", to, r)
	}
	return r
}

func TestTheLogLevelChangesToo(t *testing.T) {
	s, file := idleService(t)
	rewrite(t, file, "[matrix]", "log_level = \"debug\"\n[matrix]")
	r := s.Read()
	if !slices.Equal(r.Settings, []string{"log_level"}) {
		t.Fatalf("read as %+v", r)
	}
	if r.Use(); s.level.Level() != slog.LevelInfo {
		t.Error("it changes before anybody takes over")
	}
	if s.succeed(); s.level.Level() != slog.LevelDebug {
		t.Error("it does not change")
	}
}

func TestARoomLearnsNoPathAndNoInnerError(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want commands.Refusal
	}{
		{&config.UnreadableError{Path: "/etc/ronde/config.toml", Err: errors.New("does not exist")}, commands.Refusal{Setting: "config.toml", Text: "does not exist"}},
		{config.Mistakes{{File: "/etc/ronde/config.toml", Line: 3, Column: 1, Key: "x", Text: "is wrong"}}, commands.Refusal{Line: 3, Setting: "x", Text: "is wrong"}},
		{errors.Join(&hosts.SettingError{Host: "a", Key: "tls", Reason: "open /etc/ronde/ca.pem"}), commands.Refusal{Setting: "host[a].tls", Say: commands.Unusable}},
		{errors.New("dial /run/x"), commands.Refusal{Say: commands.Unusable}},
	} {
		if got := refusals(tt.err); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%v: the room learns %+v, want %+v", tt.err, got, tt.want)
		}
	}
}
