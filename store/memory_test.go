package store

import (
	"slices"
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

func TestOneCheckIsForgottenAndNoOther(t *testing.T) {
	s := temp(t)
	for _, check := range []string{"logs antigone", "logs antigone2"} {
		if kept, err := s.Remember(t.Context(), check, nil, map[string][]byte{"": []byte("one"), "a": []byte("x")}); !kept || err != nil {
			t.Fatal(kept, err)
		}
	}
	var left []string
	err := s.Update(t.Context(), func(tx *Tx) (err error) {
		if err := tx.ForgetMemory("logs antigone"); err != nil {
			return err
		}
		left, err = tx.Remembered()
		return err
	})
	if !slices.Equal(left, []string{"logs antigone2"}) || err != nil {
		t.Errorf("left %q, %v", left, err)
	}
	if parts, err := s.Recall(t.Context(), "logs antigone2"); len(parts) != 2 || err != nil {
		t.Errorf("the other has %d parts, %v", len(parts), err)
	}
}
