package probe

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// maxPasswd is how much of a list of users is read, in bytes.
	maxPasswd = 1 << 20
	// listPatience is how long the engine may take to say what its containers are called.
	listPatience = 3 * time.Second
	shortID      = 12 // digits of a container's id, as docker shows it
)

// describe says what processes are, and to whom they belong. Those that ended meanwhile
// are left out.
func describe(ctx context.Context, m *Machine, root string, all []busy) []Process {
	users, containers := readUsers(root), containersOf(ctx, m)
	described := []Process{}
	for _, b := range all {
		name, err := b.of.NameWithContext(ctx)
		if err != nil {
			continue
		}
		p := Process{PID: int(b.pid), Name: name, Started: b.started, CPU: b.average, Least: b.least}
		if uids, err := b.of.UidsWithContext(ctx); err == nil && len(uids) > 1 {
			p.User = users[uids[1]]
			if p.User == "" {
				p.User = strconv.FormatUint(uint64(uids[1]), 10)
			}
		}
		if memory, err := b.of.MemoryInfoWithContext(ctx); err == nil {
			p.Memory = memory.RSS
		}
		if id := containerOf(root, p.PID); id != "" {
			p.Container = id[:shortID]
			if name := containers[id]; name != "" {
				p.Container = name
			}
		}
		described = append(described, p)
	}
	return described
}

// readUsers returns the names in the machine's /etc/passwd, by number; the first of each.
func readUsers(root string) map[uint32]string {
	f, err := os.Open(filepath.Join(root, "etc/passwd"))
	if err != nil {
		return nil
	}
	defer f.Close()
	return ReadUsers(f)
}

// ReadUsers reads a file as passwd(5) describes it.
func ReadUsers(r io.Reader) map[uint32]string {
	users := map[uint32]string{}
	lines := bufio.NewScanner(io.LimitReader(r, maxPasswd))
	lines.Buffer(nil, maxPasswd) // no line is too long, which would hide the users behind it
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 3 || fields[0] == "" {
			continue
		}
		uid, err := strconv.ParseUint(fields[2], 10, 32)
		if _, known := users[uint32(uid)]; err == nil && !known {
			users[uint32(uid)] = fields[0]
		}
	}
	return users
}

// containersOf returns the names of the engine's containers by id; none when there is no
// engine that answers, which keeps no process from being shown.
func containersOf(ctx context.Context, m *Machine) map[string]string {
	if m.Host == nil || !m.Host.HasEngine() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, listPatience)
	defer cancel()
	all, err := m.Host.Listed(ctx)
	if err != nil {
		return nil
	}
	names := map[string]string{}
	for _, c := range all {
		names[c.ID] = c.Name
	}
	return names
}

// containerOf returns the id of the container that a process runs in; "" for none.
func containerOf(root string, pid int) string {
	raw, err := os.ReadFile(filepath.Join(root, "proc", strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return ""
	}
	return ReadContainerID(string(raw))
}

// containerID is how engines call the cgroup of a container: "/docker/ID",
// "docker-ID.scope", "cri-containerd-ID.scope". The innermost counts.
var containerID = regexp.MustCompile(`(?:^|[/-])([0-9a-f]{64})(?:\.scope)?(?:/|$)`)

// ReadContainerID reads the file cgroup of a process, of version 1 or 2; see cgroups(7).
// "" for a process that is in no container.
func ReadContainerID(cgroup string) string {
	for line := range strings.Lines(cgroup) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		if found := containerID.FindAllStringSubmatch(parts[2], -1); found != nil {
			return found[len(found)-1][1]
		}
	}
	return ""
}
