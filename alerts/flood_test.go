package alerts

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"ronde/store"
)

// Mails that wait are folded in the order in which they came, and no more than a handful is held at a
// time: the bot has a few dozen MiB.
func TestAFloodIsFoldedAHandfulAtATime(t *testing.T) {
	const flood, things, filler = 600, 100, 64 << 10
	inMemory(t)
	d := newInboxDesk(t)
	began := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for first := 0; first < flood; first += batchMails {
		var batch []store.Mail
		for n := first; n < first+batchMails; n++ {
			status := []string{"🔴 Down", "✅ Up"}[n/things%2]
			at := began.Add(time.Duration(n) * time.Minute)
			raw := fmt.Appendf(nil, "From: kuma@example.org\nDate: %s\nSubject: [Thing %d] [%s] flood\nMessage-ID: <%d@example.org>\n\n%s\n",
				at.Format(time.RFC1123Z), n%things, status, n, strings.Repeat("x", filler))
			batch = append(batch, store.Mail{Folder: "INBOX", UIDValidity: 1, UID: uint32(n + 1), Received: at, Raw: raw, Hash: fmt.Sprint(n)})
		}
		_, err := d.Store.TakeMail(t.Context(), store.Cursor{UIDValidity: 1, UID: uint32(first + batchMails)}, "INBOX", batch)
		must(t, err)
	}
	before, most, folded := liveHeap(), uint64(0), 0
	d.Changed = func() {
		if folded++; folded%60 == 1 {
			most = max(most, liveHeap())
		}
	}
	must(t, d.FoldAll(t.Context()))
	if folded != flood {
		t.Errorf("%d mails were folded, want %d", folded, flood)
	}
	if most > before+4<<20 {
		t.Errorf("%d KiB were held while %d KiB waited", (most-before)>>10, flood*filler>>10)
	}
	lines := strings.Split(d.incidents(), "\n")
	for _, line := range lines {
		if !strings.HasPrefix(line, "resolved") || !strings.Contains(line, ", 1 alert, ") {
			t.Fatalf("an incident is %q: mails overtook each other", line)
		}
	}
	if len(lines) != flood/2 {
		t.Errorf("%d incidents, want %d", len(lines), flood/2)
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// inMemory has a test wait for no disk, where there is a place without one.
func inMemory(t *testing.T) {
	if _, err := os.Stat("/dev/shm"); err == nil {
		t.Setenv("TMPDIR", "/dev/shm")
	}
}
