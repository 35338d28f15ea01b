package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ronde/store"
)

// command runs one command line and returns what it printed and its exit code.
func command(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = execute(t.Context(), args, &streams{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return stdout.String(), stderr.String(), code
}

// configured writes a small configuration into a folder of its own, with two
// routines and a host without an engine, and returns its path.
func configured(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	doc := `
database = "ronde.db"
[matrix]
homeserver = "http://127.0.0.1:1"
user = "@ronde:example.org"
password_file = "password"
inviters = ["@ana:example.org"]
[rooms]
technique = "#technique:example.org"
supervision = "#supervision:example.org"
[[host]]
name = "antigone"
docker = "unix:///nonexistent/docker.sock"
[[routine]]
key = "backups"
aliases = ["sauvegardes"]
title = { fr = "Vérifier les sauvegardes", en = "Check the backups" }
weekly = ["monday"]
[[routine]]
key = "disks"
title = { fr = "Espace disque", en = "Disk space" }
every = "3d..4d"
at = "02:30"
start = "2026-03-29"
`
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEachKindOfFailureHasItsExitCode(t *testing.T) {
	config := configured(t)
	tests := []struct {
		name string
		args []string
		code int
		says string // on standard error
	}{
		{"no such command", []string{"dance"}, exitUsage, "dance"},
		{"no arguments", nil, exitUsage, "expected"},
		{"a configuration with mistakes", []string{"config", "check", "config/testdata/six-mistakes.toml"}, exitConfig, `did you mean "inviters"?`},
		{"a configuration that is not there", []string{"config", "check", "none.toml"}, exitConfig, "none.toml"},
		{"a backup of nothing", []string{"backup", "copy.db", "-c", config}, exitDatabase, "no database yet"},
		{"health without a bot", []string{"health", "-c", config}, exitDatabase, "no database yet"},
		{"an unknown host", []string{"check", "containers", "antigon", "-c", config}, exitUsage, "antigone"},
		{"an unknown check", []string{"check", "container", "antigone", "-c", config}, exitUsage, "containers"},
		{"a secret that is none", []string{"check", "oauth", "intra", "-c", config}, exitUsage, "intra"},
		{"an engine that is away", []string{"check", "containers", "antigone", "-c", config}, 3, "antigone"},
		{"a mail that is not there", []string{"mail", "read", "none.eml"}, exitInput, "none.eml"},
		{"a time that is none", []string{"due", "--at", "demain", "-c", config}, exitUsage, `"demain"`},
		{"running without an account", []string{"run", "-c", config}, exitLoggedOut, "ronde login"},
		{"an impossible number of days", []string{"due", "--days", "-1", "-c", config}, exitUsage, "days"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs, code := command(t, tt.args...)
			if code != tt.code || !strings.Contains(errs, tt.says) {
				t.Errorf("exit code %d, want %d; standard error, which should say %q:\n%s", code, tt.code, tt.says, errs)
			}
		})
	}
}

// A check on a terminal prints its result as an object and exits with the verdict.
func TestCheckPrintsAnObjectAndExitsWithTheVerdict(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
	}))
	defer provider.Close()
	config := configured(t)
	root := filepath.Join(filepath.Dir(config), "root")
	more := "[[host]]\nname = \"sarus\"\nlocal = true\nroot = '" + root + "'\n" +
		"[[oauth]]\nname = \"intra\"\nclient_id = \"u\"\nclient_secret_file = \"secret\"\ntoken_url = \"" + provider.URL + "\"\n"
	for file, content := range map[string]string{
		filepath.Join(root, "run/reboot-required"): "", filepath.Join(filepath.Dir(config), "secret"): "hunter2\n", config: string(mustRead(t, config)) + more,
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		kind, name, status, fault string
		code                      int
	}{
		{"reboot", "sarus", "warning", "reboot-required", 1}, {"reboot", "antigone", "unknown", "not-local", 3}, {"oauth", "intra", "critical", "secret-refused", 2},
	} {
		out, errs, code := command(t, "check", tt.kind, tt.name, "--json", "-c", config)
		var got struct {
			Check, Host, Status string
			Findings            []struct{ Fault string }
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || strings.Contains(out+errs, "hunter2") {
			t.Fatalf("%v in\n%s\n%s", err, out, errs)
		}
		if code != tt.code || got.Check != tt.kind || got.Host != tt.name || got.Status != tt.status || got.Findings[0].Fault != tt.fault {
			t.Errorf("check %s %s: exit code %d and %+v, want %+v", tt.kind, tt.name, code, got, tt)
		}
	}
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDueKeepsTheLocalHourOverTheSpringNight(t *testing.T) {
	out, errs, code := command(t, "due", "-c", configured(t), "--at", "2026-03-28T12:00:00Z", "--days", "6", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var agenda []struct{ Routine, Due string }
	if err := json.Unmarshal([]byte(out), &agenda); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	var got []string
	for _, d := range agenda {
		got = append(got, d.Routine+" "+d.Due)
	}
	// 02:30 does not exist on the 29th, so it is 03:30, once.
	want := "disks 2026-03-29T03:30:00+02:00\nbackups 2026-03-30T09:00:00+02:00\ndisks 2026-04-02T02:30:00+02:00"
	if strings.Join(got, "\n") != want {
		t.Errorf("agenda\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestDueCountsFromWhatWasCompleted(t *testing.T) {
	config := configured(t)
	db, err := store.Open(t.Context(), filepath.Join(filepath.Dir(config), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		tx.Now = time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)
		if _, err := tx.KnowRoutine("disks"); err != nil {
			return err
		}
		return tx.AddCompletion(store.Completion{Routine: "disks", At: tx.Now, Who: "@ana:example.org", How: "command", EventID: "$1"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	out, _, _ := command(t, "due", "-c", config, "--at", "2026-04-02", "--days", "4", "--json")
	if !strings.Contains(out, `"2026-04-05T02:30:00+02:00"`) || strings.Contains(out, "2026-04-02T02:30") {
		t.Errorf("four days after a completion on the 1st it must be due on the 5th:\n%s", out)
	}
}

// pastOf gives a configuration a database with some history, of March 2026 in Paris:
// backups were done, undone, done with help, skipped and missed; "links" are no longer
// configured.
func pastOf(t *testing.T, config string) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(filepath.Dir(config), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		day := func(n, hour int) time.Time { return time.Date(2026, 3, n, hour, 0, 0, 0, time.UTC) }
		for _, key := range []string{"backups", "disks", "links"} {
			if _, err := tx.KnowRoutine(key); err != nil {
				return err
			}
		}
		for i, state := range []store.OccurrenceState{store.OccurrenceDone, store.OccurrenceMissed, store.OccurrenceSkipped} {
			tx.Now = day(2+7*i, 8)
			o, _, err := tx.OpenOccurrence("backups", tx.Now)
			if err == nil {
				err = tx.SetOccurrenceState(o.ID, state)
			}
			if err != nil {
				return err
			}
		}
		for i, c := range []store.Completion{
			{Routine: "backups", OccurrenceID: 1, At: day(2, 9), Who: "@ana:example.org", How: "reaction"},
			{Routine: "backups", OccurrenceID: 1, At: day(2, 10), Who: "@ana:example.org", Helpers: []string{"@bob:example.org"}, How: "command", Note: `=1+1, "green"`},
			{Routine: "links", At: day(30, 9), How: "check"},
		} {
			c.EventID = string(rune('a' + i))
			if err := tx.AddCompletion(c); err != nil {
				return err
			}
		}
		if err := tx.UndoCompletion(1, "@ana:example.org"); err != nil {
			return err
		}
		return tx.AddMark(store.Mark{OccurrenceID: 3, Kind: store.Skip, At: day(16, 12), Who: "@bob:example.org", EventID: "$skip", Note: "moved"})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestHistoryIsPrintedInThreeForms(t *testing.T) {
	config := configured(t)
	pastOf(t, config)
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"a table", []string{"sauvegardes"}, `
backups  2026-03-02T09:00:00+01:00  done     2026-03-02T10:00:00+01:00  @ana:example.org                    reaction                 true
backups  2026-03-02T09:00:00+01:00  done     2026-03-02T11:00:00+01:00  @ana:example.org  @bob:example.org  command   =1+1, "green"  false
backups  2026-03-09T09:00:00+01:00  missed                                                                                           false
backups  2026-03-16T09:00:00+01:00  skipped  2026-03-16T13:00:00+01:00  @bob:example.org                              moved          false
`},
		{"for a spreadsheet, which must not take a note for a formula", []string{"backups", "--csv"}, `
routine,due,what,at,who,helpers,how,note,undone
backups,2026-03-02T09:00:00+01:00,done,2026-03-02T10:00:00+01:00,@ana:example.org,,reaction,,true
backups,2026-03-02T09:00:00+01:00,done,2026-03-02T11:00:00+01:00,@ana:example.org,@bob:example.org,command,"'=1+1, ""green""",false
backups,2026-03-09T09:00:00+01:00,missed,,,,,,false
backups,2026-03-16T09:00:00+01:00,skipped,2026-03-16T13:00:00+01:00,@bob:example.org,,,moved,false
`},
		{"since a day, of one that is no longer configured", []string{"links", "--csv", "--since", "2026-03-30"}, `
routine,due,what,at,who,helpers,how,note,undone
links,,done,2026-03-30T11:00:00+02:00,,,check,,false
`},
		{"since an instant", []string{"--csv", "--since", "2026-03-16T12:00:01Z"}, `
routine,due,what,at,who,helpers,how,note,undone
links,,done,2026-03-30T11:00:00+02:00,,,check,,false
`},
		{"one without a history", []string{"disks"}, "\n"},
		{"as JSON, one without a history", []string{"disks", "--json"}, "\n[]\n"},
		{"as JSON", []string{"--json", "--since", "2026-03-16 12:00"}, `
[
  {
    "routine": "backups",
    "due": "2026-03-16T09:00:00+01:00",
    "what": "skipped",
    "at": "2026-03-16T13:00:00+01:00",
    "who": "@bob:example.org",
    "note": "moved"
  },
  {
    "routine": "links",
    "what": "done",
    "at": "2026-03-30T11:00:00+02:00",
    "how": "check"
  }
]
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, errs, code := command(t, append([]string{"history", "-c", config}, tt.args...)...)
			if "\n"+out != tt.want || code != 0 {
				t.Errorf("exit code %d and %s\n%s\nwant\n%s", code, errs, out, tt.want)
			}
		})
	}
}

func TestHistoryOfAllIsInTheOrderOfTime(t *testing.T) {
	config := configured(t)
	pastOf(t, config)
	out, _, _ := command(t, "history", "-c", config, "--json")
	var records []struct {
		Routine, What, Note string
		Undone              bool
		Helpers             []string
		Due, At             time.Time
	}
	if err := json.Unmarshal([]byte(out), &records); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	var got []string
	for _, r := range records {
		got = append(got, r.Routine+" "+r.What)
	}
	if want := "backups done, backups done, backups missed, backups skipped, links done"; strings.Join(got, ", ") != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	if r := records[1]; r.Note != `=1+1, "green"` || r.Undone || len(r.Helpers) != 1 || !records[0].Undone {
		t.Errorf("printed %+v and %+v", records[0], r)
	}
}

func TestHistoryOfWhatIsNotThereIsAMistake(t *testing.T) {
	config, empty := configured(t), configured(t)
	pastOf(t, config)
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"a near miss", []string{"backup", "-c", config}, exitUsage, `did you mean "backups"?`},
		{"near to another name", []string{"sauvegarde", "-c", config}, exitUsage, `did you mean "sauvegardes"?`},
		{"nothing like it", []string{"gardening", "-c", config}, exitUsage, `no routine "gardening"`},
		{"a time that is none", []string{"backups", "--since", "hier", "-c", config}, exitUsage, `"hier"`},
		{"two forms at once", []string{"--csv", "--json", "-c", config}, exitUsage, "--csv"},
		{"no database", []string{"backups", "-c", empty}, exitDatabase, "no database yet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, errs, code := command(t, append([]string{"history"}, tt.args...)...)
			if code != tt.code || !strings.Contains(errs, tt.says) || out != "" {
				t.Errorf("exit code %d, want %d; printed %q; standard error, which should say %q:\n%s", code, tt.code, out, tt.says, errs)
			}
		})
	}
}

func TestMailReadPrintsOneObjectForEachMail(t *testing.T) {
	files, err := filepath.Glob("alerts/testdata/mails/uptime-kuma/0*.eml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d sample mails (%v)", len(files), err)
	}
	out, errs, code := command(t, append([]string{"mail", "read"}, files...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != len(files) {
		t.Fatalf("exit code %d and %d lines for %d mails: %s", code, len(lines), len(files), errs)
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"file": files[0], "kind": "kuma", "state": "firing", "thing": "Nuage (Nextcloud)",
		"fault": "Request failed with status code 502", "since": "2026-11-21T02:14:08Z", "verified": false,
	}
	for key, value := range want {
		if first[key] != value {
			t.Errorf("%s = %v, want %v", key, first[key], value)
		}
	}
}

func TestAMailThatIsMissingDoesNotHideTheOthers(t *testing.T) {
	out, errs, code := command(t, "mail", "read", "none.eml", "alerts/testdata/mails/uptime-kuma/01-v1-down-default.eml")
	if code != exitInput || !strings.Contains(out, "Nuage") || !strings.Contains(errs, "none.eml") {
		t.Errorf("exit code %d, out %q, err %q", code, out, errs)
	}
}

func TestHealthNeedsAFreshSignOfLife(t *testing.T) {
	config := configured(t)
	db, err := store.Open(t.Context(), filepath.Join(filepath.Dir(config), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, step := range []struct {
		age  time.Duration
		code int
	}{{10 * time.Second, 0}, {silence + time.Minute, exitUnhealthy}} {
		if err := db.SetValue(t.Context(), heartbeat, time.Now().Add(-step.age).UTC().Format(time.RFC3339)); err != nil {
			t.Fatal(err)
		}
		if _, errs, code := command(t, "health", "-c", config); code != step.code {
			t.Errorf("a sign of life %s ago gives %d, want %d: %s", step.age, code, step.code, errs)
		}
	}
}

func TestTheVersionIsPrinted(t *testing.T) {
	if out, _, code := command(t, "version"); out != "ronde "+version+"\n" || code != 0 {
		t.Errorf("printed %q with exit code %d", out, code)
	}
}

// TestMailReadFollowsTheRules: the rules of the configuration say what a mail is, and
// what is ignored says by which rule.
func TestMailReadFollowsTheRules(t *testing.T) {
	file := configured(t)
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc = append(doc, "[[mail]]\nname = \"Lettre\"\nfrom = \"@lettre.example.org\"\nas = \"ignore\"\n"+
		"[[mail]]\nname = \"Netdata\"\nsubject = '^(\\S+) is critical'\nas = \"alert\"\n"...)
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ mail, want string }{
		{"From: a@lettre.example.org\nSubject: Soldes\n\nx\n", `"kind":"plain","state":"ignored","rule":"Lettre","thing":"Soldes"`},
		{"From: a@example.org\nSubject: antigone is critical\n\nx\n", `"kind":"rule","state":"firing","rule":"Netdata","thing":"antigone"`},
		{"From: a@example.org\nSubject: Bonjour\n\nx\n", `"kind":"plain","state":"note","thing":"Bonjour"`},
	} {
		mail := filepath.Join(t.TempDir(), "mail.eml")
		if err := os.WriteFile(mail, []byte(c.mail), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errs, code := command(t, "mail", "read", "-c", file, mail)
		if code != 0 || !strings.Contains(out, c.want) {
			t.Errorf("exit code %d, %s\n got %s\nwant %s", code, errs, out, c.want)
		}
	}
}
