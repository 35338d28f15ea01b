package alerts

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"ronde/text"
)

// HookFormat is what one kind of sender posts to a webhook.
type HookFormat struct {
	Kind Kind
	// read says what a body says, or false for one that it does not understand. A
	// body may hold several alerts.
	read func(b hookBody) ([]posted, bool)
}

// hookBody is what came in one request.
type hookBody struct {
	contentType string
	raw         []byte
}

// posted is one thing that a body says, before it is cut to one line each.
type posted struct {
	said
	at    time.Time // when it happened, by the sender's clock; zero when it does not say
	still bool      // as Reading.Still
	grave bool      // as Reading.Critical
	group string    // as Reading.Group
	text  string    // as Reading.Text
	host  string    // as Reading.Host
	kind  Kind      // whose incidents these are, if not those of the format's own kind
}

// HookFormats are the kinds of webhook. A configured kind picks one; nothing is
// tried.
var HookFormats = []HookFormat{
	kumaHook,
	diunHook,
	healthchecksHook,
	alertmanagerHook,
	netdataHook,
}

// HookKinds returns the kinds of webhook, in the order of [HookFormats].
func HookKinds() []Kind {
	var kinds []Kind
	for _, f := range HookFormats {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

// ReadHook reads what was posted to a webhook of a kind. understood is false for
// what is not of that kind; then the only reading is a plain note with the whole
// body as its text. Whoever posts knows the webhook's secret, so that all of it
// counts as verified.
func ReadHook(kind Kind, contentType string, raw []byte) (readings []Reading, understood bool) {
	for _, f := range HookFormats {
		if f.Kind != kind {
			continue
		}
		all, ok := f.read(hookBody{contentType, raw})
		for _, p := range all {
			readings = append(readings, p.reading(cmp.Or(p.kind, kind)))
		}
		if ok && len(readings) > 0 {
			return readings, true
		}
	}
	return []Reading{{Kind: Plain, State: Note, Verified: true, Text: cleanText(string(cutRaw(raw)))}}, false
}

func cutRaw(raw []byte) []byte { return raw[:min(len(raw), maxText)] }

func (p posted) reading(kind Kind) Reading {
	r := Reading{
		Kind: kind, State: p.state, Verified: true, Still: p.still, Critical: p.grave, Group: oneLine(p.group, maxThing), Text: cleanText(cutBytes(p.text, maxText)),
		Thing: oneLine(p.thing, maxThing), Host: oneLine(p.host, maxThing),
		Fault: oneLine(text.Mask(oneLine(p.fault, 4*maxFault)), maxFault),
	}
	if year := p.at.UTC().Year(); year >= 1980 && year <= 9000 {
		r.Since = p.at.UTC()
	}
	return r
}

// decode reads one JSON object into v, or reports that raw is none.
func decode(raw []byte, v any) bool {
	return strings.HasPrefix(strings.TrimSpace(string(raw[:min(len(raw), 64)])), "{") && json.Unmarshal(raw, v) == nil
}
