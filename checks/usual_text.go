package checks

import (
	"strings"

	"ronde/text"
)

// sayUsual is what follows a finding whose value is compared with what is usual: ",
// usually 20–60 % on Sunday evenings". "" for another.
func sayUsual(l *text.Language, f Finding) string {
	if f.Usual == nil {
		return ""
	}
	return l.Say("checks.usual.says", "Range", sayRange(l, f.Usual.Low, f.Usual.High, f.Unit), "When", sayWhen(l, f.Usual.When))
}

// sayRange writes what lies between two values, with their unit once where it is one.
func sayRange(l *text.Language, low, high float64, u Unit) string {
	from, to := sayValue(l, low, u), sayValue(l, high, u)
	if from == to {
		return to
	}
	number, unit := cutUnit(from)
	if _, other := cutUnit(to); unit == other {
		from = number
	}
	return l.Say("checks.usual.range", "From", from, "To", to)
}

// cutUnit cuts a value where its number ends.
func cutUnit(value string) (number, unit string) {
	end := strings.LastIndexAny(value, "0123456789") + 1
	return value[:end], value[end:]
}

// parts are the parts of a day, six hours each.
var parts = [...]string{"night", "morning", "afternoon", "evening"}

// sayWhen writes "on Sunday evenings", or "in the evening".
func sayWhen(l *text.Language, w When) string {
	part := parts[w.Hour/6%len(parts)]
	if w.Daily {
		return l.Say("checks.usual.daily." + part)
	}
	return l.Say("checks.usual.weekly."+part, "Day", l.Say("checks.usual.weekday."+strings.ToLower(w.Weekday.String())))
}

// sayMetric names what a finding's value measures, "" where the fault itself says it.
func sayMetric(l *text.Language, f Finding) string {
	if f.Usual == nil {
		return ""
	}
	return MetricName(l, f.Usual.Metric)
}

// MetricName is what people call a metric: "memory", "mémoire". One without a name in the
// catalogue is called as it is.
func MetricName(l *text.Language, metric string) string {
	id := "checks.metric." + metric
	if name := l.Say(id); !strings.HasPrefix(name, id) {
		return name
	}
	return text.OneLine(metric, 30)
}
