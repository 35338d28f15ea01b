package config

import (
	"errors"
	"net/url"

	"ronde/pulse"
)

// heartbeats reads every [[heartbeat]].
func (r *reader) heartbeats(root *section) []pulse.Heartbeat {
	var all []pulse.Heartbeat
	taken := namesakes{}
	for _, s := range root.each("heartbeat", "name") {
		one := pulse.Heartbeat{
			Name:  s.ownName("name", `"healthchecks"`, taken),
			URL:   s.secret("url", Running),
			Every: s.duration("every", "5m", "1m", "1d"),
		}
		if s.table == nil {
			continue
		}
		if !s.has("url_file") && !s.has("url_env") && !s.has("url") {
			s.need("url_file", `"/etc/ronde/heartbeat-url", or url_env = "RONDE_HEARTBEAT_URL"`)
		}
		s.checkPingURL(one.URL)
		all = append(all, one)
	}
	return all
}

// checkPingURL notes what is wrong with an address that stands elsewhere, and never
// repeats it.
func (s *section) checkPingURL(secret string) {
	if secret == "" { // noted already
		return
	}
	name := "url_env"
	if s.has("url_file") {
		name = "url_file"
	}
	if err := pingURL(secret); err != nil {
		s.noteFor(Running, s.at(name), s.key(name), "what it names "+err.Error())
	}
}

func pingURL(secret string) error {
	u, err := url.Parse(secret)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New(`does not hold the address that a check of Healthchecks shows, such as "https://hc-ping.com/…"`)
	case u.User != nil || u.Fragment != "":
		return errors.New("holds more than the address of a check")
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		return errors.New("would be sent readable over the network, and whoever reads it can say that the bot lives; it must begin with https://")
	}
	return nil
}
