package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"ronde/logs"
)

const (
	mostJournal  = 256 << 20 // bytes of journalctl's output that are read at once
	longestEntry = 1 << 20   // of which one entry has
	firstEntries = "10000"   // that are counted of a journal that was never read
)

// cursorForm is what journalctl writes and takes: "s=…;i=…;b=…;m=…;t=…;x=…".
var cursorForm = regexp.MustCompile(`^[a-z0-9=;]{1,400}$`)

// readJournal counts what a unit wrote since a cursor, in the words of journalctl: no
// library reads the files of the journal without systemd's own in C.
func readJournal(ctx context.Context, root, unit, cursor string, tally *logs.Tally) (LogCounts, error) {
	if cursor != "" && !cursorForm.MatchString(cursor) {
		return LogCounts{}, badRequest("the cursor is not understood")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	path := findProgram("/", "journalctl")
	if path == "" {
		return LogCounts{}, errors.New("there is no journalctl")
	}
	cmd := command(ctx, path, journalArgs(root, unit, cursor))
	complaint := &bounded{most: 2 << 10}
	cmd.Stderr = complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return LogCounts{}, fmt.Errorf("start journalctl: %w", err)
	}
	answer, err := countEntries(ctx, out, tally)
	if answer.More || err != nil {
		stop() // it need not write what nobody reads
	}
	if ended := cmd.Wait(); ended != nil && !answer.More {
		err = errors.Join(err, fmt.Errorf("journalctl: %w: %s", ended, strings.TrimSpace(complaint.String())))
	}
	answer.First = cursor == ""
	if answer.Cursor == "" {
		answer.Cursor = cursor
	}
	return answer, err
}

func journalArgs(root, unit, cursor string) []string {
	args := []string{"--quiet", "--no-pager", "--output=json", "--output-fields=MESSAGE,SYSLOG_IDENTIFIER", "--unit=" + unit}
	if root != "/" {
		args = append(args, "--directory="+filepath.Join(root, "var/log/journal"))
	}
	if cursor == "" {
		return append(args, "--lines="+firstEntries)
	}
	return append(args, "--after-cursor="+cursor)
}

// countEntries counts entries as journalctl writes them with --output=json, one a line.
func countEntries(ctx context.Context, out io.Reader, tally *logs.Tally) (answer LogCounts, err error) {
	lines := bufio.NewReaderSize(io.LimitReader(out, mostJournal), 64<<10)
	for read := 0; ; {
		line, err := readEntry(lines)
		read += len(line)
		switch {
		case ctx.Err() != nil || read >= mostJournal || errors.Is(err, io.EOF) && len(line) > 0:
			answer.More = true // the last line may be cut
			return answer, nil
		case errors.Is(err, io.EOF):
			return answer, nil
		case err != nil:
			return answer, fmt.Errorf("read what journalctl writes: %w", err)
		}
		answer.countEntry(line, tally)
	}
}

// readEntry reads one line. One that is too long comes without its end.
func readEntry(lines *bufio.Reader) (line []byte, err error) {
	for {
		part, err := lines.ReadSlice('\n')
		if len(line) < longestEntry {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// countEntry counts one entry and keeps its cursor. What is no entry is counted nowhere.
func (a *LogCounts) countEntry(line []byte, tally *logs.Tally) {
	var e struct {
		Cursor  string          `json:"__CURSOR"`
		Service json.RawMessage `json:"SYSLOG_IDENTIFIER"`
		Message json.RawMessage `json:"MESSAGE"`
	}
	if json.Unmarshal(line, &e) != nil || !cursorForm.MatchString(e.Cursor) {
		return
	}
	a.Cursor = e.Cursor
	tally.Entry(journalText(e.Service), journalText(e.Message))
}

// journalText reads a field: a string, or a list of bytes where it is no UTF-8; "" for
// null, which stands for one that is too long, and for several values.
func journalText(raw json.RawMessage) []byte {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return []byte(s)
	}
	var list []int
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	text := make([]byte, 0, len(list))
	for _, n := range list {
		text = append(text, byte(n))
	}
	return text
}
