package checks

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestARecentAnswerIsGivenAgain: with its age, as long as it is good; what said nothing is
// asked again at once.
func TestARecentAnswerIsGivenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made, broken := map[string]int{}, false
		s := suite(t, io.Discard, does("count", func(_ context.Context, host string) error {
			made[host]++
			if broken {
				return errors.New("away")
			}
			return nil
		}))
		refs := []string{"count antigone", "count  antigone", "count balearica"}
		ask := func(count int, age time.Duration, refs ...string) {
			t.Helper()
			all := s.Recent(t.Context(), refs, 30*time.Second, speak("fr"))
			for i, o := range all {
				if o.Ref != refs[i] || o.Age(time.Now()) != age {
					t.Errorf("%q is that of %q, %s old; want %s", refs[i], o.Ref, o.Age(time.Now()), age)
				}
			}
			if made["antigone"] != count {
				t.Errorf("made %d times, want %d", made["antigone"], count)
			}
		}
		ask(1, 0, refs[0])
		time.Sleep(30 * time.Second)
		ask(1, 30*time.Second, refs[0])
		if s.Recent(t.Context(), refs[2:], time.Minute, speak("fr")); made["balearica"] != 1 {
			t.Errorf("balearica was made %d times", made["balearica"])
		}
		time.Sleep(time.Second)
		ask(2, 0, refs[0], refs[0])
		s.Run(t.Context(), refs[:1], speak("fr"))
		ask(3, 0, refs[0])
		s.Recent(t.Context(), refs[:1], time.Minute, speak("en"))
		ask(4, 0, refs[0])
		broken = true
		time.Sleep(time.Minute)
		ask(5, 0, refs[0])
		ask(6, 0, refs[0])
	})
}
