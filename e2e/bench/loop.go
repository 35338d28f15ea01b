package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"
)

// bareLoop is the yardstick of the relay: IDLE, FETCH, PUT, and nothing stored,
// understood, retried or encrypted. Nothing that keeps a promise can be faster.
type bareLoop struct {
	bareSender
	mail  *imapclient.Client
	grown chan uint32 // how many mails the folder holds
	ended chan error  // holds how it ended
}

// bareSender puts messages into a room, one after another, and tries each once.
type bareSender struct {
	matrix *mautrix.Client
	room   id.RoomID
	sent   int
}

func openBareSender(ctx context.Context, matrix *mautrix.Client, room id.RoomID) (bareSender, error) {
	if _, err := matrix.JoinRoomByID(ctx, room); err != nil {
		return bareSender{}, fmt.Errorf("join the room of %s: %w", matrix.UserID, err)
	}
	return bareSender{matrix: matrix, room: room}, nil
}

// openBareLoop logs in at both servers, joins the room and waits for mail in the
// background.
func openBareLoop(ctx context.Context, mail login, matrix *mautrix.Client, room id.RoomID) (*bareLoop, error) {
	sender, err := openBareSender(ctx, matrix, room)
	if err != nil {
		return nil, err
	}
	l := &bareLoop{bareSender: sender, grown: make(chan uint32, 16), ended: make(chan error, 1)}
	client, err := imapclient.DialInsecure(mail.address, &imapclient.Options{
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				l.grown <- *data.NumMessages
			}
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("connect the bare loop: %w", err)
	}
	l.mail = client
	if err := client.Login(mail.user, mail.password).Wait(); err != nil {
		return nil, errors.Join(fmt.Errorf("log the bare loop in: %w", err), client.Close())
	}
	if _, err := client.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the bare loop's folder: %w", err), client.Close())
	}
	go func() { l.ended <- l.run(ctx) }()
	return l, nil
}

// login is how to get at a mailbox.
type login struct{ address, user, password string }

func (l *bareLoop) run(ctx context.Context) error {
	for {
		idle, err := l.mail.Idle()
		if err != nil {
			return err
		}
		var number uint32
		select {
		case number = <-l.grown:
		case <-l.mail.Closed():
			return errors.New("the mail server hung up")
		}
		if err := errors.Join(idle.Close(), idle.Wait()); err != nil {
			return err
		}
		text, err := l.fetch(number)
		if err != nil {
			return err
		}
		if err := l.put(ctx, text); err != nil {
			return err
		}
	}
}

func (l *bareLoop) fetch(number uint32) ([]byte, error) {
	section := &imap.FetchItemBodySection{Peek: true}
	mails, err := l.mail.Fetch(imap.SeqSetNum(number), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil || len(mails) != 1 {
		return nil, fmt.Errorf("fetch mail %d: got %d: %w", number, len(mails), err)
	}
	return mails[0].FindBodySection(section), nil
}

func (l *bareSender) put(ctx context.Context, text []byte) error {
	body, err := json.Marshal(map[string]string{"msgtype": "m.text", "body": string(text)})
	if err != nil {
		return err
	}
	l.sent++
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	address := fmt.Sprintf("%s/_matrix/client/v3/rooms/%s/send/m.room.message/bare-%d", l.matrix.HomeserverURL, url.PathEscape(string(l.room)), l.sent)
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+l.matrix.AccessToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil { // or the connection would not be used again
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("put: %s", response.Status)
	}
	return nil
}

// close ends the loop and returns what ended it before, if something did.
func (l *bareLoop) close() error {
	select {
	case err := <-l.ended:
		return fmt.Errorf("the bare loop ended early: %w", err)
	default:
	}
	_ = l.mail.Close()
	if err := <-l.ended; err == nil {
		return errors.New("the bare loop ended before its connection was cut")
	}
	return nil
}
