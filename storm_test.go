package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/bot"
	"ronde/store"
)

// mostEvents is what a thousand alerts may cost, buttons and edits counted.
const mostEvents = 12

// TestAThousandAlertsCostTwelveEvents: whatever the way and however fast they come, no
// count is lost, and so it is when all that was broken is back.
func TestAThousandAlertsCostTwelveEvents(t *testing.T) {
	for name, tell := range map[string]func(c *chat, what string) error{
		"mails at once":                    mailsAtOnce,
		"webhooks over nearly two minutes": func(c *chat, what string) error { return hooksWithin(c, what, 100*time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newChat(t)
				defer c.stop()
				if err := c.start(); err != nil {
					t.Fatal(err)
				}
				c.costs("down", tell, "1000 services en panne")
				c.costs("up", tell, "1000 services rétablis")
			})
		})
	}
}

// costs has a thousand things told, and checks what that cost and what stands there in
// the end.
func (c *chat) costs(what string, tell func(c *chat, what string) error, want string) {
	c.t.Helper()
	before := c.sentEvents()
	if err := tell(c, what); err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(10 * time.Minute)
	synctest.Wait()
	if cost := c.sentEvents() - before; cost > mostEvents {
		c.t.Errorf("%s: a thousand alerts cost %d events, more than %d:\n%s", what, cost, mostEvents, c.lastSent(cost))
	}
	if card := c.showing(want, true); card == "" {
		c.t.Errorf("%s: no card says %q; the cards:\n%s", what, want, c.cards())
	}
}

// sentEvents counts all that the bot ever sent.
func (c *chat) sentEvents() (count int) {
	for _, room := range c.rooms {
		for _, e := range c.srv.Timeline(room) {
			if e.Sender == self && e.Type != "m.room.member" {
				count++
			}
		}
	}
	return count
}

// lastSent lists the last events that the bot sent in Supervision.
func (c *chat) lastSent(count int) string {
	var lines []string
	for _, e := range c.srv.Timeline(c.rooms[bot.Supervision]) {
		first, _, _ := strings.Cut(e.Body(), "\n")
		about, emoji := e.ReactsTo()
		if e.Sender == self && e.Type != "m.room.member" {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s%s %s%s", e.At.Format("15:04:05.000"), e.ID, first, emoji, e.Edits(), about)))
		}
	}
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// cards lists the first lines of what stands in Supervision.
func (c *chat) cards() string {
	var lines []string
	for _, e := range c.srv.Roots(c.rooms[bot.Supervision]) {
		body := e.Body()
		if edits := c.srv.EditsOf(e.ID); len(edits) > 0 {
			body = edits[len(edits)-1].Body()
		}
		first, _, _ := strings.Cut(body, "\n")
		lines = append(lines, first)
	}
	return strings.Join(lines, "\n")
}

func mailsAtOnce(c *chat, what string) error {
	var mails []store.Mail
	for n := range 1000 {
		line := kumaLine(what, fmt.Sprintf("Service %d", n), "timeout")
		raw := passed + fmt.Sprintf("From: Uptime Kuma <uptime@exemple-asso.fr>\nSubject: %s\nDate: %s\nContent-Type: text/plain; charset=utf-8\n\n%s\n",
			line, time.Now().Format(time.RFC1123Z), line)
		c.mailNow++
		mails = append(mails, store.Mail{
			Folder: "INBOX", UIDValidity: 1, UID: c.mailNow, Received: time.Now().Truncate(time.Second),
			Size: int64(len(raw)), Raw: []byte(raw), Hash: hashOf([]byte(raw)),
		})
	}
	return c.deliver(mails...)
}

func hooksWithin(c *chat, what string, d time.Duration) error {
	for n := range 1000 {
		if err := c.kumaHook(step{}, []string{"", what, fmt.Sprintf("Service %d", n), "timeout", ""}); err != nil {
			return err
		}
		time.Sleep(d / 1000)
	}
	return nil
}
