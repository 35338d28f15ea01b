package checks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ronde/logs"
	"ronde/probe"
)

// Faults of a log; the thing is a service that writes there, or the log itself.
const (
	FaultLogErrors   Fault = "log-errors"   // Value and Limit per hour
	FaultLogFailing  Fault = "log-failing"  // of the requests, in percent
	FaultLogLines    Fault = "log-lines"    // unusually many per hour, as [FaultUnusual]
	FaultLogRequests Fault = "log-requests" // the same
	FaultLogUnusual  Fault = "log-unusual"  // the same of errors
	FaultLogSilent   Fault = "log-silent"   // Usual says how many lines per hour there usually are
	FaultLogNew      Fault = "log-new"      // a service that never wrote before
	FaultLogGap      Fault = "log-gap"      // something was deleted before it was read
	FaultLogBehind   Fault = "log-behind"   // more comes in than can be read
)

const logsName = "logs"

type logsSettings struct {
	Log       string   `set:"log" example:"\"syslog\"" help:"Which [[log]] of the host's own probe.toml."`
	Errors    float64  `set:"errors" unit:"/h" help:"Errors of one service from which it warns; 0 for no such limit."`
	Failing   float64  `set:"failing" unit:"%" least:"0" most:"100" help:"Requests of a service that are answered with 5xx from which it warns."`
	Critical  float64  `set:"failing_critical" unit:"%" least:"0" most:"100" help:"And from which it is critical."`
	Requests  float64  `set:"requests" unit:"/h" help:"With fewer requests than that their share says nothing."`
	Newcomers string   `set:"newcomers" oneof:"show|warn" help:"What a service does that never wrote before."`
	Ignore    []string `set:"ignore" example:"[\"cron\"]" help:"Services that are counted but never a finding."`
	usualSettings
}

// Judge says that critical comes after warning.
func (s logsSettings) Judge() (setting, reason string) {
	if s.Critical < s.Failing {
		return "failing_critical", "is below failing"
	}
	return "", ""
}

// LogsReport is the result of the check called logs.
type LogsReport struct {
	Result
	Log string `json:"log"`
	// From and To are between which times the lines came that are judged: at least the
	// last hour, once so much is known.
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	First    bool           `json:"first,omitempty"` // counting begins now: Services are those of the end of the log
	Services []logs.Service `json:"services"`        // by name; never nil
}

func logsKind() Kind {
	return Kind{
		Name: logsName, Needs: NeedsProbe, Help: "What came into a log in the last hour, by service: lines, errors, requests, and what of it is unusual at that hour, as is the silence of a service that always writes.",
		Settings: logsSettings{Log: "syslog", Failing: 10, Critical: 50, Requests: 50, Newcomers: "show", usualSettings: usualByDefault()},
		Measure:  measureLogs, Calm: calmLogs,
	}
}

func measureLogs(ctx context.Context, a Asked) (Report, error) {
	s := settings[logsSettings](a)
	m, got, err := readOn(ctx, a, s)
	if err != nil {
		return LogsReport{Result: failed(logsName, a.Name, time.Now(), err), Log: s.Log, Services: []logs.Service{}}, err
	}
	if got.First {
		return firstLogsReport(a.Name, s.Log, got, m.head.At), nil
	}
	window := m.since(m.head.At.Add(-logWindow))
	usual, err := habitsOfLogs(ctx, a, m.head, window)
	if err != nil {
		return LogsReport{Result: failed(logsName, a.Name, time.Now(), err), Log: s.Log, Services: []logs.Service{}}, err
	}
	return newLogsReport(a.Name, m.head, window, s, usual), nil
}

// takeTurns is how often a log is read anew because somebody else read it meanwhile.
const takeTurns = 4

// readOn reads a log on from where anybody stopped, and keeps what came and where this
// reading stopped in one step. Should that fail, or the bot end before it, then nothing
// happened: the next one reads the same again.
func readOn(ctx context.Context, a Asked, s logsSettings) (m logMemory, got probe.LogCounts, err error) {
	name := logsName + " " + a.Name
	for range takeTurns {
		parts, err := a.Memory.Recall(ctx, name)
		if err != nil {
			return m, got, err
		}
		m = readLogMemory(parts, s.Log)
		if got, err = askForLog(ctx, a, s.Log, m.head.Cursor); err != nil {
			return m, got, err
		}
		got.Services = presentable(got.Services)
		changed, err := m.take(got, time.Now())
		if err != nil {
			return m, got, err
		}
		kept, err := a.Memory.Remember(ctx, name, parts[""], changed)
		if err != nil {
			return m, got, err
		}
		if kept {
			m.patch(changed)
			return m, got, nil
		}
	}
	return m, got, errors.New("others read the log at the same time, again and again")
}

// askForLog asks from a cursor on, and from the end of the log when that cursor is of
// another kind of log, since the host's configuration changed.
func askForLog(ctx context.Context, a Asked, log, cursor string) (got probe.LogCounts, err error) {
	got, err = probe.Ask(ctx, a.Host, probe.Logs(log, cursor))
	if told, ok := errors.AsType[*probe.Error](err); ok && told.Code == probe.BadRequest && cursor != "" {
		if got, again := probe.Ask(ctx, a.Host, probe.Logs(log, "")); again == nil {
			return got, nil
		}
	}
	if err != nil {
		return got, fmt.Errorf("count what is in the log: %w", err)
	}
	return got, nil
}
