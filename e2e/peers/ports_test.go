package peers

import (
	"net"
	"slices"
	"testing"
)

// TestThePortsOfAPeerDiffer: of ports that are each given back before the next is chosen, two are the same now and then.
func TestThePortsOfAPeerDiffer(t *testing.T) {
	found, err := freeAddresses(2000)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	if n := len(slices.Compact(found)); n != 2000 {
		t.Errorf("%d of 2000 differ", n)
	}
	held, err := net.Listen("tcp", found[0])
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if again, err := freeAddresses(2000); err != nil || slices.Contains(again, found[0]) {
		t.Errorf("a port that somebody listens on is free (%v)", err)
	}
}
