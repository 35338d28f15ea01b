package store

import (
	"fmt"
	"testing"
)

// TestAPageIsTriedAsItWas: those that go out as one stay together until their end is known,
// and what comes meanwhile goes out after them.
func TestAPageIsTriedAsItWas(t *testing.T) {
	s := temp(t)
	add := func(what PageKind, roads ...string) {
		t.Helper()
		update(t, s, func(tx *Tx) error {
			for _, road := range roads {
				if err := tx.AddPage(Page{Road: road, What: what, Outage: tx.Now}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	try := func(want string) {
		t.Helper()
		update(t, s, func(tx *Tx) error {
			pages, err := tx.TryPages("ntfy")
			got := ""
			for _, p := range pages {
				got += fmt.Sprintf("%d %s %d/%d;", p.ID, p.What, p.Batch, p.Doubts)
				if !p.At.Equal(tx.Now.Truncate(1e6)) || p.State != PageTrying {
					t.Errorf("page %+v", p)
				}
			}
			if got != want {
				t.Errorf("tried %q, want %q", got, want)
			}
			return err
		})
	}
	end := func(end func(*Tx, int64) error, batch int64) {
		t.Helper()
		update(t, s, func(tx *Tx) error { return end(tx, batch) })
	}
	try("")
	add(PageUp, "ntfy")
	add(PageDown, "ntfy", "mail a@b", "ntfy")
	try("2 down 2/1;4 down 2/1;")
	add(PageDown, "ntfy")
	end((*Tx).PageFailed, 2)
	try("2 down 2/1;4 down 2/1;")
	end((*Tx).PageInDoubt, 2)
	try("2 down 2/2;4 down 2/2;")
	end((*Tx).PageFailed, 2)
	try("2 down 2/2;4 down 2/2;")
	end((*Tx).PageInDoubt, 2)
	try("5 down 5/1;")
	end((*Tx).PageArrived, 5)
	try("1 up 1/1;")
	end((*Tx).PageFailed, 1)
	add(PageDown, "ntfy")
	try("6 down 6/1;")
	end((*Tx).PageArrived, 6)
	try("1 up 1/1;")
	update(t, s, func(tx *Tx) error { return tx.PagesInDoubt() })
	try("1 up 1/2;")
	update(t, s, func(tx *Tx) error { return tx.PagesInDoubt() })
	try("")
	update(t, s, func(tx *Tx) error {
		pages, err := tx.PagesToNote()
		got := ""
		for _, p := range pages {
			got += fmt.Sprintf("%d %s;", p.ID, p.State)
		}
		if want := "1 unknown;2 unknown;3 waiting;4 unknown;5 sent;6 sent;"; got != want {
			t.Errorf("what came of them is %q, want %q", got, want)
		}
		return err
	})
}
