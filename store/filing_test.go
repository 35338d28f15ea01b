package store

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestAMailIsFiledOnceInEachFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		take := func(folder string, validity, uid uint32, hash string) {
			t.Helper()
			m := Mail{Folder: folder, UIDValidity: validity, UID: uid, Raw: []byte("x"), Hash: hash, File: true}
			if _, err := s.TakeMail(t.Context(), Cursor{UIDValidity: validity, UID: uid}, folder, []Mail{m}); err != nil {
				t.Fatal(err)
			}
		}
		want := func(what, folder string, validity uint32, uids ...uint32) (waiting []Filing) {
			t.Helper()
			waiting, err := s.Unfiled(t.Context(), folder, validity, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []uint32
			for _, f := range waiting {
				got = append(got, f.UID)
			}
			if !slices.Equal(got, uids) {
				t.Fatalf("%s: %v are to be filed, want %v", what, got, uids)
			}
			return waiting
		}
		done := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}

		take("INBOX", 1, 1, "a")
		take("INBOX", 1, 2, "b")
		take("INBOX", 1, 3, "b")
		take("Kuma", 9, 1, "b")
		waiting := want("a mail that came twice", "INBOX", 1, 1, 2)
		want("the same in another folder", "Kuma", 9, 1)

		done(s.Filed(t.Context(), "INBOX", waiting[:1]))
		take("INBOX", 1, 4, "a")
		want("a mail that somebody put back", "INBOX", 1, 2)

		take("INBOX", 2, 1, "a")
		take("INBOX", 2, 2, "b")
		want("the numbers from before", "INBOX", 1)
		waiting = want("a renumbered folder", "INBOX", 2, 2)

		done(s.FileLater(t.Context(), "INBOX", waiting, time.Now().Add(time.Hour)))
		want("what was refused", "INBOX", 2)
		time.Sleep(time.Hour)
		if waiting = want("an hour later", "INBOX", 2, 2); !waiting[0].Again {
			t.Error("it is not known that the server refused")
		}
	})
}
