package store

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"
	"time"
)

// These run at each event, card or minute, on tables that only grow. None may read a
// table from end to end, but for an index that holds no more than what is to do.
func TestWhatIsAskedAllDayUsesItsIndex(t *testing.T) {
	s := temp(t)
	var asked []query
	tx := &Tx{ctx: t.Context(), sql: listener{s.db.RawDB, &asked}, Now: time.Now()}
	for name, ask := range map[string]func() error{
		"room_events_to_do":                                   func() error { _, err := tx.RoomEventsInState("new", 1); return err },
		"marks_of_incident":                                   func() error { _, err := tx.IncidentMarks(1); return err },
		"marks_of_incident (incident_id=?)":                   func() error { _, err := tx.MarksOn(1); return err },
		"storm_members USING PRIMARY KEY (storm_id=?)":        func() error { _, err := tx.StormMembers(1); return err },
		"SEARCH storm_members USING PRIMARY KEY (storm_id=?)": func() error { _, err := tx.LeftOfStorm(1); return err },
		"USING PRIMARY KEY (storm_id=?)":                      func() error { _, err := tx.StormTally(1); return err },
		"storm_of_incident":                                   func() error { _, err := tx.LooseIncidents(time.Now(), true); return err },
		"one_open_incident (source=?)":                        func() error { _, err := tx.OpenIncidentsOf("kuma-expiry"); return err },
		"incident_marks_1":                                    func() error { _, _, err := tx.IncidentMarkByEvent("$1"); return err },
		"silences_until":                                      func() error { _, err := tx.SilencesUntil(time.Now()); return err },
		"inbox_of_incident":                                   func() error { _, err := tx.MailsOfIncident(1, 1); return err },
		"outbox_event":                                        func() error { _, _, err := tx.CardAt("$1"); return err },
		"one_open_incident":                                   func() error { _, err := tx.OpenIncidents(); return err },
		"cards_dirty":                                         func() error { _, err := tx.DirtyCards(1); return err },
		"outbox_to_do":                                        func() error { _, err := tx.WaitingParcels(1); return err },
		"hooks_to_do":                                         func() error { _, err := tx.NewHooks(1); return err },
		"hooks_again":                                         func() error { _, err := tx.HookCameBefore(Hook{Name: "kuma"}, time.Now()); return err },
		"vigils_to_do":                                        func() error { _, err := tx.WaitingVigils(); return err },
		"mentions_to_do":                                      func() error { _, err := tx.MentionsOver(); return err },
		"sightings USING PRIMARY KEY (incident_id=?)":         func() error { _, err := tx.Sightings(1); return err },
		"filings_to_do":                                       func() error { _, err := tx.unfiled("INBOX", 1, 1); return err },
		"inbox_to_empty":                                      func() error { return tx.plan(toEmpty("inbox"), 1, "mail", 1) },
		"hooks_to_empty":                                      func() error { return tx.plan(toEmpty("hooks"), 1, "hook", 1) },
		"pages_to_do":                                         func() error { _, err := tx.TryPages("ntfy"); return err },
		"page_notes_to_do":                                    func() error { _, err := tx.PagesToNote(); return err },
		"pages_of_incident":                                   func() error { _, err := tx.PagesInQuestion(); return err },
		"sqlite_autoindex_cards_1 (kind=? AND subject=?)":     func() error { _, err := tx.CardsOfOpen("incident"); return err },
		"hook_incidents USING PRIMARY KEY (incident_id=?)":    func() error { _, err := tx.HooksOfIncident(1, 1); return err },
		"(source=? AND thing=?)":                              func() error { _, err := tx.IncidentsOf("kuma", "Cloud", 1); return err },
		"sqlite_autoindex_series_1 (kind=? AND name=? AND metric=? AND thing=?)": func() error { _, _, err := tx.FindSeries(Series{}); return err },
		"points USING PRIMARY KEY (series=? AND at>? AND at<?)":                  func() error { _, err := tx.Points(1, time.Now(), time.Now(), 0); return err },
		"hours USING PRIMARY KEY (series=? AND hour=?)":                          func() error { _, err := tx.Hours(1, []time.Time{time.Now()}); return err },
		"evidence_to_do":  func() error { _, err := tx.WantedEvidence(1); return err },
		"evidence_wanted": func() error { _, err := tx.EvidenceSince(time.Now()); return err },
		"evidence USING PRIMARY KEY (incident_id=?)":  func() error { _, _, err := tx.LastEvidence(1); return err },
		"(source=? AND thing=? AND id<?)":             func() error { _, _, err := tx.IncidentBefore(Incident{}); return err },
		"(source=? AND thing=? AND id<?) ":            func() error { _, err := tx.IncidentsBefore(Incident{}, time.Now()); return err },
		"news_about":                                  func() error { _, err := tx.NewsAbout("diun", "a/b", time.Now(), time.Now()); return err },
		"news_of_card":                                func() error { _, err := tx.NewsOfCard("mail", 1); return err },
		"witnesses USING PRIMARY KEY (incident_id=?)": func() error { _, err := tx.Witnesses(1); return err },
		"witnesses_of_thing":                          func() error { _, err := tx.WitnessedBy("kuma", "Cloud", 1); return err },
		"inbox_to_do":                                 func() error { _, err := tx.NewMail(1); return err },
		"one_open_occurrence":                         func() error { _, err := tx.OpenOccurrences(); return err },
		"(routine=?)":                                 func() error { _, _, err := tx.OpenOccurrenceOf("backups"); return err },
		"(routine=? AND due_at=?)":                    func() error { _, _, err := tx.OpenOccurrence("backups", time.Now()); return err },
		"completions_of_routine (":                    func() error { _, _, err := tx.LastCompletion("backups"); return err },
		"completions_of_occurrence":                   func() error { _, err := tx.CompletionsOf(1); return err },
		"completions_of_routine":                      func() error { _, err := tx.CompletedByChecks("backups"); return err },
		"marks_of_occurrence":                         func() error { _, err := tx.MarksOf(1); return err },
		"event_id=?":                                  func() error { _, err := tx.MarksByEvent("$1"); return err },
		"skips_of_routine":                            func() error { _, err := tx.RoutineHistories(); return err },
		"(routine=?) ":                                func() error { _, _, err := tx.LastTurn("backups"); return err },
		"INDEX turns (due_at>?)":                      func() error { _, err := tx.TurnsSince(time.Now()); return err },
		"rounds_of_occurrence":                        func() error { _, err := tx.RoundsOf(1); return err },
		"round_id=?":                                  func() error { _, err := tx.RoundItems(1); return err },
		"room=?":                                      func() error { _, _, err := tx.LastRound("technique"); return err },
		"swaps_to_use":                                func() error { _, err := tx.SwapsToUse("backups"); return err },
		"kind=? AND subject=?":                        func() error { _, _, err := tx.CardOf("routine", 1); return err },
		"cards_event":                                 func() error { _, _, err := tx.CardOfEvent("$1"); return err },
		"key=?":                                       func() error { _, _, err := tx.RoutineSince("backups"); return err },
		"ref=?":                                       func() error { _, err := tx.Reading("reboot antigone"); return err },
		"watched USING PRIMARY KEY (ref=?)":           func() error { _, err := tx.WatchedBy("disk antigone"); return err },
		"watched_by_name":                             func() error { _, err := tx.WatchedAs("check/disk", "antigone"); return err },
		"watched_by_name (source=? AND name=?)":       func() error { _, err := tx.LastLook("check/disk", "antigone"); return err },
		"looks USING PRIMARY KEY (ref=?)":             func() error { _, _, err := tx.Look("disk antigone"); return err },
		"tellings USING PRIMARY KEY (incident_id=?)":  func() error { _, err := tx.Tellings(1, 1); return err },
	} {
		asked = nil
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(plans(t, s, asked), "\n")
		if !strings.Contains(plan+" ", name) {
			t.Errorf("%s is not used, but:\n%s", name, plan)
		}
		if scan.MatchString(toDo.ReplaceAllString(plan, "")) {
			t.Errorf("%s: a whole table is read:\n%s", name, plan)
		}
	}
}

