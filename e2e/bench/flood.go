package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	_ "github.com/mattn/go-sqlite3" // to see in the bot's database how far it is

	"ronde/e2e/peers"
	"ronde/e2e/scene"
)

const (
	floodMails  = 10000
	floodThings = 100
	floodLimit  = 5 * time.Minute
)

// measureFlood starts a bot on a mailbox in which 10,000 alerts wait and looks at its
// memory when the last of them is folded.
func measureFlood(ctx context.Context, t *town) ([]figure, error) {
	if err := errors.Join(t.needMail(ctx), t.needHomeserver(ctx)); err != nil {
		return nil, err
	}
	mailbox := t.mail[floodName]
	begun := time.Now()
	if err := fill(mailbox); err != nil {
		return nil, err
	}
	t.say("put %d mails into a mailbox in %.1f s", floodMails, time.Since(begun).Seconds())
	b, err := t.newBot(ctx, floodName, false, func(s *scene.Settings) {
		s.Mailbox = scene.Mailbox{Address: mailbox.Addr, User: mailbox.User, Password: mailbox.Password}
	})
	if err != nil {
		return nil, err
	}
	begun = time.Now()
	if err := t.move(ctx, b); err != nil {
		return nil, err
	}
	if err := folded(ctx, filepath.Join(filepath.Dir(b.Config), "ronde.db")); err != nil {
		return nil, fmt.Errorf("%w; the bot's log ends:\n%s", err, lastOf(b.Log()))
	}
	t.say("read and folded them within %.1f s of its start", time.Since(begun).Seconds())
	peak, err := kilobytes(b.PID(), "status", "VmHWM")
	return []figure{{name: "flood_rss", value: peak / 1024, unit: "MiB"}}, errors.Join(err, b.Stop())
}

// fill puts the mails into INBOX, many at once without waiting.
func fill(mailbox *peers.Dovecot) (err error) {
	client, err := imapclient.DialInsecure(mailbox.Addr, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	if err := client.Login(mailbox.User, mailbox.Password).Wait(); err != nil {
		return err
	}
	began := time.Now().Add(-floodMails * time.Second)
	for n := 0; n < floodMails; {
		var under []*imapclient.AppendCommand
		for range 500 {
			raw := floodMail(n, began.Add(time.Duration(n)*time.Second))
			add := client.Append("INBOX", int64(len(raw)), nil)
			_, err := add.Write(raw)
			if err := errors.Join(err, add.Close()); err != nil {
				return err
			}
			under = append(under, add)
			n++
		}
		for _, add := range under {
			if _, err := add.Wait(); err != nil {
				return err
			}
		}
	}
	return nil
}

// floodMail is one that Uptime Kuma sends again and again, with some kilobytes below.
func floodMail(n int, at time.Time) []byte {
	line := fmt.Sprintf("[Crue %02d] [🔴 Down] Request failed with status code 502", n%floodThings)
	return []byte(strings.Join([]string{
		"From: Uptime Kuma <uptime@exemple-asso.fr>", "To: alertes@exemple-asso.fr", "Subject: " + line,
		fmt.Sprintf("Message-ID: <flood-%d@exemple-asso.fr>", n), "Date: " + at.Format(time.RFC1123Z),
		"MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "", line, strings.Repeat("une ligne de plus, pour le poids\r\n", 100), "",
	}, "\r\n"))
}

// folded waits until the bot has folded all of them.
func folded(ctx context.Context, file string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, floodLimit)
	defer cancel()
	db, err := sql.Open("sqlite3", "file:"+file+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for {
		n := 0
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM inbox WHERE state <> 'new'").Scan(&n); err != nil {
			return fmt.Errorf("see how far the bot is: %w", err)
		}
		if n == floodMails {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d mails are folded: %w", n, floodMails, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
