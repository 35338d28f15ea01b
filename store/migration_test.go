package store

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestADatabaseOfTheFirstVersionIsTakenOver: what people did stays, with its numbers.
func TestADatabaseOfTheFirstVersionIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ronde.db")
	firstVersion(t, path, `
		INSERT INTO routines (key, since) VALUES ('backups', 1000);
		INSERT INTO occurrences (id, routine, due_at, state, opened_at, late) VALUES (7, 'backups', 2000, 'done', 2000, 1);
		INSERT INTO completions (id, routine, occurrence_id, at, who, how, event_id, note) VALUES (3, 'backups', 7, 3000, '@ana:x', 'reaction', '$a', 'green');
		INSERT INTO completions (id, routine, at, who, how, event_id, note, undone_at, undone_by) VALUES (4, 'backups', 4000, '@bob:x', 'command', '$b', '', 5000, '@ana:x');`)
	s := open(t, path)
	update(t, s, func(tx *Tx) error {
		o, known, err := tx.Occurrence(7)
		if err != nil || !known || o.Late != 1 || o.State != OccurrenceDone || o.Turn != "" || !o.Nudged.IsZero() {
			t.Errorf("occurrence %+v, %v, %v", o, known, err)
		}
		last, known, err := tx.LastCompletion("backups")
		if err != nil || !known || last.ID != 3 || last.Note != "green" || len(last.Helpers) > 0 || !last.At.Equal(time.UnixMilli(3000)) {
			t.Errorf("the last completion is %+v, %v, %v", last, known, err)
		}
		all, err := tx.AllCompletions("")
		if err != nil || len(all) != 2 || all[1].UndoneAt.IsZero() {
			t.Errorf("the history is %+v, %v", all, err)
		}
		return tx.AddCompletion(Completion{Routine: "backups", At: tx.Now, How: "check", EventID: "check-8"})
	})
}

// firstVersion writes a database as the first version made it, with some rows.
func firstVersion(t *testing.T, path, rows string) {
	t.Helper()
	versionBefore(t, path, "routines", rows)
}

// versionBefore writes a database as the version made it that came before the schema of a
// name, with some rows.
func versionBefore(t *testing.T, path, name, rows string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files, err := filepath.Glob("schema/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	next := slices.IndexFunc(files, func(file string) bool { return strings.HasSuffix(file, "-"+name+".sql") })
	var queries []string
	for _, file := range files[:next] {
		schema, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		queries = append(queries, string(schema))
	}
	queries = append(queries, rows,
		fmt.Sprintf("CREATE TABLE version (version INTEGER, compat INTEGER); INSERT INTO version VALUES (%[1]d, %[1]d)", next),
		"CREATE TABLE database_owner (key INTEGER PRIMARY KEY DEFAULT 0, owner TEXT NOT NULL); INSERT INTO database_owner (owner) VALUES ('ronde')")
	for _, query := range queries {
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSightingsAreTakenOver: it is known whose words they were.
func TestSightingsAreTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ronde.db")
	versionBefore(t, path, "ties", `
		INSERT INTO incidents (id, source, thing, state, fault, verified, since, newest, alerts) VALUES (7, 'kuma', 'Nuage', 'firing', '502', 1, 1000, 2000, 2);
		INSERT INTO sightings (incident_id, channel, what, at, received_at) VALUES (7, 'mail', 'down', 1000, 3000), (7, 'webhook', 'down', 1000, 1500);`)
	s := open(t, path)
	update(t, s, func(tx *Tx) error {
		seen, err := tx.Sightings(7)
		want := []Sighting{
			{"kuma", "Nuage", Webhook, Down, time.UnixMilli(1000), time.UnixMilli(1500)},
			{"kuma", "Nuage", ByMail, Down, time.UnixMilli(1000), time.UnixMilli(3000)},
		}
		if !slices.Equal(seen, want) {
			t.Errorf("sightings %+v", seen)
		}
		return err
	})
}

// TestAReadingKnowsSinceWhenItHolds: since when something holds is known as long as it
// goes on holding.
func TestAReadingKnowsSinceWhenItHolds(t *testing.T) {
	s := temp(t)
	at := func(hour int) time.Time { return time.UnixMilli(int64(hour) * 3600_000) }
	for _, step := range []struct {
		hour  int
		holds bool
		since int
	}{{1, false, 1}, {2, true, 2}, {3, true, 2}, {4, false, 4}, {5, true, 5}} {
		update(t, s, func(tx *Tx) error {
			if err := tx.SetReading(Reading{Ref: "reboot antigone", At: at(step.hour), Holds: step.holds, Until: at(99)}); err != nil {
				return err
			}
			r, err := tx.Reading("reboot antigone")
			if !r.Since.Equal(at(step.since)) || r.Holds != step.holds || !r.At.Equal(at(step.hour)) || !r.Until.Equal(at(99)) {
				t.Errorf("at %d: %+v", step.hour, r)
			}
			return err
		})
	}
}

// TestAcknowledgementsAreTakenOver: they become marks, which hold until their incident
// ends, as they did.
func TestAcknowledgementsAreTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ronde.db")
	firstVersion(t, path, `
		INSERT INTO incidents (id, source, thing, state, fault, verified, since, newest, alerts) VALUES (7, 'kuma', 'Nuage', 'acknowledged', '502', 1, 1000, 2000, 2);
		INSERT INTO acknowledgements (incident_id, at, who, event_id) VALUES (7, 3000, '@ana:x', '$a');
		INSERT INTO acknowledgements (incident_id, at, who, event_id, undone_at) VALUES (7, 4000, '@bob:x', '$b', 5000);`)
	s := open(t, path)
	update(t, s, func(tx *Tx) error {
		i, known, err := tx.Incident(7)
		if err != nil || !known || i.State != Acknowledged || !i.Alerted.Equal(time.UnixMilli(2000)) || !i.RangAt.Equal(i.Alerted) || i.Flaps != 0 {
			t.Errorf("incident %+v, %v, %v", i, known, err)
		}
		marks, err := tx.IncidentMarks(7)
		if err != nil || len(marks) != 2 {
			t.Fatalf("marks %+v, %v", marks, err)
		}
		if m := marks[0]; m.Kind != Ack || m.Who != "@ana:x" || !m.Until.IsZero() || !m.UndoneAt.IsZero() || !m.At.Equal(time.UnixMilli(3000)) {
			t.Errorf("the first mark is %+v", m)
		}
		if m := marks[1]; m.UndoneAt.IsZero() || m.EventID != "$b" {
			t.Errorf("the second mark is %+v", m)
		}
		return nil
	})
}
