package probe

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestDisksAreThoseOfDF: others write meanwhile, and what they mounted may be gone; but not
// each time that both are asked.
func TestDisksAreThoseOfDF(t *testing.T) {
	differ := unlikeDF(t)
	for tries := 1; tries < 10 && differ != nil; tries++ {
		differ = unlikeDF(t)
	}
	for _, what := range differ {
		t.Error(what)
	}
}

// unlikeDF says of which file systems df says something else.
func unlikeDF(t *testing.T) (differ []string) {
	t.Helper()
	disks, err := Ask(t.Context(), machine(t, "/").Host, Disks())
	if err != nil || len(disks) == 0 {
		t.Fatalf("got %v, %v", disks, err)
	}
	for _, d := range disks {
		said, err := exec.Command("df", "-B1", "--output=used,avail,itotal,iused", d.Mount).Output()
		if err != nil {
			differ = append(differ, fmt.Sprintf("df %s: %v", d.Mount, err))
			continue
		}
		fields := strings.Fields(strings.Split(string(said), "\n")[1])
		for i, got := range []uint64{d.Used, d.Free, d.Inodes, d.InodesUsed} {
			want, err := strconv.ParseUint(fields[i], 10, 64)
			if diff := max(got, want) - min(got, want); err != nil || diff > 64<<20 {
				differ = append(differ, fmt.Sprintf("%s: got %d, df says %s (%v)", d.Mount, got, fields[i], err))
			}
		}
	}
	return differ
}
