package checks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/hosts"
	"ronde/text"
)

// A phone shows about 36 columns and ten lines of a block.
const (
	blockLines   = 10
	nameColumns  = 12
	fewestShown  = 3 // of the busiest, even when all are calm
	mostFindings = 8
)

// WriteStats writes s for a phone: one line that says how things are, what a
// person should look at, the busiest containers, and the calm rest in one line.
func WriteStats(m *text.Message, l *text.Language, s Measurement, now time.Time) {
	shown, busy, calm := oneBlock(s.Containers)
	writeHeadline(m, l, s, now)
	writeFindings(m, l, s.Findings[:min(len(s.Findings), mostFindings)])
	writeBlocks(m, l, shown)
	if n := hidden(busy, s.Findings); n > 0 {
		m.Text(l.Say("checks.containers.more", "Count", n)).Code(l.Say("checks.containers.all", "Host", s.Host)).Line()
	}
	if len(calm) > 0 {
		m.Text(sayCalm(l, calm)).Line()
	}
	writeLearning(m, l, s.Result)
}

// writeLearning says that what is usual is not known yet.
func writeLearning(m *text.Message, l *text.Language, r Result) {
	if r.Learning != nil {
		m.Text(sayLearning(l, *r.Learning)).Line()
	}
}

// oneBlock returns the containers that are shown when there is room for one block,
// all those that stand out, and the calm ones that are not shown.
func oneBlock(all []Container) (shown, busy, calm []Container) {
	busy, calm = split(all)
	shown = busy[:min(len(busy), blockLines-1)]
	if few := min(fewestShown-len(shown), len(calm)); few > 0 {
		shown, calm = slices.Concat(shown, calm[:few]), calm[few:]
	}
	return shown, busy, calm
}

// tell adds how many containers there are and the block of those that stand out.
func (m Measurement) tell(o *Outcome, l *text.Language) {
	shown, busy, _ := oneBlock(m.Containers)
	o.Count, o.Busy, o.Containers = len(m.Containers), len(busy), m.Containers
	if len(shown) > 0 {
		o.Detail = strings.Join(table(l, shown), "\n")
	}
}

func calmContainers(l *text.Language, o Outcome, _ time.Time) string {
	return sayCount(l, o.Count, o.Busy)
}

// sayCount says how many containers there are when none is a finding.
func sayCount(l *text.Language, count, busy int) string {
	switch {
	case count == 0:
		return l.Say("checks.containers.none")
	case busy > 0:
		return l.Say("checks.containers.busy", "Count", busy, "Of", count)
	}
	return l.Say("checks.containers.calm", "Containers", l.Say("checks.containers.count", "Count", count))
}

// WriteStatsAll writes every container of s, in blocks that a phone can show.
func WriteStatsAll(m *text.Message, l *text.Language, s Measurement, now time.Time) {
	busy, calm := split(s.Containers)
	writeHeadline(m, l, s, now)
	writeFindings(m, l, s.Findings)
	writeBlocks(m, l, slices.Concat(busy, calm))
	writeLearning(m, l, s.Result)
}

// WriteStatsError writes why there is no measurement, for the person who asked. It
// returns false, and writes nothing, for an error that is not about a host: that
// one is for the log.
func WriteStatsError(m *text.Message, l *text.Language, err error) bool {
	var unknown *hosts.UnknownHostError
	var away *hosts.UnreachableError
	switch {
	case errors.As(err, &unknown):
		m.Text(l.Say("checks.unknown-host", "Name", text.OneLine(unknown.Name, 40), "Known", strings.Join(unknown.Known, ", ")))
	case errors.As(err, &away):
		m.Text(l.Say("checks.containers.away", "Host", away.Host))
	case errors.Is(err, hosts.ErrNoEngine):
		m.Text(l.Say("checks.containers.no-engine"))
	default:
		return false
	}
	return true
}

// split returns the containers that have figures, in their order: those that stand
// out and the calm ones.
func split(all []Container) (busy, calm []Container) {
	for _, c := range all {
		switch {
		case c.Calm():
			calm = append(calm, c)
		case c.Fault == "":
			busy = append(busy, c)
		}
	}
	return busy, calm
}

// hidden counts the containers that WriteStats had no room for, as a row or as a
// finding.
func hidden(busy []Container, findings []Finding) int {
	names := map[string]bool{}
	for _, c := range busy[min(len(busy), blockLines-1):] {
		names[c.Name] = true
	}
	for _, f := range findings[min(len(findings), mostFindings):] {
		names[f.Thing] = true
	}
	return len(names)
}

