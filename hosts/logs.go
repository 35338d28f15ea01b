package hosts

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	// logTimeout bounds the reading of one container's log, which may lie on a slow disk.
	logTimeout = 10 * time.Second
	// largestLog is how much of a log is read.
	largestLog = 256 << 10
	// logLines is how many lines are asked for: what is shown of them is masked, and a
	// key of many lines is only known by its first.
	logLines = 200
	// fewLogLines is asked for where logLines are more than largestLog: the engine cuts
	// lines at 16 KiB, so that these are not.
	fewLogLines = 12
)

// LogLine is a line that a container wrote.
type LogLine struct {
	At   time.Time `json:"at"`   // when, by the clock of its server; zero when the engine does not say
	Text string    `json:"text"` // as it was written: any bytes but a line feed
}

// Listed lists all containers, also those that stopped. Its errors are those of
// [Host.Containers].
func (h *Host) Listed(ctx context.Context) ([]Container, error) {
	if h.engine == nil {
		return nil, fmt.Errorf("list containers of %s: %w", h.name, ErrNoEngine)
	}
	return h.list(ctx, h.engine.every)
}

// Tail reads the last lines that a container wrote, at most 200, on both of its outputs,
// in the order in which the engine got them. It takes 10 seconds at most. Errors: an [*UnreachableError] when
// the engine is away, [ErrNoEngine], that of ctx, or what the engine answered, for
// example where a proxy keeps logs to itself.
func (h *Host) Tail(ctx context.Context, id string) ([]LogLine, error) {
	if h.engine == nil {
		return nil, fmt.Errorf("read a log on %s: %w", h.name, ErrNoEngine)
	}
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	raw, err := h.readLog(ctx, id, logLines)
	if err == nil && len(raw) == largestLog { // what was read is the beginning of these lines
		raw, err = h.readLog(ctx, id, fewLogLines)
	}
	switch {
	case err == nil:
		return ReadLog(raw), nil
	case isAway(err):
		h.engine.forget()
		return nil, &UnreachableError{Host: h.name, Err: err}
	}
	return nil, err
}

func (h *Host) readLog(ctx context.Context, id string, lines int) ([]byte, error) {
	body, err := h.engine.logs(ctx, id, lines)
	if err != nil {
		return nil, fmt.Errorf("ask for a log: %w", err)
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, largestLog))
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	return raw, nil
}

// ReadLog reads an answer of the engine's GET /containers/{id}/logs with timestamps: a
// plain text where the container has a terminal, else frames of either output.
func ReadLog(raw []byte) (lines []LogLine) {
	const stderr = 2 // the last kind of frame; a plain text begins with the digit of a year
	if len(raw) > 0 && raw[0] <= stderr {
		raw = joinFrames(raw)
	}
	for line := range strings.Lines(string(raw)) {
		lines = append(lines, readLine(strings.TrimRight(line, "\r\n")))
	}
	return lines
}

// joinFrames returns what is in the frames of a log: each has a head of 8 bytes, of which
// the last four are its size. The library's stdcopy makes room for the size that a frame
// claims to have, of up to 4 GiB, before it looks how much is there.
func joinFrames(raw []byte) (all []byte) {
	const head = 8
	for len(raw) > head {
		size := int64(binary.BigEndian.Uint32(raw[4:head]))
		raw = raw[head:]
		size = min(size, int64(len(raw)))
		all, raw = append(all, raw[:size]...), raw[size:]
	}
	return all
}

func readLine(line string) LogLine {
	stamp, rest, _ := strings.Cut(line, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return LogLine{Text: line}
	}
	return LogLine{At: at, Text: rest}
}
