package alerts

import (
	"strings"
	"time"
)

// healthchecksHook reads a webhook of Healthchecks. Its body is written by whoever
// sets it up, with placeholders; what config.example.toml proposes is
//
//	{"name": $NAME_JSON, "code": "$CODE", "status": "$STATUS", "now": "$NOW"}
//
// and $JSON alone is understood, too, which does not say when the check changed.
var healthchecksHook = HookFormat{Kind: Healthchecks, read: func(b hookBody) ([]posted, bool) {
	var body struct {
		Name, Code, UUID, Status, Now string
	}
	if !decode(b.raw, &body) {
		return nil, false
	}
	p := posted{said: said{thing: body.Name}}
	for _, name := range []string{body.Code, body.UUID} { // as its mails call a check without a name
		if strings.TrimSpace(p.thing) == "" {
			p.thing = name
		}
	}
	p.at, _ = time.Parse(time.RFC3339, body.Now) // without a time it is that of its arrival
	switch strings.ToLower(body.Status) {
	case "down":
		p.state = Firing
	case "up":
		p.state = Resolved
	default:
		return nil, false
	}
	return []posted{p}, strings.TrimSpace(p.thing) != ""
}}
