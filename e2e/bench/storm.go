package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	stormAlerts = 1000
	// quietAfter is how long nothing must be sent for a storm to be over. The bot puts off
	// what only counts by 20 seconds when it has just shown some of it.
	quietAfter = 25 * time.Second
	stormLimit = 8 * time.Minute
)

// storm is 1,000 things that went down, and when it was answered that each is stored.
type storm struct {
	begun    time.Time
	things   []string
	accepted []time.Time
	events   int
	took     []time.Duration
}

// measureStorm has 1,000 things go down at the bot, and as many at Alertmanager.
func measureStorm(ctx context.Context, t *town) ([]figure, error) {
	if err := t.needHooked(ctx); err != nil {
		return nil, err
	}
	rooms := []string{string(t.hooked.supervision), string(t.hooked.technique)}
	s, err := t.stormInto(ctx, rooms, func(ctx context.Context, thing string) (time.Time, error) { return t.poster.post(ctx, thing, false) })
	if err != nil {
		return nil, fmt.Errorf("%w\nthe bot's log ends:\n%s", err, lastOf(t.hooked.Log()))
	}
	t.sayStorm("the bot", s)
	// A bare loop sends one event for each.
	figures := []figure{
		{name: "storm_events", value: float64(s.events), unit: "events", ratio: float64(s.events) / stormAlerts},
		milliseconds("storm_p99", quantile(s.took, 0.99), 0),
	}
	manager, err := t.openManager(ctx)
	if err != nil {
		return figures, err
	}
	if s, err = t.stormInto(ctx, []string{string(manager.sender.room)}, manager.storm); err != nil {
		return figures, err
	}
	t.sayStorm("Alertmanager", s)
	return append(figures,
		figure{name: "alertmanager_storm_events", value: float64(s.events), unit: "events", ratio: float64(s.events) / stormAlerts},
		milliseconds("alertmanager_storm_p99", quantile(s.took, 0.99), 0)), nil
}

func lastOf(log string) string { return log[max(0, len(log)-2000):] }

func (t *town) sayStorm(who string, s *storm) {
	t.say("%s: %d alerts taken within %.1f s, %d events; from stored to told p50 %v, p99 %v, max %v", who, len(s.accepted),
		s.accepted[len(s.accepted)-1].Sub(s.begun).Seconds(), s.events, quantile(s.took, 0.5), quantile(s.took, 0.99), quantile(s.took, 1))
}

// stormInto has everything go down and waits until the rooms are quiet.
func (t *town) stormInto(ctx context.Context, rooms []string, down func(ctx context.Context, thing string) (time.Time, error)) (*storm, error) {
	ctx, cancel := context.WithTimeout(ctx, stormLimit)
	defer cancel()
	s := &storm{begun: time.Now()}
	if err := s.rage(ctx, down); err != nil {
		return nil, err
	}
	for {
		sent := t.sentTo(rooms, s.begun)
		s.events, s.took = len(sent), s.told(sent)
		quiet := len(sent) > 0 && time.Since(sent[len(sent)-1].answered) > quietAfter
		switch {
		case quiet && len(s.took) == stormAlerts:
			return s, nil
		case quiet:
			return nil, fmt.Errorf("only %d of %d alerts were told of, with %d events", len(s.took), stormAlerts, s.events)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d events tell of %d of %d alerts, and it goes on: %w", s.events, len(s.took), stormAlerts, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// rage has everything go down, as fast as it is taken by several hands.
func (s *storm) rage(ctx context.Context, down func(ctx context.Context, thing string) (time.Time, error)) error {
	var mu sync.Mutex
	var failed error
	var hands sync.WaitGroup
	for range 4 {
		hands.Go(func() {
			for range stormAlerts / 4 {
				thing := newThing()
				accepted, err := down(ctx, thing)
				mu.Lock()
				failed = errors.Join(failed, err)
				s.things, s.accepted = append(s.things, thing), append(s.accepted, accepted)
				stop := failed != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	hands.Wait()
	return failed
}

// sentTo returns what was sent to rooms since a moment and accepted.
func (t *town) sentTo(rooms []string, since time.Time) (sent []call) {
	for _, c := range t.matrix.since(since) {
		for _, room := range rooms {
			if c.method == http.MethodPut && c.status == http.StatusOK && strings.HasPrefix(c.path, "/_matrix/client/v3/rooms/"+room+"/") {
				sent = append(sent, c)
			}
		}
	}
	return sent
}

var (
	thingName = regexp.MustCompile(`Sonde [A-Z2-7]{26}`)
	// stormCount is how the card of a storm says how many are down, in its first line.
	stormCount = regexp.MustCompile(`(\d+)[ \x{a0}](?:services|pannes|incidents|sondes|alertes)`)
)

// told returns how long each alert took until an event told of it. They are in the order
// in which they were taken, so that the n-th is told of by a card that counts n.
func (s *storm) told(sent []call) (took []time.Duration) {
	first, counted := map[string]time.Time{}, 0
	for _, c := range sent {
		text := said(c.body)
		for _, thing := range thingName.FindAllString(text, -1) {
			if _, known := first[thing]; !known {
				first[thing] = c.answered
			}
		}
		line, _, _ := strings.Cut(text, "\n")
		if m := stormCount.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits
			for ; counted < min(n, len(s.things)); counted++ {
				if _, known := first[s.things[counted]]; !known {
					first[s.things[counted]] = c.answered
				}
			}
		}
	}
	for i, thing := range s.things {
		if at, known := first[thing]; known {
			took = append(took, max(0, at.Sub(s.accepted[i])))
		}
	}
	return took
}

// said is the text of a message, or the new one of an edit.
func said(content string) string {
	var message struct {
		Body string `json:"body"`
		New  struct {
			Body string `json:"body"`
		} `json:"m.new_content"`
	}
	if json.Unmarshal([]byte(content), &message) != nil {
		return ""
	}
	if message.New.Body != "" {
		return message.New.Body
	}
	return message.Body
}
