package checks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/logs"
	"ronde/text"
)

// presentable cleans what others may have chosen, before it is kept: names and paths are
// one line and masked.
func presentable(services []logs.Service) []logs.Service {
	sums := map[string]logs.Service{}
	for _, s := range services {
		s.Name = plainWord(s.Name, 40)
		s.Paths = renamed(s.Paths, func(path string) string { return plainWord(text.Mask(path), 60) })
		s.Addresses = renamed(s.Addresses, func(address string) string { return plainWord(address, 45) })
		sums[s.Name] = logs.Add(sums[s.Name], s)
	}
	return byName(together(sums))
}

// keptServices is of how many services the counts are kept, those with most lines.
const keptServices = 100

// together counts those as one that are too many.
func together(sums map[string]logs.Service) map[string]logs.Service {
	all := slices.SortedFunc(maps.Values(sums), func(a, b logs.Service) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Name, b.Name))
	})
	for _, s := range all[min(len(all), keptServices):] {
		delete(sums, s.Name)
		s.Name = logs.Others
		sums[s.Name] = logs.Add(sums[s.Name], s)
	}
	return sums
}

func plainWord(s string, most int) string {
	return cmp.Or(text.OneLine(text.Printed(strings.ToValidUTF8(s, "\uFFFD")), most), "?")
}

// renamed gives keys other names, and adds up those that are then the same.
func renamed(all []logs.Ranked, name func(string) string) []logs.Ranked {
	sums := map[string]uint64{}
	for _, r := range all {
		sums[name(r.Key)] += r.Count
	}
	var again []logs.Ranked
	for key, n := range sums {
		again = append(again, logs.Ranked{Key: key, Count: n})
	}
	return logs.Rank(again)
}

const (
	shownServices = 5 // where there are addresses, too
	shownTop      = 2 // addresses of one service
)

// tell adds the services that stand out, then those that write most, and where the
// requests of the first come from.
func (r LogsReport) tell(o *Outcome, l *text.Language) {
	o.Count = len(r.Services)
	sorted := slices.Clone(r.Services)
	slices.SortStableFunc(sorted, func(a, b logs.Service) int {
		return cmp.Or(r.rank(a.Name)-r.rank(b.Name), cmp.Compare(b.Lines, a.Lines))
	})
	var rows [][]string
	for _, s := range sorted {
		rows = append(rows, r.row(l, s))
	}
	top := r.top(sorted)
	head := l.Say("checks.logs.columns")
	if r.First {
		head = l.Say("checks.logs.totals")
	}
	o.Detail = columns(strings.Split(head, "|"), shorten(rows, len(top)))
	if len(top) > 0 {
		o.Detail += "\n" + strings.Join(top, "\n")
	}
}

// shorten leaves room below a table.
func shorten(rows [][]string, lines int) [][]string {
	if lines == 0 || len(rows) <= shownServices {
		return rows
	}
	more := []string{"+ " + strconv.Itoa(len(rows)-shownServices+1), "", "", "", ""}
	return append(slices.Clone(rows[:shownServices-1]), more)
}

// rank is 0 for what stands out.
func (r LogsReport) rank(service string) int {
	if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Thing == service }) {
		return 0
	}
	return 1
}

// row is a service with its lines, errors and requests per hour and the share of these
// that failed. Of a first reading they are no rates but all there is.
func (r LogsReport) row(l *text.Language, s logs.Service) []string {
	hours := r.To.Sub(r.From).Hours()
	if r.First || hours <= 0 {
		hours = 1
	}
	rate := func(n uint64) string { return sayRate(l, float64(n)/hours) }
	row := []string{s.Name, rate(s.Lines), rate(s.Errors), "", ""}
	if s.Requests > 0 {
		row[3], row[4] = rate(s.Requests), fmt.Sprintf("%.0f", failing(s))
	}
	return row
}

// sayRate writes a number in at most four columns: "950", "12k", "1,2M".
func sayRate(l *text.Language, v float64) string {
	unit := 0
	for v >= 999.5 && unit < 4 {
		v, unit = v/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%.0f", v)
	}
	return decimal(l, v) + []string{"", "k", "M", "G", "T"}[unit]
}

// top is where the requests of the first service come from that has any, and what they
// ask for most.
func (r LogsReport) top(sorted []logs.Service) []string {
	i := slices.IndexFunc(sorted, func(s logs.Service) bool { return s.Requests > 0 })
	if i < 0 {
		return nil
	}
	s := sorted[i]
	return slices.Concat(topLines(s.Addresses, s.Requests, shownTop), topLines(s.Paths, s.Requests, 1))
}

// topLines writes the first few of what came most, with its share.
func topLines(all []logs.Ranked, of uint64, few int) (lines []string) {
	for _, top := range all[:min(len(all), few)] {
		share := fmt.Sprintf("%3.0f%%", percent(top.Count, of))
		lines = append(lines, share+" "+middle(top.Key, detailColumns-len(share)-1))
	}
	return lines
}

// calmLogs says how much came when none of it stands out.
func calmLogs(l *text.Language, o Outcome, _ time.Time) string {
	sums := map[string]float64{}
	for _, m := range o.Metrics {
		sums[m.Name] += m.Value
	}
	if len(o.Metrics) == 0 {
		return l.Say("checks.logs.first")
	}
	return l.Say("checks.logs.calm", "Count", o.Count, "Lines", sayRate(l, sums["lines"]), "Errors", sayRate(l, sums["errors"]))
}
