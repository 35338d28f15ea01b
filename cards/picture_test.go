package cards_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"ronde/cards"
	"ronde/store"
)

// draws puts a notice with a picture into the outbox.
func (w *town) draws(key, words string) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		return w.outbox.AddNotice(tx, key, "technique", cards.Message{Plain: words, Image: &cards.Image{Name: "a.png", Type: "image/png", Width: 8, Height: 4, Bytes: []byte("bytes of " + key)}})
	})
}

// pictures are what became of the pictures: what was uploaded, and with what each notice
// went out.
func (w *town) pictures(uploads []string, notices ...string) {
	w.Helper()
	w.hs.mu.Lock()
	defer w.hs.mu.Unlock()
	if !slices.Equal(w.hs.uploads, uploads) {
		w.Errorf("uploaded %q, want %q", w.hs.uploads, uploads)
	}
	var got []string
	for _, out := range w.hs.took {
		said := out.Message.Plain
		if i := out.Message.Image; i != nil {
			said += fmt.Sprintf(" with %s, %d bytes", i.Uploaded, i.Size)
		}
		got = append(got, said)
	}
	if !slices.Equal(got, notices) {
		w.Errorf("sent %q, want %q", got, notices)
	}
}

// keptPicture tells whether anything is left of the picture of a notice.
func (w *town) keptPicture(key string) (bytes int, known bool) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		b, _, is, err := tx.Image(w.store.Name() + "-notice-" + key)
		bytes, known = len(b), is
		return err
	})
	return bytes, known
}

func TestAPictureIsUploadedOnceAndSentOnce(t *testing.T) {
	want := "a curve with mxc://1 of !technique, 10 bytes"
	story(t, "when all goes well", func(w *town) {
		w.draws("p", "a curve")
		w.draws("p", "a curve")
		w.start()
		w.after(time.Second)
		w.pictures([]string{"bytes of p"}, want)
		w.draws("p", "a curve")
		w.after(time.Minute)
		w.pictures([]string{"bytes of p"}, want)
		if n, known := w.keptPicture("p"); known {
			w.Errorf("%d bytes are kept of a picture that went out", n)
		}
	})
	story(t, "when the bot dies between the upload and the event", func(w *town) {
		w.hs.does(always(errBroken))
		w.draws("p", "a curve")
		w.start()
		w.after(time.Second)
		if n, known := w.keptPicture("p"); n != 0 || !known {
			w.Errorf("%d bytes are kept of a picture that is uploaded, known %v", n, known)
		}
		w.restart()
		w.hs.does(nil)
		w.syncs()
		w.after(time.Minute)
		w.pictures([]string{"bytes of p"}, want)
	})
	story(t, "when the answer about the event is lost", func(w *town) {
		w.hs.does(always(errLost))
		w.draws("p", "a curve")
		w.start()
		w.after(time.Second)
		w.hs.does(nil)
		w.echoes()
		w.after(time.Minute)
		w.pictures([]string{"bytes of p"}, want)
		if _, known := w.keptPicture("p"); known {
			w.Error("a picture is kept that was seen in the room")
		}
	})
	story(t, "when the homeserver was away for an hour", func(w *town) {
		w.hs.refusal = func(n int) error {
			if time.Since(w.hs.began) < time.Hour {
				return fmt.Errorf("connect: %w", cards.ErrNotSent)
			}
			return nil
		}
		w.draws("p", "a curve")
		w.start()
		w.after(time.Hour + time.Minute)
		w.pictures(w.hs.uploads, fmt.Sprintf("a curve with mxc://%d of !technique, 10 bytes", len(w.hs.uploads)))
	})
}

func TestAPictureThatCannotBeUploadedHoldsNothingUp(t *testing.T) {
	story(t, "refused: its words go at once", func(w *town) {
		w.hs.refusal = func(int) error { return &cards.RefusedError{Code: "M_TOO_LARGE", Err: errors.New("too large")} }
		w.draws("p", "a curve")
		w.start()
		w.after(time.Second)
		w.pictures([]string{"bytes of p"}, "a curve")
		if _, known := w.keptPicture("p"); known {
			w.Error("a picture is kept that was refused")
		}
	})
	story(t, "failing: others go first, its words after two minutes", func(w *town) {
		w.hs.refusal = func(int) error { return errBroken }
		w.draws("p", "a curve")
		w.start()
		w.notice("n", "another")
		w.after(time.Second)
		w.shows("another")
		w.after(3 * time.Minute)
		w.shows("another", "a curve")
	})
	story(t, "asked to wait: it waits so long and no longer", func(w *town) {
		w.hs.refusal = func(n int) error {
			if n == 1 {
				return &cards.RateLimitError{After: 40 * time.Second}
			}
			return nil
		}
		w.draws("p", "a curve")
		w.start()
		w.notice("n", "another")
		w.after(39 * time.Second)
		w.shows("another")
		w.after(2 * time.Second)
		w.pictures([]string{"bytes of p", "bytes of p"}, "another", "a curve with mxc://2 of !technique, 10 bytes")
	})
}

func TestAPictureIsWithdrawnWithItsNotice(t *testing.T) {
	story(t, "before it went out", func(w *town) {
		w.draws("p", "a curve")
		w.update(func(tx *store.Tx) error {
			_, err := w.outbox.Withdraw(tx, "p")
			return err
		})
		if _, known := w.keptPicture("p"); known {
			w.Error("a picture is kept that nobody wants")
		}
	})
}
