package checks

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/probe"
)

func TestWhatIsFullIsFound(t *testing.T) {
	full := func(mount string, used, inodes uint64) probe.Disk {
		return probe.Disk{Mount: mount, Used: used, Free: 100 - used, Inodes: 100, InodesUsed: inodes}
	}
	space := func(s Status, mount string, value, limit float64) Finding {
		return Finding{Status: s, Thing: mount, Fault: FaultSpace, Value: value, Limit: limit, Unit: Percent}
	}
	tests := []struct {
		name  string
		disks []probe.Disk
		want  Status
		found []Finding
	}{
		{"all is well", []probe.Disk{full("/", 84, 10)}, OK, nil},
		{"one warns", []probe.Disk{full("/", 10, 10), full("/srv", 85, 10)}, Warning, []Finding{space(Warning, "/srv", 85, 85)}},
		{"the worst comes first", []probe.Disk{full("/", 90, 10), full("/srv", 95, 10)}, Critical,
			[]Finding{space(Critical, "/srv", 95, 95), space(Warning, "/", 90, 85)}},
		{"inodes", []probe.Disk{full("/", 10, 96)}, Critical,
			[]Finding{{Status: Critical, Thing: "/", Fault: FaultInodes, Value: 96, Limit: 95, Unit: Percent}}},
		{"one that makes inodes as needed", []probe.Disk{{Mount: "/", Used: 1, Free: 9}}, OK, nil},
		{"what does not count", []probe.Disk{full("/mnt/backup", 100, 100)}, OK, nil},
		{"nothing is mounted", nil, Unknown, []Finding{{Status: Unknown, Thing: "antigone", Fault: FaultFailed}}},
		{"one cannot be read", []probe.Disk{{Mount: "/nfs", Problem: "stale file handle"}, full("/", 10, 10)}, Unknown,
			[]Finding{{Status: Unknown, Thing: "/nfs", Fault: FaultUnread, Note: "stale file handle"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := diskSettings{Warning: 85, Critical: 95, Ignore: []string{"/mnt/backup"}}
			r := newDiskReport("antigone", tt.disks, s, time.Now())
			if r.Status != tt.want {
				t.Errorf("status %v, want %v", r.Status, tt.want)
			}
			if diff := cmp.Diff(append([]Finding{}, tt.found...), r.Findings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
