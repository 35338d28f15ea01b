package checks

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/docker/go-units"

	"ronde/text"
)

// PrintStats writes m as a table for a terminal, in docker's own units and
// precision, with the findings below it. Its error is that of w.
func PrintStats(w io.Writer, m Measurement) error {
	if m.Error != "" {
		_, err := fmt.Fprintf(w, "%s: %s: %s\n", m.Host, m.Status, m.Error)
		return err
	}
	table := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	fmt.Fprintln(table, "NAME\tCPU %\tMEM USAGE / LIMIT\tMEM %\tPIDS")
	for _, c := range m.Containers {
		if c.Fault != "" {
			fmt.Fprintf(table, "%s\t--\t-- / --\t--\t--\n", text.OneLine(c.Name, 64))
			continue
		}
		fmt.Fprintf(table, "%s\t%.2f%%\t%s / %s\t%.2f%%\t%d\n", text.OneLine(c.Name, 64), c.CPU,
			units.BytesSize(float64(c.Memory)), units.BytesSize(float64(c.Limit)), c.MemoryPercent, c.PIDs)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s: %s, %d containers\n", m.Host, m.Status, len(m.Containers))
	for _, f := range m.Findings {
		if err == nil {
			_, err = fmt.Fprintf(w, "%s: %s: %s\n", f.Status, text.OneLine(f.Thing, 64), f.Fault)
		}
	}
	return err
}
