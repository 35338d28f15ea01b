package probe

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ronde/e2e/peers"
)

func sampleOf(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAlarmsOfNetdataAreRead(t *testing.T) {
	alarms, err := readAlarms(sampleOf(t, "netdata/v1.37-alarms-active.json"))
	want := Alarm{
		Name: "system_clock_sync_state", Chart: "system.clock_sync_state", Status: "WARNING", Value: "0 synchronization state",
		Info:  "when set to 0, the system kernel believes the system clock is not properly synchronized to a reliable server",
		Since: time.Unix(1795362483, 0).UTC(),
	}
	if err != nil || len(alarms) != 1 || alarms[0] != want {
		t.Errorf("got %+v, %v", alarms, err)
	}
	none, err := readAlarms(sampleOf(t, "netdata/v1.37-alarms-all.excerpt.json"))
	if err != nil || len(none) > 0 {
		t.Errorf("of alarms that are not raised got %+v, %v", none, err)
	}
}

func TestAlarmsComeWorstFirstAndUnescaped(t *testing.T) {
	alarms, err := readAlarms([]byte(`{"status":true,"alarms":{
		"a.b.x":{"name":"x","chart":"a.b","status":"WARNING","value_string":"3 &gt; 2","info":"a &amp; b","last_status_change":1},
		"z.b.y":{"name":"y","chart":"z.b","status":"CRITICAL","silenced":true},
		"a.b.z":{"name":"z","chart":"a.b","status":"CLEAR"}}}`))
	if err != nil || len(alarms) != 2 || alarms[0].Name != "y" || !alarms[0].Silence || alarms[1].Value != "3 > 2" || alarms[1].Info != "a & b" {
		t.Errorf("got %+v, %v", alarms, err)
	}
	for _, raw := range []string{"", "{}", "[]", "null", `{"status":false,"alarms":{}}`, "No metrics where matched to query."} {
		if alarms, err := readAlarms([]byte(raw)); err == nil {
			t.Errorf("%q: got %+v, want an error", raw, alarms)
		}
	}
}

func TestChartsOfNetdataAreRead(t *testing.T) {
	for file, want := range map[string]float64{"data-system.cpu-points1": 1.1025454, "data-system.cpu-5rows": -1} {
		value, err := readChart(sampleOf(t, "netdata/v1.37-"+file+".json"))
		if err != nil || len(value.Dimensions) != 9 || value.At.IsZero() {
			t.Errorf("%s: got %+v, %v", file, value, err)
		}
		sum := 0.0
		for _, d := range value.Dimensions {
			sum += *d.Value
		}
		if want >= 0 && (sum < want-1e-6 || sum > want+1e-6) {
			t.Errorf("%s: the sum is %g, want %g", file, sum, want)
		}
	}
	if value, err := readChart([]byte(`{"labels":["time","a","b"],"data":[[1795362510,null,2]]}`)); err != nil || value.Dimensions[0].Value != nil || *value.Dimensions[1].Value != 2 {
		t.Errorf("of a gap got %+v, %v", value, err)
	}
	for _, raw := range []string{"", "{}", `{"labels":["time","a"],"data":[[1]]}`, `{"labels":["time"],"data":[[null]]}`, `{"labels":["time"],"data":[[]]}`} {
		if value, err := readChart([]byte(raw)); err == nil {
			t.Errorf("%q: got %+v, want an error", raw, value)
		}
	}
}

func TestNetdataIsAskedOnlyWhereProbeTomlSaysSo(t *testing.T) {
	m := machine(t, "/")
	var told *Error
	if _, err := NetdataAlarms().answer(t.Context(), m); !errors.As(err, &told) || told.Code != NoSuch {
		t.Errorf("got %v, want that it is not offered", err)
	}
	asked := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	m.Config.Netdata = &NetdataConfig{Address: WebAddress{server.URL}}
	if _, err := NetdataAlarms().answer(t.Context(), m); err == nil || asked != "/api/v1/alarms" {
		t.Errorf("a redirect was followed to %s (%v)", asked, err)
	}
	for _, args := range [][]string{nil, {"system.cpu"}, {"system.cpu", "0"}, {"system.cpu", "x"}, {"a b", "1"}, {"a&b=c", "1"}, {"a?b", "1"}, {"system.cpu", "1", "2"}, {"", "1"}} {
		if _, err := chartRequest().parse(args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}

func TestAnAddressInProbeTomlIsJudged(t *testing.T) {
	for doc, want := range map[string]string{
		"[netdata]": "",
		"[netdata]\naddress = \"http://10.0.0.1:1/\"":   "",
		"[netdata]\naddress = \"127.0.0.1:19999\"":      "line 2",
		"[netdata]\naddress = \"http://a:b@127.0.0.1\"": "line 2",
		"[netdata]\nadress = \"http://a\"":              "line 2",
		"[[redis]]\nname = \"nitter\"\npasword = \"x\"": "line 3",
	} {
		_, err := ReadConfig([]byte(doc))
		if got := ""; err != nil {
			if got = err.Error(); want == "" || !strings.Contains(got, want) || strings.Contains(got, "a:b") {
				t.Errorf("%q: got %v, want %q", doc, err, want)
			}
		} else if want != "" {
			t.Errorf("%q was taken", doc)
		}
	}
}

// What the check sees is what curl shows.
func TestARealNetdataSaysTheSameToCurl(t *testing.T) {
	n := peers.NeedNetdata(t)
	m := machine(t, "/")
	m.Config.Netdata = &NetdataConfig{Address: WebAddress{n.URL}}
	var raised []Alarm
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for len(raised) == 0 {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("Netdata raises no alarm")
		}
		raised, _ = NetdataAlarms().answer(t.Context(), m) // while it starts it may be slow
	}
	var shown struct {
		Alarms map[string]struct{ Name, Chart, Status string }
	}
	if err := json.Unmarshal([]byte(curl(t, n.URL+"/api/v1/alarms")), &shown); err != nil {
		t.Fatal(err)
	}
	if len(raised) != 1 || len(shown.Alarms) != 1 || raised[0].Name != "always_warns" || raised[0].Status != "WARNING" || raised[0].Info != "raised <always> & for a test" {
		t.Errorf("got %+v, curl shows %v", raised, shown.Alarms)
	}
	if a := shown.Alarms[raised[0].Chart+"."+raised[0].Name]; a.Name != raised[0].Name || a.Status != raised[0].Status {
		t.Errorf("got %+v, curl shows %v", raised, shown.Alarms)
	}
	chart, err := NetdataChart("system.cpu", time.Minute).answer(t.Context(), m)
	said, wrong := readChart([]byte(curl(t, n.URL+"/api/v1/data?chart=system.cpu&after=-60&points=1&format=json&options=unaligned")))
	if err != nil || wrong != nil || len(chart.Dimensions) == 0 || len(chart.Dimensions) != len(said.Dimensions) || chart.Dimensions[0].Value == nil || said.At.Sub(chart.At).Abs() > 10*time.Second {
		t.Errorf("of a chart got %+v, %v; curl shows %+v, %v", chart, err, said, wrong)
	}
	if _, err := NetdataChart("system.nothing", time.Second).answer(t.Context(), m); err == nil || !strings.Contains(err.Error(), "no such chart") {
		t.Errorf("of a chart that there is not got %v", err)
	}
}

func curl(t *testing.T, url string) string {
	t.Helper()
	if said, err := exec.CommandContext(t.Context(), "curl", "-sS", url).Output(); err == nil {
		return string(said)
	}
	res, err := http.Get(url) // on a machine without curl
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

func FuzzReadAlarms(f *testing.F) {
	f.Add(sampleOf(f, "netdata/v1.37-alarms-active.json"))
	f.Add([]byte(`{"status":true,"alarms":{"a":{"status":"CRITICAL","name":"&#x2F;&lt;"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		alarms, err := readAlarms(raw)
		if err == nil && (alarms == nil || len(alarms) > mostAlarms) {
			t.Errorf("got %d alarms", len(alarms))
		}
		for _, a := range alarms {
			if len(a.Name) > 310 || a.Status != "WARNING" && a.Status != "CRITICAL" {
				t.Errorf("got %+v", a)
			}
		}
	})
}

func FuzzReadChart(f *testing.F) {
	f.Add(sampleOf(f, "netdata/v1.37-data-system.cpu-points1.json"))
	f.Add([]byte(`{"labels":["time","a"],"data":[[1,null]]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		value, err := readChart(raw)
		if err == nil && value.Dimensions == nil {
			t.Error("neither dimensions nor an error")
		}
		if _, err := json.Marshal(value); err != nil {
			t.Errorf("JSON cannot carry it: %v", err)
		}
	})
}

// What a machine reached over SSH says is what one that is here says.
func TestWhatNetdataSaysCrossesTheNetwork(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file := map[string]string{"/api/v1/alarms": "alarms-active", "/api/v1/data": "data-system.cpu-points1"}[r.URL.Path]
		_, _ = w.Write(sampleOf(t, "netdata/v1.37-"+file+".json"))
	}))
	defer server.Close()
	m := machine(t, "/")
	m.Config.Netdata = &NetdataConfig{Address: WebAddress{server.URL}}
	near, err := NetdataAlarms().answer(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	var far []Alarm
	if err := readAnswer(m.Serve(t.Context(), CommandLine("netdata-alarms", nil), "1.0"), &far); err != nil || len(far) != 1 || far[0] != near[0] {
		t.Errorf("over the network %+v (%v), here %+v", far, err, near)
	}
	q := NetdataChart("system.cpu", time.Minute)
	var chart ChartValue
	if err := readAnswer(m.Serve(t.Context(), CommandLine(q.Name, q.Args), "1.0"), &chart); err != nil || len(chart.Dimensions) != 9 {
		t.Errorf("over the network %+v, %v", chart, err)
	}
	var told *Error
	if err := readAnswer(m.Serve(t.Context(), CommandLine("redis", []string{"nitter; id"}), "1.0"), nil); !errors.As(err, &told) || told.Code != NoSuch {
		t.Errorf("of a Redis that is not there got %v", err)
	}
}
