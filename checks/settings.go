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
	field       []int
}

// SettingsOf returns the settings that a struct of defaults declares, in their order.
// Each field has the tags `set` (its name) and `help`, and may have `unit`, `least`,
// `most`, `oneof` (separated by bars), `example`, and `needed:"yes"`. It panics over a
// field that is not so: a kind is a table of this program. The fields of an embedded
// struct count as its own.
func SettingsOf(defaults any) (all []Setting) {
	if defaults == nil {
		return nil
	}
	return settingsIn(reflect.ValueOf(defaults))
}

func settingsIn(v reflect.Value) (all []Setting) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			for _, s := range settingsIn(v.Field(i)) {
				s.field = append([]int{i}, s.field...)
				all = append(all, s)
			}
			continue
		}
		s := Setting{
			Name: f.Tag.Get("set"), Default: v.Field(i).Interface(), Unit: f.Tag.Get("unit"), Help: f.Tag.Get("help"),
			Least: f.Tag.Get("least"), Most: f.Tag.Get("most"), Example: f.Tag.Get("example"), Needed: f.Tag.Get("needed") == "yes", field: []int{i},
		}
		if oneOf := f.Tag.Get("oneof"); oneOf != "" {
			s.OneOf = strings.Split(oneOf, "|")
		}
		switch s.Default.(type) {
		case float64, int, bool, string, []string, time.Duration, Secret:
		default:
			panic(fmt.Sprintf("setting %s of %s has the type %s", s.Name, v.Type(), f.Type))
		}
		if s.Name == "" || s.Help == "" {
			panic(fmt.Sprintf("field %s of %s lacks its name or its help", f.Name, v.Type()))
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
		filled.FieldByIndex(s.field).Set(reflect.ValueOf(read(s)))
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
