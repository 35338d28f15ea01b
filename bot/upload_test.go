package bot

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"

	"maunium.net/go/mautrix/event"

	"ronde/cards"
	"ronde/e2e/homeserver"
)

func picture() cards.Image {
	return cards.Image{Name: "a.png", Type: "image/png", Width: 8, Height: 4, Size: 11, Bytes: []byte("\x89PNG picture")}
}

// shows uploads a picture and sends it.
func (w *town) shows(room string) {
	w.t.Helper()
	image := picture()
	uploaded, err := w.bot.Upload(w.t.Context(), room, image)
	if err != nil {
		w.t.Fatal(err)
	}
	image.Uploaded = uploaded
	w.sends(cards.Outgoing{Room: room, TxnID: "txn", Message: &cards.Message{Plain: "a curve: at most 5", HTML: "<strong>a curve</strong>: at most 5", ReplyTo: "$asked", Image: &image}})
}

// A person who is in the room sees the picture, and in an encrypted one the homeserver
// does not, nor what it is called.
func TestAPictureIsForTheRoomAlone(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newTown(t)
			al := w.person("alice")
			w.rooms(homeserver.RoomOptions{Encrypted: encrypted}).settled()
			if encrypted {
				w.knows(al, w.cfg.Technique)
			}
			w.shows(w.cfg.Technique)
			w.until("alice hears it", func() bool { return len(al.ears.all()) == 1 })
			c := al.ears.last
			if c.MsgType != event.MsgImage || c.Body != "a curve: at most 5" || c.FileName != "a.png" || c.Info.Width != 8 || c.Info.MimeType != "image/png" || c.RelatesTo.GetReplyTo() != "$asked" || c.Mentions == nil {
				t.Errorf("alice heard %+v", c)
			}
			url := c.URL
			if encrypted {
				url = c.File.URL
			}
			seen, err := al.DownloadBytes(t.Context(), url.ParseOrIgnore())
			if err != nil {
				t.Fatal(err)
			}
			if encrypted {
				if bytes.Contains(seen, []byte("PNG")) || c.URL != "" {
					t.Errorf("the homeserver has %q in clear", seen)
				}
				if err := c.File.DecryptInPlace(seen); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(seen, picture().Bytes) {
				t.Errorf("alice sees %q", seen)
			}
		})
	}
}

// What was uploaded in clear is not shown in a room that is encrypted since.
func TestAPictureDoesNotOutliveTheRoomInClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		al := w.person("alice")
		w.rooms(homeserver.RoomOptions{Encrypted: true}).settled()
		w.knows(al, w.cfg.Technique)
		image := picture()
		image.Uploaded = `{"url":"mxc://ronde.test/1"}`
		w.sends(cards.Outgoing{Room: w.cfg.Technique, TxnID: "txn", Message: &cards.Message{Plain: "a curve", Image: &image}})
		w.until("alice hears it", func() bool { return len(al.ears.all()) == 1 })
		if c := al.ears.last; c.MsgType != event.MsgNotice || c.URL != "" {
			t.Errorf("alice heard %+v", c)
		}
	})
}

func TestWhyAPictureCannotBeUploaded(t *testing.T) {
	var refused *cards.RefusedError
	var limited *cards.RateLimitError
	for name, tt := range map[string]struct {
		fault homeserver.Fault
		is    func(error) bool
	}{
		"too large":         {homeserver.Fault{Status: 413, Code: "M_TOO_LARGE"}, func(err error) bool { return errors.As(err, &refused) }},
		"asked to wait":     {homeserver.Fault{Status: 429, Code: "M_LIMIT_EXCEEDED"}, func(err error) bool { return errors.As(err, &limited) }},
		"no connection":     {homeserver.Fault{Drop: homeserver.DropConnection}, func(err error) bool { return errors.Is(err, cards.ErrNotSent) }},
		"a broken server":   {homeserver.Fault{Status: 502}, func(err error) bool { return !errors.As(err, &refused) && !errors.Is(err, cards.ErrNotSent) }},
		"half of an answer": {homeserver.Fault{Drop: homeserver.DropHalf}, func(err error) bool { return !errors.As(err, &refused) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
			w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
				if r.Kind == homeserver.Upload {
					return tt.fault
				}
				return homeserver.Fault{}
			})
			if _, err := w.bot.Upload(t.Context(), w.cfg.Technique, picture()); err == nil || !tt.is(err) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := w.bot.Upload(t.Context(), "!unknown:ronde.test", picture()); err == nil {
				t.Error("a picture for a room that is none of the bot's was uploaded")
			}
		})
	}
}
