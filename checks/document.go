package checks

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xhit/go-str2duration/v2"
)

// Document writes the list of kinds and their settings, in Markdown. Its error is that of
// w.
func Document(w io.Writer) error {
	var b strings.Builder
	b.WriteString(documentHead)
	for _, k := range Kinds() {
		k.document(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const documentHead = `# Checks

What each kind of check measures, and what can be set in its ` + "`[[check]]`" + `. This file is made from the code:
` + "`go test ./checks -run TestTheDocumentation -update`" + ` writes it anew.

A check is called by its kind and a name, as in ` + "`disk antigone`" + `: in the checks of a routine, in
` + "`!check disk antigone`" + `, and in ` + "`ronde check disk antigone --json`" + `. Its verdict is ok, warning, critical or unknown.

Beside the settings here each ` + "`[[check]]`" + ` has ` + "`every`, `for`, `calm_for` and `opens`" + `: how often the bot makes it by
itself, and what becomes of what it finds. ` + "`config.example.toml`" + ` explains them.
`

func (k Kind) document(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s %s\n", k.Name, k.Help, k.aboutWhat())
	all := SettingsOf(k.Settings)
	if len(all) == 0 {
		return
	}
	b.WriteString("\n| setting | default | unit | |\n|---|---|---|---|\n")
	for _, s := range all {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", s.written(), s.byDefault(), s.unit(), strings.ReplaceAll(s.help(), "|", "\\|"))
	}
}

// aboutWhat says what the name behind the kind is.
func (k Kind) aboutWhat() string {
	switch {
	case k.MeasureOAuth != nil:
		return "Its name is that of an `[[oauth]]`."
	case k.Hostless:
		return "It needs a `[[check]]` with a `name`, and no `host`."
	case k.Named:
		return "It needs a `[[check]]` with a `name` and a `host`" + k.Needs.documented() + "."
	}
	return "It can be made of every host" + k.Needs.documented() + "."
}

func (n Need) documented() string {
	if n == NeedsNothing {
		return ""
	}
	return " that has " + strings.ReplaceAll("`"+string(n)+"`", " or ", "` or `")
}

// written is the setting's name in a file.
func (s Setting) written() string {
	if _, secret := s.Default.(Secret); secret {
		return s.Name + "_file` or `" + s.Name + "_env"
	}
	return s.Name
}

func (s Setting) byDefault() string {
	switch d := s.Default.(type) {
	case float64:
		return strconv.FormatFloat(d, 'g', -1, 64)
	case time.Duration:
		return "`\"" + str2duration.String(d) + "\"`"
	case []string:
		if len(d) > 0 {
			return "`[\"" + strings.Join(d, `", "`) + "\"]`"
		}
		return s.none()
	case string:
		if d != "" {
			return "`" + strconv.Quote(d) + "`"
		}
		return s.none()
	case Secret:
		return s.none()
	}
	return fmt.Sprint(s.Default)
}

func (s Setting) none() string {
	if s.Needed {
		return "required"
	}
	return "none"
}

func (s Setting) unit() string {
	if _, length := s.Default.(time.Duration); length {
		return "time"
	}
	return s.Unit
}

// help adds what the table has no column for.
func (s Setting) help() string {
	switch {
	case len(s.OneOf) > 0:
		return s.Help + " One of `" + strings.Join(s.OneOf, "`, `") + "`."
	case s.Example != "":
		return s.Help + " Such as `" + s.Example + "`."
	}
	return s.Help
}
