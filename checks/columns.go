package checks

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// columns lays out rows for a phone: at most [blockLines] lines of at most
// [detailColumns] columns. The first column is cut in its middle where there is no room,
// the others are set to the right. What there is no room for is counted in the last
// line. "" without rows.
func columns(head []string, rows [][]string) string {
	if len(rows) == 0 {
		return ""
	}
	if more := len(rows) - (blockLines - 1); more > 0 {
		rows = append(append([][]string{}, rows[:blockLines-2]...), []string{"+ " + strconv.Itoa(more+1)})
	}
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rest := len(head) - 1
	for _, w := range widths[1:] {
		rest += w
	}
	widths[0] = min(widths[0], max(detailColumns-rest, 6))
	var lines []string
	for _, row := range append([][]string{head}, rows...) {
		lines = append(lines, line(row, widths))
	}
	return strings.Join(lines, "\n")
}

func line(row []string, widths []int) string {
	var b strings.Builder
	for i, cell := range row {
		if i == 0 {
			cell = middle(cell, widths[0])
			b.WriteString(cell + strings.Repeat(" ", max(widths[0]-utf8.RuneCountInString(cell), 0)))
			continue
		}
		b.WriteString(" " + strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0)) + cell)
	}
	return strings.TrimRight(b.String(), " ")
}
