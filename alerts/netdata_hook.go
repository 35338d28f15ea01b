package alerts

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Netdata is the kind of what Netdata's alarm-notify.sh posts.
const Netdata Kind = "netdata"

// netdataFields is what is read of a Netdata alarm, by the names that the variables
// of alarm-notify.sh have.
type netdataFields struct {
	Host, Chart, Name, Status, Info, When string
	Value                                 string `json:"value_string"`
}

// netdataHook reads what the function custom_sender of a Netdata agent posts, as
// config.example.toml proposes it: a form, which curl escapes by itself, or the same
// fields as JSON.
var netdataHook = HookFormat{Kind: Netdata, read: func(b hookBody) ([]posted, bool) {
	var f netdataFields
	if !decode(b.raw, &f) && !f.readForm(b.raw) {
		return nil, false
	}
	p := posted{said: said{thing: f.thing(), fault: f.fault()}, text: f.Info, grave: f.Status == "CRITICAL"}
	if seconds, err := strconv.ParseInt(f.When, 10, 64); err == nil {
		p.at = time.Unix(seconds, 0)
	}
	switch f.Status {
	case "WARNING", "CRITICAL":
		p.state = Firing
	case "CLEAR":
		p.state = Resolved
	case "REMOVED", "UNDEFINED", "UNINITIALIZED": // its chart went away: nobody knows
		p.state = Note
	default:
		return nil, false
	}
	return []posted{p}, f.Host != "" && f.Name != ""
}}

func (f *netdataFields) readForm(raw []byte) bool {
	form, err := url.ParseQuery(strings.TrimSpace(string(raw)))
	if err != nil {
		return false
	}
	*f = netdataFields{
		Host: form.Get("host"), Chart: form.Get("chart"), Name: form.Get("name"), Status: form.Get("status"),
		Info: form.Get("info"), When: form.Get("when"), Value: form.Get("value_string"),
	}
	return true
}

func (f netdataFields) thing() string {
	thing := f.Host + " · " + f.Name
	if f.Chart != "" {
		thing += " (" + f.Chart + ")"
	}
	return thing
}

// fault says how bad it is, and how much.
func (f netdataFields) fault() string {
	fault := strings.ToLower(f.Status)
	if f.Value != "" {
		fault += " " + f.Value
	}
	if f.Info != "" {
		fault += ": " + f.Info
	}
	return fault
}
