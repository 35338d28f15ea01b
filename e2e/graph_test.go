package e2e

import (
	"bytes"
	"image/png"
	"path/filepath"
	"testing"
	"time"

	"ronde/graph"
	"ronde/store"
)

// Somebody in an encrypted room asks for a curve; their own client downloads the picture
// from a real homeserver, which has it encrypted, and decrypts it.
func TestACurveInAnEncryptedRoom(t *testing.T) {
	w := settle(t, nil)
	measureADay(t, filepath.Join(w.dir, "ronde.db"))
	_, err := w.ana.Say(w.ctx, w.supervision, "!courbe nextcloud mémoire 24h")
	must(t, err)
	shown := w.expect(t, w.supervision, "the curve", "📈 nextcloud · mémoire · 24 h", "entre 256 MiB et 512 MiB")
	if !shown.Encrypted || shown.Picture == nil || shown.Picture.File == nil || shown.Picture.URL != "" {
		t.Fatalf("the picture is not encrypted: %+v", shown.Picture)
	}
	sealed, err := w.ana.Download(w.ctx, shown)
	must(t, err)
	if _, err := png.Decode(bytes.NewReader(sealed)); err == nil {
		t.Error("the homeserver has the picture in clear")
	}
	must(t, shown.Picture.File.DecryptInPlace(sealed))
	drawn, err := png.Decode(bytes.NewReader(sealed))
	must(t, err)
	if size := drawn.Bounds().Size(); size.X != graph.Width || size.Y != graph.Height || size.X != shown.Picture.Info.Width {
		t.Errorf("the picture is %v, and said to be %d wide", size, shown.Picture.Info.Width)
	}
	_, err = w.ana.Say(w.ctx, w.technique, "!courbe nextcloud mémoire 24h")
	must(t, err)
	open := w.expect(t, w.technique, "the curve in a room in clear", "📈 nextcloud")
	clear, err := w.ana.Download(w.ctx, open)
	must(t, err)
	if _, err := png.Decode(bytes.NewReader(clear)); err != nil || open.Picture.File != nil {
		t.Errorf("the picture in clear: %v", err)
	}
	must(t, w.ana.Unread())
}

// measureADay writes into the database of a running bot what its checks would.
func measureADay(t *testing.T, file string) {
	t.Helper()
	db, err := store.Open(t.Context(), file)
	must(t, err)
	must(t, db.Update(t.Context(), func(tx *store.Tx) error {
		nextcloud := store.Series{Check: "stats", Name: "antigone", Metric: "memory", Thing: "nextcloud", Unit: "B"}
		for n := range 24 * 6 {
			value := float64(256+256*(n%2)) * (1 << 20)
			if err := tx.AddMetrics(tx.Now.Add(-time.Duration(n)*10*time.Minute), []store.Measured{{Series: nextcloud, Value: value}}); err != nil {
				return err
			}
		}
		return nil
	}))
	must(t, db.Close())
}
