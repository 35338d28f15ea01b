// The Alertmanager that `make bench` measures beside the bot, and whose posts the tests
// read. It is built by its own go.mod; this file and go.sum only say which it is.
module ronde/tools/alertmanager

go 1.26.0

require (
	github.com/prometheus/alertmanager v0.35.0
)
