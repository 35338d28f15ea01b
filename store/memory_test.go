package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPartsAreRememberedTogetherOrNotAtAll(t *testing.T) {
	s := temp(t)
	remember := func(was string, parts map[string][]byte, want bool) {
		t.Helper()
		var head []byte
		if was != "" {
			head = []byte(was)
		}
		if kept, err := s.Remember(t.Context(), "logs antigone", head, parts); kept != want || err != nil {
			t.Errorf("kept %v, %v, want %v", kept, err, want)
		}
	}
	remember("", map[string][]byte{"": []byte("one"), "a": []byte("x"), "b": []byte("y")}, true)
	remember("", map[string][]byte{"": []byte("late"), "a": []byte("z")}, false)
	remember("one", map[string][]byte{"": []byte("two"), "a": nil, "c": []byte("z")}, true)
	remember("one", map[string][]byte{"b": nil}, false)
	got, err := s.Recall(t.Context(), "logs antigone")
	want := map[string][]byte{"": []byte("two"), "b": []byte("y"), "c": []byte("z")}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if other, err := s.Recall(t.Context(), "logs balearica"); len(other) > 0 || err != nil {
		t.Errorf("of another check %v, %v", other, err)
	}
}
