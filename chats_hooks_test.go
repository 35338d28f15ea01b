package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/bot"
	"ronde/config"
)

// kumaUser is the account with which Uptime Kuma posts in the rooms.
const kumaUser = "@kuma:ronde.test"

const hookSecret = "the secret of all webhooks"

// served is the part of the configuration that stories have of webhooks: one of each
// kind, called after it.
func served() string {
	var b strings.Builder
	b.WriteString("[board]\nlisten = \"127.0.0.1:1\"\n")
	for _, kind := range alerts.HookKinds() {
		fmt.Fprintf(&b, "[[webhook]]\nname = %[1]q\nkind = %[1]q\nsecret_env = \"RONDE_HOOK_OF_STORIES\"\n", kind)
	}
	return b.String()
}

// unheard closes the door to the network: what a story posts goes straight to the
// board, as no time passes in a story while somebody listens at a real port.
func unheard(c config.Config) config.Config {
	c.Board.Listen = ""
	return c
}

func lookup(name string) (string, bool) {
	if name == "RONDE_HOOK_OF_STORIES" {
		return hookSecret, true
	}
	return os.LookupEnv(name)
}

// post brings a body to a webhook. One that comes while the bot is down is lost.
func (c *chat) post(hook, contentType string, body []byte) error {
	if c.service == nil {
		return nil
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks/"+hook, strings.NewReader(string(body)))
	r.Header.Set("X-Ronde-Secret", hookSecret)
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	c.service.atWork().board.ServeHTTP(w, r)
	if w.Code/100 != 2 {
		return fmt.Errorf("webhook %s answers %d: %s", hook, w.Code, w.Body)
	}
	return nil
}

// hookFile posts a body of alerts/testdata/hooks to the webhook of its folder.
func (c *chat) hookFile(_ step, m []string) error {
	body, err := os.ReadFile(filepath.Join("alerts/testdata/hooks", m[1], m[2]))
	if err != nil {
		return err
	}
	kind := "application/json"
	if filepath.Ext(m[2]) == ".form" {
		kind = "application/x-www-form-urlencoded"
	}
	return c.post(m[1], kind, body)
}

// hookBody posts the lines of a step.
func (c *chat) hookBody(s step, m []string) error {
	return c.post(m[1], "application/json", []byte(strings.Join(s.block, "\n")))
}

// kumaHook posts what Uptime Kuma does.
func (c *chat) kumaHook(_ step, m []string) error {
	at, err := c.sent(m[4])
	if err != nil {
		return err
	}
	return c.post("kuma", "application/json", fmt.Appendf(nil,
		`{"heartbeat":{"monitorID":1,"status":%d,"time":%q,"msg":%q},"monitor":{"id":1,"name":%q},"msg":%q}`,
		map[string]int{"down": 0, "up": 1}[m[1]], at.UTC().Format("2006-01-02 15:04:05.000"), m[3], m[2], kumaLine(m[1], m[2], m[3])))
}

// kumaSays has Uptime Kuma post in the room Supervision itself.
func (c *chat) kumaSays(s step, m []string) error {
	c.furnish()
	room := c.rooms[bot.Supervision]
	if !c.kumaIsIn {
		c.kumaIsIn = true
		c.srv.Register("kuma", "a long password")
		c.srv.Invite("ana", room, "kuma")
		c.srv.Join("kuma", room)
	}
	c.srv.Send("kuma", room, "m.room.message", map[string]any{"msgtype": "m.text", "body": s.all(m[1])})
	return nil
}

func kumaLine(what, thing, message string) string {
	return fmt.Sprintf("[%s] %s %s", thing, map[string]string{"down": "[🔴 Down]", "up": "[✅ Up]"}[what], message)
}

// sent reads the time of a step that may have one.
func (c *chat) sent(written string) (time.Time, error) {
	if written == "" {
		return time.Now(), nil
	}
	return time.ParseInLocation("2006-01-02 15:04", written, c.paris)
}
