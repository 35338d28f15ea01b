package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"ronde/e2e/peers"
)

// manager is an Alertmanager whose posts a bare sender puts into a room.
type manager struct {
	sender bareSender
	poster *poster
	url    string
}

// managerConfig has Alertmanager wait as little as it can: what trickles in is posted one
// by one, a storm on one host together.
const managerConfig = `
route:
  receiver: room
  group_by: ['...']
  group_wait: 1ms
  group_interval: 1s
  repeat_interval: 4h
  routes:
  - matchers: ['storm="yes"']
    group_by: ['host']
    group_wait: 1ms
    group_interval: 1s
receivers:
- name: room
  webhook_configs:
  - url: %q
`

func (t *town) openManager(ctx context.Context) (*manager, error) {
	if t.manager != nil {
		return t.manager, nil
	}
	dir, err := t.folder("alertmanager")
	if err != nil {
		return nil, err
	}
	sender, err := t.newSender(ctx, managerName)
	if err != nil {
		return nil, err
	}
	m := &manager{sender: sender, poster: newPoster("")}
	var mu sync.Mutex // it puts one after another, as the others do
	receiver, err := t.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			err = m.sender.put(r.Context(), []byte(names(body)))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	if err != nil {
		return nil, err
	}
	t.say("starting Alertmanager")
	program, err := peers.StartAlertmanager(ctx, dir, fmt.Sprintf(managerConfig, receiver))
	if err != nil {
		return nil, err
	}
	t.later(func() error { program.Stop(); return nil })
	m.url, t.manager = program.URL, m
	return m, nil
}

// names writes what the receiver puts into the room: the alerts of a post.
func names(post []byte) string {
	var body struct {
		Alerts []struct {
			Status string
			Labels map[string]string
		}
	}
	_ = json.Unmarshal(post, &body) // what is no JSON has no names, and is missed
	var all []string
	for _, a := range body.Alerts {
		all = append(all, a.Labels["alertname"])
	}
	return strings.Join(all, "\n")
}

func (m *manager) way() *way {
	return &way{name: "Alertmanager", room: string(m.sender.room), down: func(ctx context.Context, thing string) (time.Time, error) { return m.fire(ctx, thing, "no") }}
}

func (m *manager) storm(ctx context.Context, thing string) (time.Time, error) {
	return m.fire(ctx, thing, "yes")
}

// fire tells Alertmanager that something fires, and returns when it said that it knows.
func (m *manager) fire(ctx context.Context, thing, storm string) (time.Time, error) {
	body, err := json.Marshal([]map[string]any{{
		"labels":      map[string]string{"alertname": thing, "host": "antigone", "storm": storm},
		"annotations": map[string]string{"summary": "Request failed with status code 502"},
		"startsAt":    time.Now(),
	}})
	if err != nil {
		return time.Time{}, err
	}
	return m.poster.send(ctx, m.url+"/api/v2/alerts", body)
}
