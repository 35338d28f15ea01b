package checks

import (
	"context"
	"fmt"

	"ronde/logs"
)

// logMetrics are the metrics of each service; a share of requests is no such one, since
// it has limits of its own.
func logMetrics() []string { return []string{"lines", "errors", "requests"} }

// countOf returns a count by the name of its metric.
func countOf(s logs.Service, metric string) uint64 {
	switch metric {
	case "errors":
		return s.Errors
	case "requests":
		return s.Requests
	}
	return s.Lines
}

// habitsOfLogs looks up what is usual now of the services that are judged.
func habitsOfLogs(ctx context.Context, a Asked, h logHead, w logPart) (*habits, error) {
	if settings[logsSettings](a).Usual == "off" {
		return habitsAt(a, w.To), nil
	}
	var metrics []Metric
	for _, s := range judgedServices(h, w) {
		for _, name := range logMetrics() {
			metrics = append(metrics, Metric{Name: name, Thing: s.Name})
		}
	}
	known, err := habitsOf(ctx, a, metrics, w.To)
	if err != nil {
		return known, fmt.Errorf("recall what is usual of a log: %w", err)
	}
	return known, nil
}
