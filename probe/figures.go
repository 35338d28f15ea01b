package probe

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Figure is one figure of a plugin's performance data.
type Figure struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"` // as the plugin writes it: "MB", "s", "%", "c"
	// Warning and Critical are ranges outside of which it alerts, "10", "5:10", "~:10",
	// or within which, "@5:10". "" for none.
	Warning  string `json:"warning,omitempty"`
	Critical string `json:"critical,omitempty"`
	// Min and Max are the least and the most that it can be; nil when not told.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

const (
	mostFigures  = 50
	longestLabel = 64 // bytes
)

// number is a value of performance data, with its unit.
var number = regexp.MustCompile(`^([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)([%A-Za-zµ]{0,8})$`)

// rangeForm is [@][start:][end] of the plugins' guidelines; ~ is below everything.
var rangeForm = regexp.MustCompile(`^@?(?:(?:[-+]?[0-9.]+|~)?:)?(?:[-+]?[0-9.]+)?$`)

// ParseFigures reads performance data: 'label'=value[UOM];[warn];[crit];[min];[max],
// separated by spaces, as the guidelines of the Monitoring Plugins define it. A figure
// that is undetermined, "U", or not understood is left out.
func ParseFigures(s string) []Figure {
	all := []Figure{}
	for s = strings.TrimSpace(s); s != "" && len(all) < mostFigures; s = strings.TrimSpace(s) {
		label, rest, ok := cutLabel(s)
		if !ok {
			_, s = cutSpace(s) // skip a word
			continue
		}
		var data string
		data, s = cutSpace(rest)
		if f, ok := readFigure(label, data); ok {
			all = append(all, f)
		}
	}
	return all
}

// cutLabel cuts off a label and the equals sign behind it. In a quoted one, two quotes
// stand for one.
func cutLabel(s string) (label, rest string, ok bool) {
	if !strings.HasPrefix(s, "'") {
		word, _ := cutSpace(s)
		label, _, ok = strings.Cut(word, "=")
		return label, s[min(len(label)+1, len(s)):], ok && label != ""
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			b.WriteByte(s[i])
		case strings.HasPrefix(s[i:], "''"):
			b.WriteByte('\'')
			i++
		default:
			rest, ok = strings.CutPrefix(s[i+1:], "=")
			return b.String(), rest, ok && b.Len() > 0
		}
	}
	return "", s, false
}

func cutSpace(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t\r\n")
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

func readFigure(label, data string) (Figure, bool) {
	fields := append(strings.Split(data, ";"), "", "", "", "")
	m := number.FindStringSubmatch(fields[0])
	if m == nil {
		return Figure{}, false
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil || math.IsInf(value, 0) {
		return Figure{}, false
	}
	f := Figure{Label: cutBytes(strings.ToValidUTF8(label, "?"), longestLabel), Value: value, Unit: m[2]}
	f.Warning, f.Critical = rangeOf(fields[1]), rangeOf(fields[2])
	f.Min, f.Max = bound(fields[3]), bound(fields[4])
	return f, true
}

func rangeOf(s string) string {
	if !rangeForm.MatchString(s) || len(s) > 64 {
		return ""
	}
	return s
}

func bound(s string) *float64 {
	m := number.FindStringSubmatch(s)
	if m == nil {
		return nil
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil || math.IsInf(value, 0) {
		return nil
	}
	return &value
}
