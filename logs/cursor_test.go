package logs

import (
	"testing"
)

func FuzzParseCursor(f *testing.F) {
	b := newLogbook(f)
	b.play("lRLrhlR")
	f.Add(b.cursor)
	f.Add("1~a..")
	f.Add("2~")
	f.Add("1~zz.1_1_1_1_1_1.1_1_1_1_1_0")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCursor(s)
		if err != nil {
			return
		}
		again, err := ParseCursor(c.String())
		if err != nil || again.String() != c.String() || len(c.String()) > 4000 {
			t.Errorf("%q came back as %q, %v", s, again, err)
		}
	})
}
