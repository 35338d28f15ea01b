// Package store keeps what must survive a restart, in one SQLite file: what
// came in, what must go out, and what people did.
//
// Every change goes through [Store.Update], so that a change of state, the card
// that shows it and the record of who did it are one transaction. Rows come and
// go as plain structs; the rules about them live in the packages above.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3" // the "sqlite3" driver
	"go.mau.fi/util/dbutil"
)

//go:embed schema/*.sql
var schema embed.FS

// Store is an open database. Its methods may be called from several goroutines.
type Store struct {
	db   *dbutil.Database
	name string
	// writing lets one of our transactions begin at a time. SQLite allows no more
	// than one either, but lets the others sleep ever longer between two tries, so
	// that a busy minute delays an alert by tens of milliseconds.
	writing sync.Mutex
}

// Open opens the database file at path, makes it if it is missing and brings its
// tables up to date. A file made by a newer ronde is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := ownOnly(path); err != nil {
		return nil, err
	}
	// synchronous=FULL: what was accepted must outlive a power cut, not only a
	// crash of the process. txlock=immediate: a transaction that reads and then
	// writes would otherwise fail with SQLITE_BUSY in spite of the timeout.
	// stmt_cache_size: the same few dozen queries run all day, and reading their
	// text took a sixth of the time from a mail to its card.
	raw, err := sql.Open("sqlite3", "file:"+strings.NewReplacer("?", "%3f", "#", "%23", "%", "%25").Replace(path)+
		"?_txlock=immediate&_foreign_keys=on&_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_cache_size=-1000&_stmt_cache_size=64")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	raw.SetMaxOpenConns(4)
	s, err := prepare(ctx, raw)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), raw.Close())
	}
	return s, nil
}

// ownOnly makes sure that only the bot's user can read the file, which holds the
// account's token and keys.
func ownOnly(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	return f.Close()
}

func prepare(ctx context.Context, raw *sql.DB) (*Store, error) {
	db, err := dbutil.NewWithDB(raw, "sqlite3")
	if err != nil {
		return nil, err
	}
	db.Owner = "ronde"
	db.UpgradeTable = dbutil.BuildUpgradeTable().WithFSPath(schema, "schema").Finish()
	if err := db.Upgrade(ctx); err != nil {
		return nil, err
	}
	s := &Store{db: db}
	return s, s.Update(ctx, s.loadName)
}

// loadName reads the random word that was made with the database.
func (s *Store) loadName(tx *Tx) error {
	name, known, err := tx.Value("store.name")
	if err != nil {
		return err
	}
	if !known {
		name = strings.ToLower(rand.Text()[:10])
		if err := tx.SetValue("store.name", name); err != nil {
			return err
		}
	}
	s.name = name
	return nil
}

// Name is the random word made with the database. Transaction ids begin with it,
// so that a new database never repeats those of an old one.
func (s *Store) Name() string { return s.name }

// Matrix returns the database for the Matrix library's own tables (keys and
// rooms), which live in the same file.
func (s *Store) Matrix() any { return s.db }

// Close closes the database.
func (s *Store) Close() error { return s.db.RawDB.Close() }

// Backup writes a consistent copy of the database to a new file at path, also
// while the bot runs. It refuses to replace a file. The copy holds the account's
// secrets, so only the current user can read it.
func (s *Store) Backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if _, err := s.db.RawDB.ExecContext(ctx, "VACUUM INTO ?", abs); err != nil {
		return errors.Join(fmt.Errorf("copy the database to %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// Tx is a transaction, with [Store.View] one that only reads. It lives no longer than
// the function it was given to.
type Tx struct {
	ctx context.Context //nolint:containedctx // a Tx never outlives the call that made it
	sql querier
	// Now is the one instant at which everything in the transaction happens.
	Now time.Time
}

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Update runs change in one transaction: all of it is committed, or, when change
// fails or panics, nothing. A panic comes back as an error. change must not call
// Update: it would wait for itself.
func (s *Store) Update(ctx context.Context, change func(tx *Tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	tx, err := s.db.RawDB.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	if err := guard(change, &Tx{ctx: ctx, sql: tx, Now: time.Now()}); err != nil {
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("roll back: %w", rollback))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// View runs read on the state as it is at its first query, without locking anybody
// out: what is committed meanwhile is not seen, so that a card and the notice that
// were stored in one transaction are seen together or not at all.
func (s *Store) View(ctx context.Context, read func(tx *Tx) error) (err error) {
	conn, err := s.db.RawDB.Conn(ctx)
	if err != nil {
		return fmt.Errorf("read the database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// Not BeginTx: with _txlock=immediate it would wait for who writes, also to read.
	if _, err := conn.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer func() {
		if _, failed := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); failed != nil {
			err = errors.Join(err, fmt.Errorf("stop reading: %w", failed), conn.Raw(func(any) error { return driver.ErrBadConn }))
		}
	}()
	return guard(read, &Tx{ctx: ctx, sql: conn, Now: time.Now()})
}

func guard(fn func(tx *Tx) error, tx *Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r, Stack: string(debug.Stack())}
		}
	}()
	return fn(tx)
}

// PanicError is a panic inside a transaction, which was rolled back.
type PanicError struct {
	Value any
	Stack string
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

func (tx *Tx) exec(query string, args ...any) (sql.Result, error) {
	return tx.sql.ExecContext(tx.ctx, query, args...)
}

// insert runs an INSERT and returns the new row's id.
func (tx *Tx) insert(query string, args ...any) (int64, error) {
	res, err := tx.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// changed runs a statement and returns how many rows it changed.
func (tx *Tx) changed(query string, args ...any) (int, error) {
	res, err := tx.exec(query, args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// rows is what both sql.Row and sql.Rows can do.
type scanner interface{ Scan(dest ...any) error }

// one returns the only row of a query; known is false when there is none.
func one[T any](tx *Tx, scan func(scanner) (T, error), query string, args ...any) (row T, known bool, err error) {
	row, err = scan(tx.sql.QueryRowContext(tx.ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil, err
}

// many returns all rows of a query.
func many[T any](tx *Tx, scan func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := tx.sql.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// ms turns a time into a column's value; the zero time is 0.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at turns a column's value into a time; 0 and NULL are the zero time.
func at(ms sql.NullInt64) time.Time {
	if !ms.Valid || ms.Int64 == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64)
}
