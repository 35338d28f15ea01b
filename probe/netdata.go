package probe

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NetdataConfig is [netdata] in a probe.toml: that the machine's Netdata may be asked for
// its alarms and the values of its charts.
type NetdataConfig struct {
	// Address is where it listens; "" is "http://127.0.0.1:19999", as it is shipped.
	Address WebAddress `toml:"address"`
}

// WebAddress is the http or https address of a server. It is a struct because the
// decoder asks only such types to check a text.
type WebAddress struct {
	URL string // without a slash at its end
}

// UnmarshalText checks what stands in a file.
func (a *WebAddress) UnmarshalText(written []byte) error {
	u, err := url.Parse(string(written))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return errors.New(`is not the address of a server, such as "http://127.0.0.1:19999"`)
	}
	a.URL = strings.TrimRight(string(written), "/")
	return nil
}

// Alarm is an alarm that Netdata raised. Its texts are Netdata's own.
type Alarm struct {
	Name    string    `json:"name"`     // "disk_space_usage"
	Chart   string    `json:"chart"`    // "disk_space._"
	Status  string    `json:"status"`   // "WARNING" or "CRITICAL"
	Value   string    `json:"value"`    // with its unit: "91.4 %"
	Info    string    `json:"info"`     // what it is about, in a sentence
	Since   time.Time `json:"since"`    // when it came to its status
	Silence bool      `json:"silenced"` // Netdata was told to say nothing of it
}

// ChartValue is the mean of a chart over some time.
type ChartValue struct {
	At         time.Time   `json:"at"` // the end of that time; zero when there is no value
	Dimensions []Dimension `json:"dimensions"`
}

// Dimension is one line of a chart.
type Dimension struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value"` // nil when it was not collected
}

const (
	netdataDefault = "http://127.0.0.1:19999"
	netdataTimeout = 8 * time.Second
	maxNetdata     = 2 << 20 // bytes of an answer
	mostAlarms     = 200
)

// NetdataAlarms asks for the alarms that Netdata has raised, the worst first, at most
// 200 of them.
func NetdataAlarms() Question[[]Alarm] {
	return Question[[]Alarm]{Name: "netdata-alarms", answer: func(ctx context.Context, m *Machine) ([]Alarm, error) {
		raw, err := m.askNetdata(ctx, "/api/v1/alarms")
		if err != nil {
			return nil, err
		}
		return readAlarms(raw)
	}}
}

// NetdataChart asks for the mean value of each dimension of a chart over some time up to
// now, at least a second.
func NetdataChart(chart string, over time.Duration) Question[ChartValue] {
	seconds := strconv.Itoa(int(over.Seconds()))
	return Question[ChartValue]{Name: "netdata-chart", Args: []string{chart, seconds}, answer: func(ctx context.Context, m *Machine) (ChartValue, error) {
		// unaligned: up to now, not up to the last full minute.
		query := url.Values{
			"chart": {chart}, "after": {"-" + seconds}, "points": {"1"}, "group": {"average"}, "format": {"json"}, "options": {"unaligned"},
		}
		raw, err := m.askNetdata(ctx, "/api/v1/data?"+query.Encode())
		if err != nil {
			return ChartValue{}, err
		}
		return readChart(raw)
	}}
}

