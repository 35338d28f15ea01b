package probe

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"
)

// Disk is a file system that keeps files on a device.
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
	// Problem says why there are no figures, for the log: mostly that it may not be read. ""
	// when there are.
	Problem string `json:"problem,omitempty"`
}

// Disks asks for the file systems that keep something on a device or in ZFS: without those
// over the network, whose server would have to answer first, of the kernel, of memory and of
// containers.
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
		if seen[p.Device] || isAlwaysFull(p.Fstype) || strings.HasPrefix(p.Mountpoint, "/var/lib/docker/") {
			continue
		}
		seen[p.Device] = true
		disks = append(disks, measureDisk(ctx, root, p))
	}
	return disks, nil
}

// isAlwaysFull tells of file systems that are made once and never written.
func isAlwaysFull(kind string) bool {
	return slices.Contains([]string{"squashfs", "iso9660", "erofs", "cramfs", "udf"}, kind)
}

func measureDisk(ctx context.Context, root string, p disk.PartitionStat) Disk {
	d := Disk{Mount: p.Mountpoint, Device: p.Device, Type: p.Fstype}
	usage, err := disk.UsageWithContext(ctx, filepath.Join(root, p.Mountpoint))
	if err != nil {
		d.Problem = err.Error()
		return d
	}
	d.Used, d.Free, d.Inodes, d.InodesUsed = usage.Used, usage.Free, usage.InodesTotal, usage.InodesUsed
	return d
}