func writeHeadline(m *text.Message, l *text.Language, s Measurement, now time.Time) {
	busy, _ := split(s.Containers)
	state := sayCount(l, len(s.Containers), len(busy))
	if len(s.Containers) > 0 && len(s.Findings) > 0 {
		state = l.Say("checks.containers.look", "Count", things(s.Findings), "Of", len(s.Containers))
	}
	age := l.Say("checks.now")
	if s.Age(now) >= time.Second {
		age = l.Say("checks.age", "Age", l.Duration(s.Age(now)))
	}
	m.Text(emoji(s.Status) + " ").Bold(s.Host)
	m.Text(l.Say("checks.containers.headline", "State", state, "CPU", decimal(l, s.CPU()), "Age", age)).Line()
}

// things counts what the findings are about: one container may have two.
func things(findings []Finding) int {
	seen := map[string]bool{}
	for _, f := range findings {
		seen[f.Thing] = true
	}
	return len(seen)
}

func emoji(s Status) string {
	switch s {
	case OK:
		return "📊"
	case Warning:
		return "⚠️"
	case Critical:
		return "🔴"
	}
	return "❔"
}

func writeFindings(m *text.Message, l *text.Language, findings []Finding) {
	for _, f := range findings {
		m.Text(emoji(f.Status) + " ").Bold(text.OneLine(f.Thing, 40)).Text(sayFault(l, f)).Line()
	}
}

func sayFault(l *text.Language, f Finding) string {
	value, limit := fmt.Sprintf("%.0f", f.Value), fmt.Sprintf("%.0f", f.Limit)
	if f.Fault == FaultMemory {
		value, limit = inBytes(l, f.Value), inBytes(l, f.Limit)
	}
	share := 0.0
	if f.Limit > 0 {
		share = f.Value / f.Limit * 100
	}
	if f.Usual != nil {
		value = sayValue(l, f.Value, f.Unit)
	}
	args := []any{"Share", fmt.Sprintf("%.0f", share), "Value", value, "Limit", limit, "Metric", sayMetric(l, f)}
	return l.Say("checks.fault."+string(f.Fault), args...) + sayUsual(l, f)
}

func sayCalm(l *text.Language, rest []Container) string {
	var most, memory float64
	for _, c := range rest {
		most, memory = max(most, c.CPU), memory+float64(c.Memory)
	}
	return l.Say("checks.containers.rest", "Count", len(rest), "CPU", decimal(l, most), "Memory", inBytes(l, memory))
}

// writeBlocks writes rows under one heading, ten lines a block.
func writeBlocks(m *text.Message, l *text.Language, rows []Container) {
	if len(rows) == 0 {
		return
	}
	lines := table(l, rows)
	for len(lines) > 0 {
		n := min(blockLines, len(lines))
		m.Pre(strings.Join(lines[:n], "\n"))
		lines = lines[n:]
	}
}

// table is a heading and a line for each container.
func table(l *text.Language, rows []Container) []string {
	lines := []string{l.Say("checks.containers.columns")}
	for _, c := range rows {
		lines = append(lines, row(l, c))
	}
	return lines
}

// row is 36 columns wide: name, CPU, memory used and its limit, its percentage,
// PIDs.
func row(l *text.Language, c Container) string {
	memory := short(l, float64(c.Memory)) + "/" + short(l, float64(c.Limit))
	return fmt.Sprintf("%-*s %s %s %s %s", nameColumns, middle(text.OneLine(c.Name, 100), nameColumns),
		right(decimal(l, c.CPU), 4), right(memory, 9), right(fmt.Sprintf("%.0f", c.MemoryPercent), 3), right(fmt.Sprint(c.PIDs), 4))
}

// middle cuts s to width runes in its middle: names of one composed service begin
// alike and differ at the end.
func middle(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	head := width / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(width-head-1):])
}

// right sets s flush right; what does not fit is not shown cut, which would be
// another number.
func right(s string, width int) string {
	if len([]rune(s)) > width {
		s = strings.Repeat("#", width)
	}
	return fmt.Sprintf("%*s", width, s)
}

// decimal writes a number with one digit after the point below ten, else none.
func decimal(l *text.Language, v float64) string {
	if v >= 9.95 {
		return fmt.Sprintf("%.0f", v)
	}
	return comma(l, fmt.Sprintf("%.1f", v))
}

// comma writes a number with decimals as the language does.
func comma(l *text.Language, s string) string {
	if l.Code() == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// inBytes writes a size in prose: "469 MiB", "2.1 GiB".
func inBytes(l *text.Language, v float64) string {
	v, unit := scale(v)
	return decimal(l, v) + "\u00a0" + [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}[unit]
}

// short writes a size in at most four columns: "469M", "2.1G".
func short(l *text.Language, v float64) string {
	v, unit := scale(v)
	if unit == 0 {
		return fmt.Sprintf("%.0f", v)
	}
	return decimal(l, v) + "BKMGTPE"[unit:unit+1]
}

// scale divides v by 1024 until it has at most three digits.
func scale(v float64) (scaled float64, unit int) {
	for v >= 999.5 && unit < 6 {
		v, unit = v/1024, unit+1
	}
	return v, unit
}
