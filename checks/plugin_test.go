package checks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ronde/probe"
)

func pluginStories() map[string]PluginReport {
	story := func(code int, line, figures string) PluginReport {
		return newPluginReport("charge", probe.PluginSaid{Code: code, Line: line, Figures: probe.ParseFigures(figures)}, now)
	}
	late := newPluginReport("charge", probe.PluginSaid{Code: -1, Late: true}, now)
	return map[string]PluginReport{
		"ok":                story(0, "LOAD OK - total load average: 4.55, 3.48, 2.58", "load1=4.550;5.000;10.000;0; load5=3.480;4;8;0; load15=2.58"),
		"warning":           story(1, "DISK WARNING - free space: / 5807 MiB (6% inode=96%)", "/=36893097984B;243497277849"),
		"critical":          story(2, "connect to address 127.0.0.1 and port 1: Connection refused", ""),
		"unknown":           story(3, "UNKNOWN: no idea", ""),
		"a code of its own": story(127, "", ""),
		"killed":            story(-1, "half a li", ""),
		"late":              late,
		"hostile":           story(2, "\x1b[31m<b>@room</b> password=hunter2 https://hc.example/ping/0d9f1a52-7d57-4b3c-9a1b-0b4c6f2d1e11", "'a\u202e \x00b'=1"),
		"many figures":      story(0, "OK", strings.Repeat("a=1 b=20ms c=3% d=4KB ", 5)),
	}
}

func TestTheExitCodeIsTheVerdict(t *testing.T) {
	want := map[string]Status{
		"ok": OK, "warning": Warning, "critical": Critical, "unknown": Unknown, "a code of its own": Unknown, "killed": Unknown, "late": Unknown,
		"hostile": Critical, "many figures": OK,
	}
	got := map[string]Status{}
	for name, r := range pluginStories() {
		got[name] = r.Status
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFiguresOfPluginsHaveOurUnits(t *testing.T) {
	r := newPluginReport("x", probe.PluginSaid{Figures: probe.ParseFigures("a=2ms b=3KB c=4MiB d=5% e=6c f=7s g=8 h=9us i=1B")}, now)
	want := []Metric{
		{"value", "a", .002, Seconds}, {"value", "b", 3072, Bytes}, {"value", "c", 4 << 20, Bytes}, {"value", "d", 5, Percent}, {"value", "e", 6, Count},
		{"value", "f", 7, Seconds}, {"value", "g", 8, Count}, {"value", "h", 9 * 1e-6, Seconds}, {"value", "i", 1, Bytes},
	}
	if diff := cmp.Diff(want, r.Metrics); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPluginsOnAPhone(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		golden(t, "plugin."+code+".txt", phone(t, pluginStories(), code))
	}
}