var netdataChart = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,200}$`)

// chartRequest is that of NetdataChart.
func chartRequest() Request {
	return Request{Name: "netdata-chart", Usage: "CHART SECONDS", parse: func(args []string) (asked, error) {
		if len(args) != 2 || !netdataChart.MatchString(args[0]) {
			return nil, badRequest("netdata-chart takes the name of a chart and a number of seconds")
		}
		seconds, err := strconv.Atoi(args[1])
		if err != nil || seconds < 1 || seconds > 7*24*3600 {
			return nil, badRequest("netdata-chart takes 1 to 604800 seconds")
		}
		return NetdataChart(args[0], time.Duration(seconds)*time.Second), nil
	}}
}

// askNetdata gets one of the pages of its API, which a caller of this program cannot
// choose.
func (m *Machine) askNetdata(ctx context.Context, page string) ([]byte, error) {
	if _, err := m.files(); err != nil {
		return nil, err
	}
	if m.Config.Netdata == nil {
		return nil, &Error{Code: NoSuch, Text: "probe.toml has no [netdata]"}
	}
	address := cmp.Or(m.Config.Netdata.Address.URL, netdataDefault)
	ctx, cancel := context.WithTimeout(ctx, netdataTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+page, nil)
	if err != nil {
		return nil, fmt.Errorf("ask Netdata: %w", err)
	}
	// No proxy: it is this machine's. No redirect: it has none.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DialContext: new(net.Dialer).DialContext, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask Netdata: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxNetdata+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer of Netdata: %w", err)
	case res.StatusCode == http.StatusNotFound:
		return nil, errors.New("Netdata has no such chart") //nolint:staticcheck // its name is written so
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("ask Netdata: HTTP status %d", res.StatusCode)
	case len(raw) > maxNetdata:
		return nil, &Error{Code: TooLarge, Text: fmt.Sprintf("the answer of Netdata has more than %d bytes", maxNetdata)}
	}
	return raw, nil
}

// readAlarms reads /api/v1/alarms, whose texts are escaped as in HTML.
func readAlarms(raw []byte) ([]Alarm, error) {
	var said struct {
		Status bool `json:"status"`
		Alarms *map[string]struct {
			Name     string `json:"name"`
			Chart    string `json:"chart"`
			Status   string `json:"status"`
			Value    string `json:"value_string"`
			Info     string `json:"info"`
			Changed  int64  `json:"last_status_change"`
			Silenced bool   `json:"silenced"`
		} `json:"alarms"`
	}
	if err := json.Unmarshal(raw, &said); err != nil || said.Alarms == nil {
		return nil, errors.New("read the alarms of Netdata: the answer is not understood")
	}
	if !said.Status {
		return nil, errors.New("read the alarms of Netdata: its health monitoring is off")
	}
	all := []Alarm{}
	for _, a := range *said.Alarms {
		if a.Status != "WARNING" && a.Status != "CRITICAL" {
			continue // which it does not send unless asked for
		}
		all = append(all, Alarm{
			Name: clip(html.UnescapeString(a.Name)), Chart: clip(html.UnescapeString(a.Chart)), Status: a.Status,
			Value: clip(html.UnescapeString(a.Value)), Info: clip(html.UnescapeString(a.Info)),
			Since: time.Unix(a.Changed, 0).UTC(), Silence: a.Silenced,
		})
	}
	slices.SortFunc(all, func(a, b Alarm) int {
		// CRITICAL comes before WARNING, as it happens.
		return strings.Compare(a.Status+a.Chart+"\x00"+a.Name, b.Status+b.Chart+"\x00"+b.Name)
	})
	return all[:min(len(all), mostAlarms)], nil
}

// readChart reads /api/v1/data in the format json: rows of a time and a value for each
// dimension, the newest first.
func readChart(raw []byte) (ChartValue, error) {
	var said struct {
		Labels []string     `json:"labels"`
		Data   [][]*float64 `json:"data"`
	}
	if err := json.Unmarshal(raw, &said); err != nil || len(said.Labels) == 0 {
		return ChartValue{}, errors.New("read a chart of Netdata: the answer is not understood")
	}
	value := ChartValue{Dimensions: []Dimension{}}
	if len(said.Data) == 0 {
		return value, nil
	}
	row := said.Data[0]
	if len(row) != len(said.Labels) || row[0] == nil {
		return ChartValue{}, errors.New("read a chart of Netdata: the answer is not understood")
	}
	value.At = time.Unix(int64(*row[0]), 0).UTC()
	for i, name := range said.Labels[1:] {
		value.Dimensions = append(value.Dimensions, Dimension{Name: clip(name), Value: row[i+1]})
	}
	return value, nil
}

// clip bounds what another program says of itself.
func clip(s string) string {
	const most = 300 // bytes
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
