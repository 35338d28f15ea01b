package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// watch prints its wall clock, waits for a line, and prints by how much its wall clock
// and its monotonic clock went on meanwhile.
const watch = `package main

import ("bufio"; "fmt"; "os"; "time")

func main() {
	began := time.Now()
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
	now := time.Now()
	fmt.Println(now.Round(0).Sub(began.Round(0)).Round(time.Minute), now.Sub(began).Round(time.Minute))
}
`

// TestTheClockJumpsWhileAProgramRuns: forth and back, and what it measures stays right.
func TestTheClockJumpsWhileAProgramRuns(t *testing.T) {
	dir := t.TempDir()
	changes, err := overlay(t.Context(), dir)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "watch.go"), []byte(watch), 0o600))
	program, clock := filepath.Join(dir, "watch"), filepath.Join(dir, "clock")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-overlay", changes, "-o", program, filepath.Join(dir, "watch.go"))
	build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for by, want := range map[time.Duration]string{-45 * time.Minute: "-45m0s 0s\n", 9 * time.Minute: "9m0s 0s\n", 0: "0s 0s\n"} {
		must(t, setClock(clock, 0))
		if got := watched(t, program, clock, by); got != want {
			t.Errorf("a jump by %s: %q, want %q", by, got, want)
		}
	}
}

// watched runs the program, has its clock jump, and returns what it says then.
func watched(t *testing.T, program, clock string, by time.Duration) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "CHAOS_CLOCK="+clock)
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, len("ready\n")))
	must(t, err)
	must(t, setClock(clock, by))
	_, err = io.WriteString(in, "\n")
	must(t, err)
	said, err := io.ReadAll(out)
	must(t, err)
	must(t, cmd.Wait())
	return string(said)
}

// TestTheWireCutsInTheMiddle: a connection ends after so many bytes of the server, and
// none does once it is calm.
func TestTheWireCutsInTheMiddle(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer server.Close()
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write(make([]byte, 200_000))
			_ = conn.Close()
		}
	}()
	w, err := openWire(1, server.Addr().String(), &story{begun: time.Now()})
	must(t, err)
	defer w.close()
	whole, cut := 0, 0
	for range 60 {
		switch n := hearAll(t, w.address); {
		case n == 200_000:
			whole++
		case n > 0:
			cut++
		}
	}
	if cut == 0 || cut > mostCuts || whole < 60-mostCuts {
		t.Errorf("%d connections were whole and %d cut, at most %d may be", whole, cut, mostCuts)
	}
	w, err = openWire(1, server.Addr().String(), &story{begun: time.Now()})
	must(t, err)
	defer w.close()
	w.calm()
	for range 20 {
		if n := hearAll(t, w.address); n != 200_000 {
			t.Errorf("in the calm a connection is cut after %d bytes", n)
		}
	}
}

func hearAll(t *testing.T, address string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	defer conn.Close()
	said, _ := io.ReadAll(conn)
	return len(said)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
