package checks

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Secret is a setting that is never shown. In the configuration it stands in a file or
// in the environment: NAME_file or NAME_env.
type Secret string

// String keeps a secret out of logs and errors.
func (Secret) String() string { return "(secret)" }

// MarshalText keeps it out of JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// Setting is one setting of a kind of check.
type Setting struct {
	Name    string // "warning"
	Default any    // a float64, int, bool, string, []string, [time.Duration] or [Secret]
	Unit    string // of a number: "%"
	Help    string // one sentence
	// Least and Most bound a number or a length of time; as written in a file.
	Least, Most string
	OneOf       []string // the only values of a text; nil for any
	Example     string   // as written in a file
	Needed      bool     // it has no default
	field       int
}

// SettingsOf returns the settings that a struct of defaults declares, in their order.
// Each field has the tags `set` (its name) and `help`, and may have `unit`, `least`,
// `most`, `oneof` (separated by bars), `example`, and `needed:"yes"`. It panics over a
// field that is not so: a kind is a table of this program.
func SettingsOf(defaults any) (all []Setting) {
	if defaults == nil {
		return nil
	}
	v := reflect.ValueOf(defaults)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		s := Setting{
			Name: f.Tag.Get("set"), Default: v.Field(i).Interface(), Unit: f.Tag.Get("unit"), Help: f.Tag.Get("help"),
			Least: f.Tag.Get("least"), Most: f.Tag.Get("most"), Example: f.Tag.Get("example"), Needed: f.Tag.Get("needed") == "yes", field: i,
		}
		if oneOf := f.Tag.Get("oneof"); oneOf != "" {
			s.OneOf = strings.Split(oneOf, "|")
		}
		switch s.Default.(type) {
		case float64, int, bool, string, []string, time.Duration, Secret:
		default:
			panic(fmt.Sprintf("setting %s of %T has the type %s", s.Name, defaults, f.Type))
		}
		if s.Name == "" || s.Help == "" {
			panic(fmt.Sprintf("field %s of %T lacks its name or its help", f.Name, defaults))
		}
		all = append(all, s)
	}
	return all
}

// With returns a copy of a struct of defaults in which each setting has the value that
// read returns for it, which must have the type of its default.
func With(defaults any, read func(Setting) any) any {
	if defaults == nil {
		return nil
	}
	filled := reflect.New(reflect.TypeOf(defaults)).Elem()
	for _, s := range SettingsOf(defaults) {
		filled.Field(s.field).Set(reflect.ValueOf(read(s)))
	}
	return filled.Interface()
}

// A judge is a struct of settings that knows which of them do not go together.
type judge interface {
	// Judge returns a setting that is wrong beside the others and why, or "".
	Judge() (setting, reason string)
}

// Judge returns a setting that is wrong beside the others and why, for the person who
// wrote it; "" when there is none.
func Judge(settings any) (setting, reason string) {
	if j, ok := settings.(judge); ok {
		return j.Judge()
	}
	return "", ""
}