// The routines, what is due and what waits are a handful of rows, however long the tables
// are.
var (
	scan = regexp.MustCompile(`(?m)^SCAN (?:[a-z_]+|m|o)\b`)
	toDo = regexp.MustCompile(`(?m)^SCAN (?:r|[a-z_]+ USING (?:COVERING )?INDEX (?:[a-z_]+_to_do|cards_dirty|one_open_occurrence|one_open_incident))$`)
)

type query struct {
	text string
	args []any
}

// listener notes what is read through it.
type listener struct {
	querier
	asked *[]query
}

func (l listener) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	*l.asked = append(*l.asked, query{text, args})
	return l.querier.QueryContext(ctx, text, args...)
}

func (l listener) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	*l.asked = append(*l.asked, query{text, args})
	return l.querier.QueryRowContext(ctx, text, args...)
}

// plans returns the steps in which SQLite answers queries.
func plans(t *testing.T, s *Store, queries []query) (steps []string) {
	t.Helper()
	for _, q := range queries {
		err := s.View(t.Context(), func(tx *Tx) error {
			more, err := many(tx, scanStep, "EXPLAIN QUERY PLAN "+q.text, q.args...)
			steps = append(steps, more...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return steps
}

// plan runs what else only is a part of a change.
func (tx *Tx) plan(query string, args ...any) error {
	_, err := many(tx, func(row scanner) (id int64, err error) { return id, row.Scan(&id) }, query, args...)
	return err
}

// scanStep reads one step of a query's plan.
func scanStep(row scanner) (step string, err error) {
	var id, parent, unused int
	err = row.Scan(&id, &parent, &unused, &step)
	return step, err
}
