package alerts

import (
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"time"
)

// kumaTime is how Uptime Kuma writes the time of a heartbeat, in UTC.
const kumaTime = "2006-01-02 15:04:05.999"

// kumaHook reads the webhook of Uptime Kuma 1.23 and 2, with its body as JSON or as
// form data. It alone says when a monitor changed to the millisecond, and in UTC.
var kumaHook = HookFormat{Kind: Kuma, read: func(b hookBody) ([]posted, bool) {
	var body struct {
		Heartbeat *struct {
			Status int
			Time   string
			Msg    string
		}
		Monitor *struct {
			Name string
			Path []string // the groups that it is in, from the outermost, and itself; since version 2
		}
		Msg string
	}
	raw := b.raw
	if form, ok := kumaForm(b); ok {
		raw = form
	}
	if !decode(raw, &body) {
		return nil, false
	}
	if body.Heartbeat == nil || body.Monitor == nil || strings.TrimSpace(body.Monitor.Name) == "" {
		s, kind, ok := kumaSays(body.Msg)
		return []posted{{said: s, kind: kind, text: body.Msg}}, ok
	}
	p := posted{said: said{thing: body.Monitor.Name, fault: body.Heartbeat.Msg}, text: body.Msg}
	if groups := body.Monitor.Path; len(groups) > 1 {
		p.group = groups[len(groups)-2]
	}
	p.at, _ = time.Parse(kumaTime, body.Heartbeat.Time) // without a time it is that of its arrival
	switch body.Heartbeat.Status {
	case 0:
		p.state = Firing
	case 1:
		p.state = Resolved
	default: // pending and maintenance, which no version sends
		p.state = Note
	}
	return []posted{p}, true
}}

// kumaForm returns the JSON in a body that is form data.
func kumaForm(b hookBody) ([]byte, bool) {
	kind, params, err := mime.ParseMediaType(b.contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, false
	}
	parts := multipart.NewReader(strings.NewReader(string(b.raw)), params["boundary"])
	for range 10 {
		part, err := parts.NextPart()
		if err != nil {
			return nil, false
		}
		if part.FormName() != "data" {
			continue
		}
		data, err := io.ReadAll(part)
		return data, err == nil
	}
	return nil, false
}

// ReadKumaMessage reads what Uptime Kuma itself posted in a room. It is false for
// anything but a monitor that changed, or what runs out: what else it says stands in the
// room already.
func ReadKumaMessage(body string) (Reading, bool) {
	s, kind, ok := kumaSays(body)
	if !ok || s.state == Note {
		return Reading{}, false
	}
	return posted{said: s, text: body}.reading(kind), true
}
