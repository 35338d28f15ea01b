package scene

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Settings are the parts of a configuration that differ from scene to scene.
type Settings struct {
	Homeserver, User, Password string
	Technique, Supervision     string // room ids or aliases
	Inviters                   []string
	Language                   string // "fr" unless set
	EventsPerSecond            float64
	Mailbox                    Mailbox  // without an Address, none
	Docker                     string   // address of the engine of antigone, "" for none
	Things                     []string // what runs on antigone
	Routines                   string   // [[routine]] tables
}

// Mailbox is where the bot reads mail.
type Mailbox struct {
	Address, User, Password string
	AuthServID              string
	Poll                    string // "5m" unless set
}

// Write writes a configuration and its secrets into dir and returns its path.
// The database will be dir/ronde.db.
func (s Settings) Write(dir string) (string, error) {
	var b strings.Builder
	language := s.Language
	if language == "" {
		language = "fr"
	}
	fmt.Fprintf(&b, "language = %q\ndatabase = \"ronde.db\"\n\n[matrix]\nhomeserver = %q\nuser = %q\npassword_file = \"matrix.password\"\n", language, s.Homeserver, s.User)
	fmt.Fprintf(&b, "inviters = [%s]\nevents_per_second = %.1f\nburst = 10\n\n[rooms]\ntechnique = %q\nsupervision = %q\n", quoted(s.Inviters), s.EventsPerSecond, s.Technique, s.Supervision)
	if s.Mailbox.Address != "" {
		s.Mailbox.write(&b)
	}
	b.WriteString("\n[people]\nquiet = \"none\"\n\n[digest]\nday = \"none\"\n\n[[host]]\nname = \"antigone\"\n")
	if s.Docker != "" {
		fmt.Fprintf(&b, "docker = %q\n", s.Docker)
	}
	if len(s.Things) > 0 {
		fmt.Fprintf(&b, "things = [%s]\n", quoted(s.Things))
	}
	b.WriteString("\n" + s.Routines)
	for name, content := range map[string]string{"config.toml": b.String(), "matrix.password": s.Password, "mailbox.password": s.Mailbox.Password} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return "", fmt.Errorf("write the configuration: %w", err)
		}
	}
	return filepath.Join(dir, "config.toml"), nil
}

// quoted writes texts as they stand in an array of TOML.
func quoted(texts []string) string {
	var parts []string
	for _, t := range texts {
		parts = append(parts, strconv.Quote(t))
	}
	return strings.Join(parts, ", ")
}

func (m Mailbox) write(b *strings.Builder) {
	poll := m.Poll
	if poll == "" {
		poll = "5m"
	}
	fmt.Fprintf(b, "\n[mailbox]\naddress = %q\ntls = \"none\"\nuser = %q\npassword_file = \"mailbox.password\"\npoll = %q\n", m.Address, m.User, poll)
	if m.AuthServID != "" {
		fmt.Fprintf(b, "authserv_id = %q\n", m.AuthServID)
	}
}
