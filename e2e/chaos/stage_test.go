package main

import (
	"testing"

	"ronde/e2e/peers"
)

// TestACourierThatIsCutOffConnectsAnew: one seed's trouble is not that of all to come.
func TestACourierThatIsCutOffConnectsAnew(t *testing.T) {
	s := &stage{dovecot: peers.NeedDovecot(t)}
	must(t, s.connect())
	defer func() { s.close() }()
	for _, do := range []func() error{
		func() error { return s.folder("seed-1") },
		func() error {
			return s.deliver("seed-1", []mail{{raw: []byte("Subject: one\r\n\r\n1\r\n")}, {raw: []byte("Subject: two\r\n\r\n2\r\n")}})
		},
		func() error { return s.renumber("seed-1") },
	} {
		must(t, s.courier.Close())
		must(t, do())
	}
	folder, err := s.courier.Select("seed-1", nil).Wait()
	must(t, err)
	if folder.NumMessages != 2 {
		t.Errorf("the folder has %d mails, want 2", folder.NumMessages)
	}
	must(t, s.courier.Close())
	must(t, s.remove("seed-1"))
}
