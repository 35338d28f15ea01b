// Package text is what the bot says: its words in French and English, the
// writing of messages that are safe to show, and the masking of what must not
// be shown.
package text

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"
)

//go:embed catalogue/*.toml
var catalogue embed.FS

// Language is a language that the bot speaks. Its methods may be called from
// several goroutines.
type Language struct {
	code      string
	localizer *i18n.Localizer
}

// Localized is a name that people write in their configuration, in one or both
// languages.
type Localized struct {
	FR string `toml:"fr" json:"fr,omitempty"`
	EN string `toml:"en" json:"en,omitempty"`
}

// In returns the text in language l, or in the other one where it is missing.
func (t Localized) In(l *Language) string {
	if l.code == "en" && t.EN != "" || t.FR == "" {
		return t.EN
	}
	return t.FR
}

// In returns the language with the given code, "fr" or "en".
func In(code string) (*Language, error) {
	if code != "fr" && code != "en" {
		return nil, fmt.Errorf(`no language %q: there are "fr" and "en"`, code)
	}
	bundle := i18n.NewBundle(language.French)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	files, err := fs.Glob(catalogue, "catalogue/*."+code+".toml")
	if err != nil {
		return nil, fmt.Errorf("list the %s catalogue: %w", code, err)
	}
	for _, file := range files {
		if _, err := bundle.LoadMessageFileFS(catalogue, file); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	}
	return &Language{code: code, localizer: i18n.NewLocalizer(bundle, code)}, nil
}

// Code returns "fr" or "en".
func (l *Language) Code() string { return l.code }

// Say returns the catalogue's sentence called id. args are names and values in
// turn, put where the sentence says {{.Name}}; an argument called Count also
// picks the singular or the plural. The result is plain text, not escaped.
//
// A sentence that is missing is shown as its id, so that a fault in the words
// never hides the thing that had to be said.
func (l *Language) Say(id string, args ...any) string {
	data := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok {
			return id
		}
		data[name] = args[i+1]
	}
	said, err := l.localizer.Localize(&i18n.LocalizeConfig{
		MessageID: id, TemplateData: data, PluralCount: data["Count"],
	})
	if err != nil && said == "" {
		return id + fmt.Sprint(args...)
	}
	return said
}

var (
	weekdays = map[string][7]string{
		"fr": {"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."},
		"en": {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
	}
	months = map[string][12]string{
		"fr": {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
		"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	}
)

// Moment writes an instant as people of one time zone say it: "lun. 23 nov. 09:00".
func (l *Language) Moment(t time.Time) string {
	return l.Day(t) + " " + t.Format("15:04")
}

// Day writes the date of an instant, without its year: "lun. 23 nov.".
func (l *Language) Day(t time.Time) string {
	return weekdays[l.code][t.Weekday()] + " " + l.Date(t)
}

// Date is Day without the day of the week: "23 nov.".
func (l *Language) Date(t time.Time) string {
	if l.code == "fr" && t.Day() == 1 {
		return "1er " + months[l.code][t.Month()-1]
	}
	return fmt.Sprintf("%d %s", t.Day(), months[l.code][t.Month()-1])
}

// Clock writes when t was, seen from now: the time alone on the same day, else
// with its date. Both are taken in now's location.
func (l *Language) Clock(t, now time.Time) string {
	t = t.In(now.Location())
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return l.Moment(t)
}

// Duration writes a length of time with one or two units, rounded down: "12 s",
// "4 min", "2 h 05", "3 j 4 h".
func (l *Language) Duration(d time.Duration) string {
	day := map[string]string{"fr": "j", "en": "d"}[l.code]
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case d < 0:
		return "0\u00a0s"
	case d < time.Minute:
		return fmt.Sprintf("%d\u00a0s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d\u00a0min", minutes)
	case days == 0:
		return fmt.Sprintf("%d\u00a0h\u00a0%02d", hours, minutes)
	case hours == 0 || days > 6:
		return fmt.Sprintf("%d\u00a0%s", days, day)
	}
	return fmt.Sprintf("%d\u00a0%s\u00a0%d\u00a0h", days, day, hours)
}

// OneLine returns s without line breaks and control characters, and of at most
// max runes, the last of them "…" where it was cut.
func OneLine(s string, maxRunes int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == '\u007f' || r == ' ' || r == '\u2028' || r == '\u2029' }), " ")
	runes := []rune(s)
	if len(runes) <= maxRunes {
		return s
	}
	return strings.TrimRight(string(runes[:maxRunes-1]), " ") + "…"
}
