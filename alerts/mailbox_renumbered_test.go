package alerts

import (
	"testing"
	"testing/synctest"
	"time"

	"ronde/store"
)

func TestMailboxRenumberedFolderGivesNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.start()
		w.deliver("one", 0)
		w.deliver("two", 0)
		w.deliver("dated next week", -7*24*time.Hour)
		time.Sleep(11 * time.Minute) // between two polls: none must see the folder half made
		w.wantSubjects("one", "two", "dated next week")
		w.recreateFolder()
		w.deliver("ancient", 90*24*time.Hour)
		w.redeliver("two")
		w.deliver("three", 0)
		w.redeliver("one")
		w.dropConnections()
		time.Sleep(10 * time.Minute)
		w.wantSubjects("one", "two", "dated next week", "three")
		w.deliver("four", 0)
		time.Sleep(10 * time.Minute)
		w.wantSubjects("one", "two", "dated next week", "three", "four")
	})
}

func TestMailboxAFolderWithLowerNumbersIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.inbox.setCursor("INBOX", store.Cursor{UIDValidity: 1, UID: 900, Received: time.Now()})
		w.deliver("from the restored backup", 0)
		w.start()
		time.Sleep(time.Second)
		w.wantSubjects("from the restored backup")
	})
}
