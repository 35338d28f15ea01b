package checks

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const vectorOfTwo = `{"status":"success","data":{"resultType":"vector","result":[
	{"metric":{"__name__":"up","instance":"antigone:9100","job":"node"},"value":[1795362510.123,"1"]},
	{"metric":{"__name__":"up","instance":"balearica:9100","job":"node"},"value":[1795362510.123,"0"]}]}}`

func TestWhatPrometheusAnswersIsRead(t *testing.T) {
	for _, tt := range []struct {
		name, raw, label string
		want             []Sample
	}{
		{"a vector", vectorOfTwo, "instance", []Sample{{Thing: "antigone:9100", Value: 1}, {Thing: "balearica:9100"}}},
		{"all labels", `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"n"},"value":[1,"2.5"]}]}}`, "", []Sample{{Thing: `up{job="n"}`, Value: 2.5}}},
		{"a label that is not there", `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"n"},"value":[1,"2"]}]}}`, "instance", []Sample{{Thing: `{job="n"}`, Value: 2}}},
		{"no labels", `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}`, "", []Sample{{Value: 2}}},
		{"no number", `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]},{"metric":{},"value":[1,"+Inf"]}]}}`, "", []Sample{{None: true}, {None: true}}},
		{"a scalar", `{"status":"success","data":{"resultType":"scalar","result":[1795362510,"3"]}}`, "", []Sample{{Value: 3}}},
		{"nothing", `{"status":"success","data":{"resultType":"vector","result":[]}}`, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readSamples([]byte(tt.raw), tt.label)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	for raw, want := range map[string]string{
		`{"status":"error","errorType":"bad_data","error":"1:3: parse error: unexpected\nend"}`: "parse error: unexpected end",
		`{"status":"success","data":{"resultType":"matrix","result":[]}}`:                       "gives a matrix",
		`{"status":"success","data":{"resultType":"vector","result":[null]}}`:                   "",
		`{"status":"success","data":{"resultType":"vector","result":{}}}`:                       "cannot be understood",
		`<html>`: "cannot be understood",
	} {
		if got, err := readSamples([]byte(raw), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v", raw, got, err)
		}
	}
}

func TestEachSeriesIsJudged(t *testing.T) {
	for _, tt := range []struct {
		name    string
		s       prometheusSettings
		samples []Sample
		want    Status
		found   string
	}{
		{"below both", prometheusSettings{When: "above", Warning: 5, Critical: 10}, []Sample{{"a", 4.9, false}}, OK, "[]"},
		{"each above is one", prometheusSettings{When: "above", Warning: 5, Critical: 10}, []Sample{{"a", 5, false}, {"b", 1, false}, {"c", 10, false}}, Critical, "[c=10 a=5]"},
		{"only a warning", prometheusSettings{When: "above", Warning: 5}, []Sample{{"a", 500, false}}, Warning, "[a=500]"},
		{"what is too low", prometheusSettings{When: "below", Critical: 1}, []Sample{{"a", 1, false}, {"b", 0, false}}, Critical, "[b=0]"},
		{"nothing is unknown", prometheusSettings{Warning: 5, Empty: "unknown"}, nil, Unknown, "[x=0]"},
		{"nothing is well", prometheusSettings{Warning: 5, Empty: "ok"}, nil, OK, "[]"},
		{"nothing is bad", prometheusSettings{Warning: 5, Empty: "critical"}, nil, Critical, "[x=0]"},
		{"no number", prometheusSettings{Warning: 5, Empty: "unknown"}, []Sample{{"a", 0, true}, {"b", 1, false}}, Unknown, "[a=0]"},
		{"no number is well", prometheusSettings{Warning: 5, Empty: "ok"}, []Sample{{"a", 0, true}}, OK, "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newPrometheusReport("x", tt.samples, tt.s, now)
			found := []string{}
			for _, f := range r.Findings {
				found = append(found, fmt.Sprintf("%s=%g", f.Thing, f.Value))
			}
			if r.Status != tt.want || fmt.Sprint(found) != tt.found {
				t.Errorf("got %v with %v", r.Status, found)
			}
		})
	}
}

// An in-process server stands for Prometheus: it follows the API of version 2.
func TestPrometheusIsAskedWithItsQueryAndItsToken(t *testing.T) {
	address, ca := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer hunter2":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/prometheus/api/v1/query" && r.URL.Query().Get("query") == `up{job="node"} + 1 & x`:
			_, _ = io.WriteString(w, vectorOfTwo)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"status":"error","errorType":"bad_data","error":"parse error"}`)
		}
	})
	s := prometheusSettings{Address: address + "/prometheus/", Query: `up{job="node"} + 1 & x`, When: "below", Critical: 1, Label: "instance", Token: "hunter2", CAFile: ca}
	r, err := measurePrometheus(t.Context(), Asked{Name: "noeuds", Settings: s})
	if err != nil || r.Verdict().Status != Critical || r.Verdict().Findings[0].Thing != "balearica:9100" {
		t.Errorf("got %+v, %v", r, err)
	}
	s.Query = "up{"
	if r, err := measurePrometheus(t.Context(), Asked{Name: "noeuds", Settings: s}); err == nil || !strings.Contains(r.Verdict().Error, "parse error") || r.Verdict().Status != Unknown {
		t.Errorf("of a wrong query got %+v, %v", r, err)
	}
	s.Token = "wrong"
	if r, err := measurePrometheus(t.Context(), Asked{Name: "noeuds", Settings: s}); err == nil || r.Verdict().Findings[0].Fault != FaultDenied {
		t.Errorf("with a wrong token got %+v, %v", r, err)
	}
}

func TestThresholdsOfAQueryAreJudged(t *testing.T) {
	for want, s := range map[string]prometheusSettings{
		"":         {Address: "http://prometheus:9090", Query: "up", When: "below", Warning: 2, Critical: 1},
		"critical": {Address: "http://prometheus:9090", Query: "up", When: "below", Warning: 1, Critical: 2},
		"warning":  {Address: "http://prometheus:9090", Query: "up"},
		"address":  {Address: "http://prometheus.example.org", Query: "up", Warning: 1, Token: "x"},
		"ca_file":  {Address: "https://prometheus.example.org", Query: "up", Warning: 1, CAFile: "ca.pem"},
	} {
		if setting, reason := s.Judge(); setting != want {
			t.Errorf("got %s %s, want %q", setting, reason, want)
		}
	}
}

func FuzzReadSamples(f *testing.F) {
	f.Add([]byte(vectorOfTwo), "instance")
	f.Add([]byte(`{"status":"success","data":{"resultType":"scalar","result":[1,"-Inf"]}}`), "")
	f.Add([]byte(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"\u0000"},"value":[1,"1e308"]}]}}`), "a")
	f.Fuzz(func(t *testing.T, raw []byte, label string) {
		samples, err := readSamples(raw, label)
		if err == nil {
			checkPrintable(t, newPrometheusReport("x", samples, prometheusSettings{Warning: 1}, now))
		}
	})
}
