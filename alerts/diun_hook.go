package alerts

import (
	"fmt"
	"strings"
)

// diunHook reads the webhook of Diun 4, which is sent for each image tag whose
// digest is new in the registry.
var diunHook = HookFormat{Kind: Diun, read: func(b hookBody) ([]posted, bool) {
	var body struct {
		Hostname string
		Status   string
		Provider string
		Image    string
		HubLink  string `json:"hub_link"`
		Digest   string
		Platform string
		Metadata map[string]string
	}
	if !decode(b.raw, &body) || strings.TrimSpace(body.Image) == "" || body.Status == "" {
		return nil, false
	}
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if names := body.Metadata["ctn_names"]; names != "" {
		add("%s (%s)", names, strings.TrimSpace(body.Hostname+" "+body.Metadata["ctn_status"]))
	} else if body.Hostname != "" {
		add("%s", strings.TrimSpace(body.Hostname+" "+body.Provider))
	}
	if body.HubLink != "" {
		add("%s", body.HubLink)
	}
	if body.Digest != "" {
		add("%s %s", cutBytes(body.Digest, 19), body.Platform) // sha256: and twelve digits, as Docker shows it
	}
	return []posted{{said: said{Note, body.Image, body.Status}, text: strings.Join(lines, "\n"), host: body.Hostname}}, true
}}
