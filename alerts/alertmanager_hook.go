package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Alertmanager is the kind of what Prometheus' Alertmanager posts.
const Alertmanager Kind = "alertmanager"

// amAlert is one alert of a group that Alertmanager posts.
type amAlert struct {
	Status       string
	Labels       map[string]string
	Annotations  map[string]string
	StartsAt     time.Time
	EndsAt       time.Time
	Fingerprint  string
	GeneratorURL string
}

// alertmanagerHook reads the webhook of Alertmanager, version "4" of its payload: a
// group of alerts, each of which fires or is resolved by itself. The whole group is
// posted again as long as one fires.
var alertmanagerHook = HookFormat{Kind: Alertmanager, read: func(b hookBody) ([]posted, bool) {
	var body struct {
		Version         string
		Receiver        string
		TruncatedAlerts int
		Alerts          []amAlert
	}
	if !decode(b.raw, &body) || body.Version != "4" || len(body.Alerts) == 0 {
		return nil, false
	}
	var all []posted
	for _, a := range body.Alerts {
		p, ok := a.read()
		if !ok {
			return nil, false
		}
		all = append(all, p)
	}
	if body.TruncatedAlerts > 0 {
		all = append(all, posted{said: said{Note, body.Receiver, fmt.Sprintf("%d alerts were left out (max_alerts)", body.TruncatedAlerts)}})
	}
	return all, true
}}

// read reads one alert. Its labels together are its identity, as its fingerprint is.
func (a amAlert) read() (posted, bool) {
	p := posted{said: said{thing: a.name(), fault: a.fault()}, at: a.StartsAt, grave: a.critical()}
	switch a.Status {
	case "firing":
		// It still fires when this is sent, however long ago it began: Prometheus
		// gives it the same beginning when it had seemed to be over.
		p.state, p.still = Firing, true
	case "resolved":
		p.state, p.at = Resolved, a.EndsAt
	default:
		return p, false
	}
	return p, p.thing != ""
}

// name returns the alert's name with what tells it from others of that name.
func (a amAlert) name() string {
	name := a.Labels["alertname"]
	var rest []string
	for _, label := range slices.SortedFunc(maps.Keys(a.Labels), instanceFirst) {
		if value := a.Labels[label]; label != "alertname" && value != "" {
			rest = append(rest, value)
		}
	}
	if len(rest) > 0 {
		name = strings.TrimSpace(name + " (" + strings.Join(rest, ", ") + ")")
	}
	if mark := " " + a.Fingerprint[:min(8, len(a.Fingerprint))]; len([]rune(name)) > maxThing-len(mark) {
		name = oneLine(name, maxThing-len(mark)) + mark // what is cut off may be all the difference
	}
	return name
}

func instanceFirst(a, b string) int {
	rank := func(label string) int {
		return map[string]int{"instance": -2, "severity": 1}[label]
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// critical tells whether the alert's severity, a label by convention, is one of those
// that wake people.
func (a amAlert) critical() bool {
	return slices.Contains([]string{"critical", "page"}, strings.ToLower(a.Labels["severity"]))
}

// fault returns what people wrote to explain the alert.
func (a amAlert) fault() string {
	return cmp.Or(a.Annotations["summary"], a.Annotations["description"], a.Annotations["message"], a.Labels["severity"])
}
