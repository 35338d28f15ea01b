package config

import (
	"errors"
	"net/url"

	"ronde/checks"
)

// intraTokens is where 42's intra gives tokens, the provider that this is made for.
const intraTokens = "https://api.intra.42.fr/oauth/token"

// oauth reads every [[oauth]].
func (r *reader) oauth(root *section) []checks.OAuthConfig {
	var all []checks.OAuthConfig
	taken := namesakes{}
	for _, s := range root.each("oauth", "name") {
		s.need("client_id", `"u-s4t2ud-…"`)
		one := checks.OAuthConfig{
			Name:           s.ownName("name", `"intra"`, taken),
			TokenURL:       s.tokenURL(),
			ClientID:       s.text("client_id", "", `"u-s4t2ud-…"`),
			ClientSecret:   s.secret("client_secret", Running),
			ApplicationURL: parsed(s, "application_url", `"https://profile.intra.42.fr/oauth/applications/1234"`, parseLink),
		}
		if s.table == nil {
			continue
		}
		if !s.has("client_secret_file") && !s.has("client_secret_env") && !s.has("client_secret") {
			s.need("client_secret_file", `"/etc/ronde/intra-secret", or client_secret_env = "RONDE_INTRA_SECRET"`)
		}
		if file := s.table.values["client_secret_file"]; file != nil && file.kind == words && file.text != "" {
			one.ClientSecret, one.SecretFile = "", s.path(file.text)
		}
		all = append(all, one)
	}
	return all
}

// tokenURL reads the address that a secret is sent to.
func (s *section) tokenURL() string {
	written := s.text("token_url", intraTokens, `"`+intraTokens+`"`)
	if err := checkTokenURL(written); err != nil {
		s.wrong("token_url", shown(written)+" "+err.Error())
		return intraTokens
	}
	return written
}

func checkTokenURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New(`is not the address of a token endpoint, such as "` + intraTokens + `"`)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("takes no user name and no parameters")
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		return errors.New("would send the secret readable over the network; write https://")
	}
	return nil
}
