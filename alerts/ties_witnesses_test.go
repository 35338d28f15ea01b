package alerts

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/store"
)

// TestWhatIsTiedIsNeverOverWhileOneSaysDown: whatever the sources say, by whichever
// channels and however late, an incident stands there as long as one of them said last, by
// its own clock, that it is down, unless somebody closed it by hand; and no longer.
func TestWhatIsTiedIsNeverOverWhileOneSaysDown(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				p.Settings.Same = []Tie{nuage}
				w := &witnesses{play: p, lots: rand.New(rand.NewPCG(seed, 9)), last: map[string]word{}}
				for range 60 {
					w.pass()
				}
				_ = p.Store.Close()
			})
		})
	}
}

// witnesses tell what happens to one service, and some of them late.
type witnesses struct {
	*play
	lots *rand.Rand
	last map[string]word // of each source, what happened last of all that was heard
	post []letter        // is under way
	down map[string]bool // what each source sees now
	done []string
}

// letter is a word on its way.
type letter struct {
	who string
	word
}

var sentries = map[string][]string{"kuma": {"kuma", "kumail"}, "ping": {"ping"}, "hc": {"hc", "hcmail"}, "netdata": {"netdata"}}

// pass lets something happen, some of it be heard, and looks.
func (w *witnesses) pass() {
	time.Sleep(time.Duration(2+w.lots.IntN(9)) * time.Minute)
	names := slices.Sorted(maps.Keys(sentries))
	source := names[w.lots.IntN(len(names))]
	switch n := w.lots.IntN(10); {
	case n == 0:
		w.do(time.Now().UTC().Format("15:04") + " quiet")
	case n < 8:
		if w.down == nil {
			w.down = map[string]bool{}
		}
		w.down[source] = !w.down[source]
		for _, who := range sentries[source] {
			w.post = append(w.post, letter{who, word{up: !w.down[source], at: time.Now()}})
		}
	}
	for n := w.lots.IntN(len(w.post) + 1); n > 0; n-- {
		w.deliver(w.next())
	}
	w.check()
}

// next takes a letter out of the post: any, but that no channel overtakes itself.
func (w *witnesses) next() letter {
	n := w.lots.IntN(len(w.post))
	n = slices.IndexFunc(w.post, func(l letter) bool { return l.who == w.post[n].who })
	l := w.post[n]
	w.post = slices.Delete(w.post, n, n+1)
	return l
}

func (w *witnesses) deliver(l letter) {
	by := speakers[l.who]
	r := Reading{Kind: by.kind, State: Firing, Thing: by.thing, Fault: "502", Since: l.at, Verified: true}
	if l.up {
		r.State = Resolved
	}
	w.done = append(w.done, fmt.Sprintf("%s %s %s of %s", time.Now().Format("15:04"), l.who, r.State, l.at.Format("15:04")))
	w.update(func(tx *store.Tx) {
		if _, err := w.placeAlert(tx, r, heard{by.channel, tx.Now}); err != nil {
			w.t.Fatal(err)
		}
	})
	key := string(by.kind) + by.thing
	if last, known := w.last[key]; !known || l.at.After(last.at) {
		w.last[key] = l.word
	}
}

func (w *witnesses) check() {
	w.t.Helper()
	down := slices.ContainsFunc(slices.Collect(maps.Values(w.last)), func(last word) bool { return !last.up })
	w.update(func(tx *store.Tx) {
		_, open, err := tx.OpenIncident(tieSource, nuage.Name)
		if err != nil {
			w.t.Fatal(err)
		}
		if open != down {
			w.t.Fatalf("open %v, and somebody says down: %v\n%s", open, down, strings.Join(w.done, "\n"))
		}
	})
}
