package checks

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// need skips the test when a program is missing, or fails it where
// RONDE_PEERS=required says that nothing may be missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, program+" is not installed")
		}
	}
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("RONDE_PEERS") == "required" {
		t.Fatalf("%s, and RONDE_PEERS=required", what)
	}
	t.Skip(what)
}

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// realEngine returns the address of a Docker engine: that in RONDE_DOCKER_HOST, or
// one started for this test, with the function that stops it.
func realEngine(t *testing.T) (address string, stop func()) {
	t.Helper()
	need(t, "docker", "busybox")
	if address = os.Getenv("RONDE_DOCKER_HOST"); address != "" {
		return address, nil
	}
	if testing.Short() {
		t.Skip("starting a Docker engine takes a while")
	}
	need(t, "dockerd", "containerd", "runc")
	if os.Getuid() != 0 {
		missing(t, "only root can start a Docker engine (or set RONDE_DOCKER_HOST)")
	}
	return startEngine(t)
}

func startEngine(t *testing.T) (address string, stop func()) {
	t.Helper()
	dir := shortDir(t)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	engine := exec.Command("dockerd", "--data-root", dir+"/data", "--exec-root", dir+"/exec", "-H", "unix://"+socket,
		"--pidfile", dir+"/pid", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
		"--ip-masq=false", "--userland-proxy=false")
	engine.Stdout, engine.Stderr = log, log
	engine.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = engine.Wait(); close(ended) }()
	stop = sync.OnceFunc(func() {
		_ = engine.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = engine.Process.Kill()
			<-ended
		}
		_ = syscall.Unmount(dir+"/exec/netns/default", syscall.MNT_DETACH)
	})
	t.Cleanup(stop)
	awaitEngine(t, socket, log.Name(), ended)
	return "unix://" + socket, stop
}

// awaitEngine returns once the engine answers, and skips the test if it does not.
func awaitEngine(t *testing.T, socket, log string, ended <-chan struct{}) {
	t.Helper()
	client := &http.Client{Transport: unixTransport(socket), Timeout: time.Second}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.After(60 * time.Second)
	for {
		if answer, err := client.Get("http://engine/_ping"); err == nil {
			answer.Body.Close()
			return
		}
		select {
		case <-tick.C:
			continue
		case <-ended:
		case <-late:
		}
		said, _ := os.ReadFile(log)
		missing(t, fmt.Sprintf("dockerd does not start here:\n%s", said[max(0, len(said)-2000):]))
	}
}

// docker runs the docker command against an engine and returns what it prints.
func docker(t *testing.T, address string, stdin io.Reader, args ...string) string {
	t.Helper()
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "docker", append([]string{"-H", address}, args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+t.TempDir())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, complaint.String())
	}
	return out.String()
}

// busyboxImage is a root filesystem that holds nothing but busybox.
func busyboxImage(t *testing.T) io.Reader {
	t.Helper()
	path, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var image bytes.Buffer
	w := tar.NewWriter(&image)
	write := func(h *tar.Header, content []byte) {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	write(&tar.Header{Typeflag: tar.TypeDir, Name: "bin/", Mode: 0o755}, nil)
	write(&tar.Header{Typeflag: tar.TypeReg, Name: "bin/busybox", Mode: 0o755, Size: int64(len(program))}, program)
	for _, applet := range []string{"sh", "sleep", "head", "tr"} {
		write(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + applet, Linkname: "busybox"}, nil)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &image
}

// startCrew starts 23 containers and returns what each burns, in percent of a core.
func startCrew(t *testing.T, address string) map[string]float64 {
	t.Helper()
	const burn = "while :; do :; done"
	crew, prefix := map[string]float64{}, fmt.Sprintf("ronde-%d-", os.Getpid())
	image := prefix + "busybox:test"
	docker(t, address, busyboxImage(t), "import", "-", image)
	var all sync.WaitGroup
	free := make(chan struct{}, 4)
	run := func(name string, cpu float64, script string, args ...string) {
		name = prefix + name
		crew[name] = cpu
		args = append([]string{"run", "-d", "--init=false", "--network=none", "--stop-signal=KILL", "--name", name}, args...)
		args = append(args, image, "/bin/sh", "-c", script)
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			docker(t, address, nil, args...)
		})
	}
	for i := range 18 {
		run(fmt.Sprintf("idle-%02d", i), 0, "sleep 1000")
	}
	run("burns-20", 20, burn, "--cpus=0.2")
	run("burns-10", 10, burn, "--cpus=0.1", "--memory=64m")
	run("holds-memory", 0, `x=$(head -c 20000000 /dev/zero | tr '\0' x); sleep 1000; :`, "--memory=128m")
	run("fills-page-cache", 0, "head -c 20000000 /dev/zero > /file; sleep 1000", "--memory=128m")
	run("forks", 0, "for i in 1 2 3 4 5 6 7; do sleep 1000 & done; wait", "--pids-limit=50")
	all.Wait()
	t.Cleanup(func() { removeCrew(address, crew, image) })
	awaitCrew(t, address, prefix)
	return crew
}

// awaitCrew returns once the containers have done what they do at their start.
func awaitCrew(t *testing.T, address, prefix string) {
	t.Helper()
	var m Measurement
	for range 20 {
		settled := 0
		m = measure(t, address)
		for _, c := range m.Containers {
			if c.Name == prefix+"holds-memory" && c.Memory > 15<<20 && c.CPU < 0.1 || c.Name == prefix+"forks" && c.PIDs == 8 {
				settled++
			}
		}
		if settled == 2 {
			return
		}
	}
	t.Fatalf("the containers do not come to rest: %+v", m.Containers)
}

// removeCrew may find the engine stopped already.
func removeCrew(address string, crew map[string]float64, image string) {
	args := []string{"-H", address, "rm", "-f"}
	for name := range crew {
		args = append(args, name)
	}
	_ = exec.Command("docker", args...).Run()
	_ = exec.Command("docker", "-H", address, "rmi", image).Run()
}
