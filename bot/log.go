package bot

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/rs/zerolog"
)

// bridge carries what mautrix logs over to slog, without the bodies of requests:
// mautrix adds those to every failed request, and they hold what people say.
type bridge struct{ log *slog.Logger }

func zerologTo(log *slog.Logger) zerolog.Logger {
	return zerolog.New(bridge{log: log}).Level(zerolog.WarnLevel)
}

func (b bridge) Write(line []byte) (int, error) { return b.WriteLevel(zerolog.WarnLevel, line) }

func (b bridge) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	var fields map[string]any
	if json.Unmarshal(line, &fields) != nil {
		return len(line), nil
	}
	message, _ := fields[zerolog.MessageFieldName].(string)
	b.log.LogAttrs(context.Background(), slogLevel(level, message), "matrix library: "+message, attrs(fields)...)
	return len(line), nil
}

// slogLevel makes a failed request a detail: whoever made the request is told of
// the error, and knows better what it means.
func slogLevel(level zerolog.Level, message string) slog.Level {
	switch {
	case strings.HasPrefix(message, "Request "):
		return slog.LevelDebug
	case level >= zerolog.ErrorLevel:
		return slog.LevelError
	default:
		return slog.LevelWarn
	}
}

func attrs(fields map[string]any) []slog.Attr {
	var all []slog.Attr
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch key {
		case zerolog.MessageFieldName, zerolog.LevelFieldName, zerolog.TimestampFieldName, "req_body", "content", "event":
		default:
			all = append(all, slog.Any(key, fields[key]))
		}
	}
	return all
}
