package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"ronde/e2e/postbox"
)

// pageRoads leads to the ntfy server, and else to the homeserver.
type pageRoads struct {
	ntfy *postbox.Box
	rest http.RoundTripper
}

func (p pageRoads) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "ntfy.example.org" {
		return p.ntfy.RoundTrip(r)
	}
	return p.rest.RoundTrip(r)
}

func (c *chat) dialer() func(ctx context.Context, network, address string) (net.Conn, error) {
	if c.pages == nil {
		return nil
	}
	return c.pages.Dial
}

// addPager gives the bot both roads, with more settings of [pager].
func (c *chat) addPager(_ step, m []string) error {
	c.pages = postbox.New()
	c.tables += "[pager]\n" + m[1] + "\n" +
		"[pager.ntfy]\nserver = \"https://ntfy.example.org\"\ntopic = \"ronde\"\ntoken_file = \"ntfy.token\"\n" +
		fmt.Sprintf("[pager.mail]\naddress = \"127.0.0.1:25\"\ntls = \"none\"\nuser = %q\npassword_file = \"smtp.password\"\nfrom = %[1]q\nto = [\"ana@example.com\"]\n", postbox.User)
	return errors.Join(c.putFile("ntfy.token", postbox.Token), c.putFile("smtp.password", postbox.Password))
}

func (c *chat) setRoad(_ step, m []string) error {
	c.pages.Set(m[1], map[string]postbox.Mood{"works": postbox.Works, "is gone": postbox.Gone, "is full": postbox.Full, "is deaf": postbox.Deaf}[m[2]])
	return nil
}

// hearPages takes note of what people got by the second road since the last look.
func (c *chat) hearPages() {
	if c.pages == nil {
		return
	}
	posts := c.pages.Posts()
	for _, p := range posts[c.seen["pages"]:] {
		u := utterance{room: p.Road, mark: "<", body: strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(p.Title + "\n" + p.Body)}
		if p.Rings {
			u.mark = "<!"
		}
		c.pending = append(c.pending, u)
		fmt.Fprintf(&c.transcript, "  %s", u)
	}
	c.seen["pages"] = len(posts)
}

// closePages ends the roads, once the bot is down for good.
func (c *chat) closePages() {
	if c.pages == nil {
		return
	}
	if err := errors.Join(c.pages.Err(), c.pages.Close()); err != nil {
		c.t.Error(err)
	}
	for _, secret := range []string{postbox.Token, postbox.Password} {
		if strings.Contains(c.log.String(), secret) {
			c.t.Errorf("the log holds a secret:\n%s", c.log)
		}
	}
}
