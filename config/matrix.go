package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"ronde/bot"
	"ronde/cards"
	"ronde/commands"
)

const exampleUser = `"@ronde:example.org"`

const serverName = `([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?`

var (
	userID    = regexp.MustCompile(`^@[!-9;-~]+:` + serverName + `$`)
	roomAlias = regexp.MustCompile(`^#[^:\s\x00]+:` + serverName + `$`)
	roomID    = regexp.MustCompile(`^![^:\s\x00]+:` + serverName + `$`)
	// roomHash is a room id since room version 12, which names no server.
	roomHash = regexp.MustCompile(`^![A-Za-z0-9_-]{43}$`)
)

// parseUser checks a full Matrix user id.
func parseUser(s string) (string, error) {
	if !userID.MatchString(s) || len(s) > 255 {
		return "", fmt.Errorf("%s is not a full user id; write it with its homeserver, such as \"@ana:example.org\"", shown(s))
	}
	return s, nil
}

// parseRoom checks a room id or a room alias.
func parseRoom(s string) (string, error) {
	if (roomAlias.MatchString(s) || roomID.MatchString(s) || roomHash.MatchString(s)) && len(s) <= 255 {
		return s, nil
	}
	return "", fmt.Errorf(`%s is neither a room alias such as "#technique:example.org" nor a room id as the room's settings show it ("!…")`, shown(s))
}

// parseHomeserver checks the base URL of a homeserver and drops the last slash.
func parseHomeserver(s string) (string, error) {
	const valid = `; write the address of the homeserver, such as "https://matrix.example.org"`
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New(shown(s) + " is not a web address" + valid)
	case u.User != nil:
		return "", errors.New(shown(s) + " has a user name in it" + valid)
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New(shown(s) + " has more than a host and a path" + valid)
	}
	return strings.TrimRight(s, "/"), nil
}

// matrix reads [matrix] and [rooms].
func (r *reader) matrix(c *Config, root *section) {
	s := root.only("matrix", true)
	s.need("homeserver", `"https://matrix.example.org"`)
	s.need("user", exampleUser)
	c.Bot = bot.Config{
		Homeserver: parsed(s, "homeserver", `"https://matrix.example.org"`, parseHomeserver),
		User:       parsed(s, "user", exampleUser, parseUser),
		DeviceName: s.text("device_name", "ronde", `"ronde"`),
		Inviters:   parsedList(s, "inviters", `["@ana:example.org"]`, parseUser),
	}
	c.Credentials = bot.Credentials{
		Password:    s.secret("password", LoggingIn),
		AccessToken: s.secret("access_token", LoggingIn),
		RecoveryKey: s.secret("recovery_key", LoggingIn),
	}
	if c.Credentials.Password != "" && c.Credentials.AccessToken != "" {
		s.note(s.table.at, s.name, "has a password and an access token; keep the one that the bot logs in with")
	}
	c.Outbox = cards.Config{
		EventsPerSecond: s.amount("events_per_second", 0.2, 1000),
		Burst:           s.number("burst", 10, 1, 1000),
	}
	r.rooms(c, root)
}

// rooms reads [rooms].
func (r *reader) rooms(c *Config, root *section) {
	s := root.only("rooms", true)
	s.need("technique", `"#technique:example.org"`)
	s.need("supervision", `"#supervision:example.org"`)
	c.Bot.Technique = parsed(s, "technique", `"#technique:example.org"`, parseRoom)
	c.Bot.Supervision = parsed(s, "supervision", `"#supervision:example.org"`, parseRoom)
	c.KumaUser = parsed(s, "kuma_user", `"@kuma:example.org"`, parseUser)
	if c.KumaUser != "" && c.KumaUser == c.Bot.User {
		s.wrong("kuma_user", "is the bot itself; Uptime Kuma needs an account of its own")
	}
	if c.Bot.Technique != "" && c.Bot.Technique == c.Bot.Supervision {
		s.wrong("supervision", "is the same room as technique; they are two: work goes to one, alerts to the other")
	}
}

// rights reads [rights].
func (r *reader) rights(root *section) commands.Rights {
	s := root.only("rights", false)
	return commands.Rights{
		Act:    s.number("act", 0, 0, 100),
		People: parsedList(s, "people", `["@ana:example.org"]`, parseUser),
	}
}
