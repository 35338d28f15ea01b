package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
	"ronde/probe"
)

func sorted(all []string) string { slices.Sort(all); return strings.Join(all, "\n") }

// nightly is a backup whose runs are so many hours old, with so many bytes.
func nightly(sizes []int64, hours ...float64) probe.Backup {
	b := probe.Backup{Name: "nuage"}
	for i, h := range hours {
		r := probe.Run{At: now.Add(-time.Duration(h * float64(time.Hour)))}
		if i < len(sizes) {
			r.Bytes = &sizes[i]
		}
		b.Runs = append(b.Runs, r)
	}
	return b
}

func backupDefaults() backupSettings { return backupsKind().Settings.(backupSettings) }

func backupStories() map[string]BackupsReport {
	story := func(all ...probe.Backup) BackupsReport {
		before := map[string]usual{}
		for _, b := range all {
			u, err := usualOf(context.Background(), Asked{History: noHistory{}}, b, now)
			if err != nil {
				panic(err)
			}
			before[b.Name] = u
		}
		return newBackupsReport("antigone", all, backupDefaults(), before, now)
	}
	with := func(b probe.Backup, change func(b *probe.Backup)) probe.Backup { change(&b); return b }
	files := func(n ...int64) probe.Backup {
		b := nightly(nil, 5, 29, 53)
		for i := range n {
			b.Runs[i].Files = &n[i]
		}
		return b
	}
	gb := int64(1 << 30)
	mail := with(nightly([]int64{9 * gb}, 4), func(b *probe.Backup) { b.Name = "mail" })
	stories := map[string]BackupsReport{
		"all is well":           story(nightly([]int64{3 * gb, 3 * gb}, 5, 29, 53), mail),
		"one":                   story(nightly([]int64{3 * gb}, 5)),
		"25 hours":              story(nightly(nil, 25.9, 49)),
		"late":                  story(nightly(nil, 27, 51), mail),
		"very late":             story(nightly(nil, 90, 114)),
		"of the future":         story(nightly(nil, -30, 29)),
		"none":                  story(probe.Backup{Name: "nuage"}, mail),
		"failed since":          story(with(nightly(nil, 25, 49), func(b *probe.Backup) { b.Failed = now.Add(-time.Hour) })),
		"failed before":         story(with(nightly(nil, 5, 29), func(b *probe.Backup) { b.Failed = now.Add(-9 * time.Hour) })),
		"half of what it was":   story(nightly([]int64{5 * gb, 10 * gb, 11 * gb, 9 * gb}, 5, 29, 53, 77)),
		"less than half":        story(nightly([]int64{4 * gb, 10 * gb, 11 * gb, 9 * gb}, 5, 29, 53, 77)),
		"empty":                 story(nightly([]int64{0, 10 * gb, 0, 9 * gb}, 5, 29, 53, 77)),
		"always empty":          story(nightly([]int64{0, 0}, 5, 29)),
		"fewer files":           story(files(10, 1000, 1001)),
		"one missing":           story(nightly(nil, 5, 53)),
		"two missing":           story(nightly(nil, 5, 77, 101)),
		"thinned out weeks ago": story(nightly(nil, 5, 29, 53, 24*14, 24*21)),
		"a name to break rooms": story(with(nightly(nil, 90), func(b *probe.Backup) { b.Name = "<b>@room</b>\n\x1b[31m" + strings.Repeat("x", 60) })),
	}
	for trouble := range faultsOfBackups() {
		stories["trouble "+string(trouble)] = story(probe.Backup{Name: "nuage", Trouble: trouble}, mail)
	}
	stories["trouble of tomorrow"] = story(probe.Backup{Name: "nuage", Trouble: "quantum"})
	return stories
}

func TestBackupsAreJudged(t *testing.T) {
	want := map[string]string{
		"all is well": "ok", "one": "ok", "25 hours": "ok", "late": "warning backup-old", "very late": "critical backup-old", "none": "critical backup-none", "of the future": "unknown backup-ahead",
		"failed since": "warning backup-failed", "failed before": "ok", "half of what it was": "ok", "less than half": "warning backup-shrunk",
		"empty": "warning backup-shrunk", "always empty": "ok", "fewer files": "warning backup-fewer", "one missing": "ok",
		"two missing": "warning backup-gaps", "thinned out weeks ago": "ok", "a name to break rooms": "critical backup-old",
		"trouble of tomorrow": "unknown backup-broken",
	}
	for trouble, fault := range faultsOfBackups() {
		want["trouble "+string(trouble)] = fmt.Sprintf("unknown %s", fault)
	}
	got := map[string]string{}
	for name, r := range backupStories() {
		words := []string{r.Status.String()}
		for _, f := range r.Findings {
			words = append(words, string(f.Fault))
		}
		got[name] = strings.Join(words, " ")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsUsualComesFromTheRunsOrFromTheHistory(t *testing.T) {
	kept := hourly{Series{Check: "backups", Name: "antigone", Metric: "size", Thing: "nuage"}, []float64{100, 300, 200}}
	for name, tt := range map[string]struct {
		backup  probe.Backup
		history History
		want    float64
	}{
		"its own runs":      {nightly([]int64{1, 10, 30, 20}, 5, 29, 53, 77), kept, 20},
		"two of them":       {nightly([]int64{1, 10, 30}, 5, 29, 53), kept, 20},
		"only the last one": {nightly([]int64{1}, 5), kept, 200},
		"nothing is known":  {nightly([]int64{1}, 5), noHistory{}, 0},
		"no runs":           {probe.Backup{Name: "nuage"}, kept, 200},
	} {
		u, err := usualOf(t.Context(), Asked{Name: "antigone", History: tt.history}, tt.backup, now)
		if err != nil || u.bytes != tt.want || u.files != 0 {
			t.Errorf("%s: got %+v, %v, want %v", name, u, err, tt.want)
		}
	}
	if _, err := usualOf(t.Context(), Asked{History: noPast{}}, nightly(nil, 5), now); !errors.Is(err, errPast) {
		t.Errorf("got %v", err)
	}
}

func TestABackupThatTheHostDoesNotNameIsNotOffered(t *testing.T) {
	h := newHost(t, hosts.Config{Name: "antigone", Local: true, Root: t.TempDir()})
	report, err := measureBackups(t.Context(), Asked{Name: "antigone", Host: h, Settings: backupDefaults(), History: noHistory{}})
	if r := report.Verdict(); err == nil || r.Status != Unknown || r.Findings[0].Fault != FaultNotOffered {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestOnlySomeBackupsCount(t *testing.T) {
	s := backupSettings{Only: []string{"nuage", "mail"}, Except: []string{"mail"}}
	if !s.counts("nuage") || s.counts("mail") || s.counts("x") || !(backupSettings{}).counts("x") {
		t.Error("the wrong ones count")
	}
}

func TestBackupsOnAPhone(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		golden(t, "backups."+code+".txt", phone(t, backupStories(), code))
	}
}
