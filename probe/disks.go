package probe

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"
)

// Disk is a file system that keeps files on a device or over the network.
type Disk struct {
	Mount  string `json:"mount"`  // where it is: "/srv"
	Device string `json:"device"` // "/dev/sda1"
	Type   string `json:"type"`   // "ext4"
	// Used and Free are in bytes, as df counts them: what is reserved for root is
	// neither.
	Used uint64 `json:"used"`
	Free uint64 `json:"free"`
	// Inodes are how many files it can hold, InodesUsed how many there are; both 0
	// for one that makes them as needed.
	Inodes     uint64 `json:"inodes"`
	InodesUsed uint64 `json:"inodes_used"`
}

// Disks asks for the file systems that keep something: devices and network, without
// those of the kernel, of memory and of containers.
func Disks() Question[[]Disk] {
	return Question[[]Disk]{Name: "disks", answer: func(ctx context.Context, m *Machine) ([]Disk, error) {
		root, err := m.files()
		if err != nil {
			return nil, err
		}
		return readDisks(ctx, root)
	}}
}

func readDisks(ctx context.Context, root string) ([]Disk, error) {
	ctx = below(ctx, root)
	parts, err := disk.PartitionsWithContext(ctx, false)
	if err != nil {
		return nil, fmt.Errorf("list file systems: %w", err)
	}
	disks, seen := []Disk{}, map[string]bool{}
	for _, p := range parts {
		if seen[p.Device] || strings.HasPrefix(p.Mountpoint, "/var/lib/docker/") {
			continue
		}
		usage, err := disk.UsageWithContext(ctx, filepath.Join(root, p.Mountpoint))
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", p.Mountpoint, err)
		}
		seen[p.Device] = true
		disks = append(disks, Disk{
			Mount: p.Mountpoint, Device: p.Device, Type: p.Fstype, Used: usage.Used, Free: usage.Free,
			Inodes: usage.InodesTotal, InodesUsed: usage.InodesUsed,
		})
	}
	return disks, nil
}
