package peers

import (
	"context"
	"os"
	"testing"
	"time"
)

// NeedDendrite gives the test a homeserver of its own and stops it afterwards.
//
// Where a peer is missing, the Need functions skip the test and say what to install; with
// RONDE_PEERS=required in the environment they fail it instead.
func NeedDendrite(t testing.TB) *Dendrite {
	t.Helper()
	return need(t, StartDendrite)
}

// NeedDovecot gives the test a mail server of its own and stops it afterwards.
func NeedDovecot(t testing.TB) *Dovecot {
	t.Helper()
	return need(t, StartDovecot)
}

// NeedDocker gives the test a Docker engine of its own and stops it afterwards.
func NeedDocker(t testing.TB) *Docker {
	t.Helper()
	return need(t, StartDocker)
}

// NeedSSHD gives the test an OpenSSH server of its own and stops it afterwards.
func NeedSSHD(t testing.TB) *SSHD {
	t.Helper()
	return need(t, StartSSHD)
}

// NeedNetdata gives the test a Netdata of its own and stops it afterwards.
func NeedNetdata(t testing.TB) *Netdata {
	t.Helper()
	return need(t, StartNetdata)
}

// NeedRedis gives the test a Redis of its own and stops it afterwards.
func NeedRedis(t testing.TB) *Redis {
	t.Helper()
	return need(t, StartRedis)
}

// FreeAddress gives a loopback address whose port nobody listened on a moment ago, for a program that is told where to
// listen. Nobody gets that port by chance meanwhile.
func FreeAddress(t testing.TB) string {
	t.Helper()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// peer is what every running peer can do.
type peer interface {
	Stop()
	LogFile() string
}

func need[P peer](t testing.TB, start func(context.Context, string) (P, error)) P {
	t.Helper()
	p, err := start(t.Context(), shortTempDir(t))
	switch {
	case IsMissing(err) && os.Getenv("RONDE_PEERS") != "required":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Logf("last lines of %s:\n%s", p.LogFile(), tail(p.LogFile()))
		}
	})
	return p
}

// shortTempDir is t.TempDir without the test's name, which would make the paths of sockets too long.
func shortTempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ronde-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, dir) })
	return dir
}

// remove removes a folder in which what a peer started may still write for a moment.
func remove(t testing.TB, dir string) {
	t.Helper()
	err := os.RemoveAll(dir)
	for tries := 1; tries < 100 && err != nil; tries++ {
		<-time.After(50 * time.Millisecond)
		err = os.RemoveAll(dir)
	}
	if err != nil {
		t.Errorf("clean up: %v", err)
	}
}
