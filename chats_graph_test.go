package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/e2e/homeserver"
	"ronde/graph"
	"ronde/store"
)

// setMeasured keeps values as if checks had measured them, the last of them now.
func (c *chat) setMeasured(_ step, m []string) error {
	if c.store == nil {
		return errors.New("the bot is down")
	}
	apart, err := time.ParseDuration(m[6])
	if err != nil {
		return err
	}
	series := store.Series{Check: m[1], Name: m[2], Metric: m[3], Thing: m[4], Unit: m[5]}
	values := strings.Fields(m[7])
	return c.store.Update(c.t.Context(), func(tx *store.Tx) error {
		for n, word := range values {
			v, err := strconv.ParseFloat(word, 64)
			if err != nil {
				return err
			}
			back := time.Duration(len(values)-1-n) * apart
			if err := tx.AddMetrics(tx.Now.Add(-back), []store.Measured{{Series: series, Value: v}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// picture checks that the last message shows a picture that is called so.
func (c *chat) picture(_ step, m []string) error {
	timeline := c.srv.Timeline(c.roomOf(c.last.event))
	at := slices.IndexFunc(timeline, func(e homeserver.Event) bool { return e.ID == c.last.event })
	if at < 0 || timeline[at].Text("msgtype") != "m.image" || timeline[at].Text("filename") != m[1] {
		return fmt.Errorf("the last message shows no picture called %s", m[1])
	}
	drawn, err := png.Decode(bytes.NewReader(c.srv.Media()[timeline[at].Text("url")]))
	if err == nil && drawn.Bounds().Dx() != graph.Width {
		err = fmt.Errorf("the picture is %d pixels wide", drawn.Bounds().Dx())
	}
	return err
}
