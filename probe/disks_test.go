package probe

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestDisksAreThoseOfDF(t *testing.T) {
	disks, err := Ask(t.Context(), machine(t, "/").Host, Disks())
	if err != nil || len(disks) == 0 {
		t.Fatalf("got %v, %v", disks, err)
	}
	for _, d := range disks {
		said, err := exec.Command("df", "-B1", "--output=used,avail,itotal,iused", d.Mount).Output()
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(strings.Split(string(said), "\n")[1])
		for i, got := range []uint64{d.Used, d.Free, d.Inodes, d.InodesUsed} {
			want, err := strconv.ParseUint(fields[i], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			// Others write meanwhile.
			if diff := max(got, want) - min(got, want); diff > 64<<20 {
				t.Errorf("%s: got %d, df says %d", d.Mount, got, want)
			}
		}
	}
}
