package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"ronde/hosts"
)

// machine is a server whose files are in a folder.
func machine(t *testing.T, root string) *Machine {
	t.Helper()
	h, err := hosts.New(hosts.Config{Name: "antigone", Local: true, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	return &Machine{Host: h, Root: root}
}

func TestAQuestionIsAnsweredTheSameOverTheNetwork(t *testing.T) {
	m := machine(t, "/")
	var far []Disk
	if err := readAnswer(m.Serve(t.Context(), CommandLine("disks", nil), "1.0"), &far); err != nil {
		t.Fatal(err)
	}
	near, err := Ask(t.Context(), m.Host, Disks())
	if err != nil || len(near) == 0 {
		t.Fatalf("got %v, %v", near, err)
	}
	mounts := func(disks []Disk) (all []string) {
		for _, d := range disks {
			all = append(all, d.Mount)
		}
		return all
	}
	if !slices.Equal(mounts(far), mounts(near)) {
		t.Errorf("over the network %v, here %v", far, near)
	}
}

func TestARequestThatIsNotUnderstoodIsRefused(t *testing.T) {
	m := machine(t, t.TempDir())
	for _, line := range []string{
		"", "  ", "sh", "sh -c id", "disks; id", "disks all", "disks\nid", "$(id)", "Disks", "../disks", "disks %zz",
		"disks %00", strings.Repeat("x", 1<<20), "disks " + strings.Repeat("x ", 100),
	} {
		var answer []Disk
		err := readAnswer(m.Serve(t.Context(), line, "1.0"), &answer)
		var told *Error
		if !errors.As(err, &told) || told.Code != BadRequest || strings.Contains(told.Text, "uid=") {
			t.Errorf("%.40q: got %v, want a bad request", line, err)
		}
	}
}

func TestWhatIsNotTheProbeOfThisVersionIsToldApart(t *testing.T) {
	for raw, want := range map[string]string{
		"":                                      "what answers there is not ronde probe",
		"bash: ronde: command not found":        "what answers there is not ronde probe",
		`{"status":"ok"}`:                       "what answers there is not ronde probe",
		`{"probe":2,"version":"9.9"}`:           "its probe speaks version 2 (ronde 9.9), the bot speaks 1",
		`{"probe":1,"version":"1","answer":{}}`: "decode the answer",
	} {
		var answer []Disk
		if err := readAnswer([]byte(raw), &answer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", raw, err, want)
		}
	}
}

func TestErrorsAreToldApartOverTheNetwork(t *testing.T) {
	for _, want := range []error{context.DeadlineExceeded, hosts.ErrNoEngine} {
		raw, err := json.Marshal(envelope{Probe: Version, Error: errorOf(want)})
		if err != nil {
			t.Fatal(err)
		}
		if err := readAnswer(raw, nil); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func TestAnErrorIsOneShortLine(t *testing.T) {
	e := errorOf(fmt.Errorf("no log is called %s\x1b[2J\nok", strings.Repeat("é", 4000)))
	if n := utf8.RuneCountInString(e.Text); n != longestText || strings.ContainsAny(e.Text, "\n\x1b") || !strings.HasSuffix(e.Text, "…") {
		t.Errorf("%d characters: %q", n, e.Text)
	}
	if e := errorOf(errors.New("a\nb\x1bc")); e.Text != "a b c" {
		t.Errorf("got %q", e.Text)
	}
}

func FuzzServe(f *testing.F) {
	f.Add("disks")
	f.Add("disks %2Fetc%2Fpasswd")
	f.Add("x\x00 %00")
	f.Fuzz(func(t *testing.T, line string) {
		question, err := parse(line)
		var told *Error
		if err != nil && (!errors.As(err, &told) || told.Code != BadRequest) {
			t.Errorf("got %v, want a bad request", err)
		}
		if err == nil && question == nil {
			t.Error("neither question nor error")
		}
	})
}

func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(`{"probe":1,"version":"1","answer":[]}`))
	f.Add([]byte(`{"probe":1,"error":{"code":"late"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var answer []Disk
		_ = readAnswer(raw, &answer) // must not panic
	})
}

func TestWhatFailsInThePlaceOfTheProbeIsNoAnswer(t *testing.T) {
	var old *VersionError
	exit := &hosts.ExitError{Status: 127, Said: `"sh: 1: ronde: not found"`}
	if err := told(nil, exit, nil); !errors.As(err, &old) || !strings.Contains(err.Error(), "not found") {
		t.Errorf("got %v, want a VersionError that says what it said", err)
	}
	away := &hosts.UnreachableError{Host: "antigone"}
	if err := told(nil, away, nil); !errors.Is(err, away) || errors.As(err, &old) {
		t.Errorf("got %v, want it unchanged", err)
	}
}

// A file on a network that is away can block whatever time is given.
func TestAQuestionThatNeverEndsIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), AnswerTimeout)
		defer cancel()
		begun := time.Now()
		blocked := make(chan struct{})
		_, err := inTime(ctx, func() ([]byte, error) { <-blocked; return nil, nil })
		close(blocked)
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took != AnswerTimeout+lastSecond {
			t.Errorf("%v after %s", err, took)
		}
	})
}
