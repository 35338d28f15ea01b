package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// lines reads the end of a log that has a line for each run.
func (b BackupConfig) lines(_ context.Context, root string) (Backup, error) {
	written, err := readEnd(filepath.Join(root, b.Log), mostSaid)
	if err != nil {
		return Backup{}, err
	}
	if b.Success.Regexp == nil && b.Failure.Regexp == nil {
		return readJobs(written, b.Job), nil
	}
	return b.readLines(written, zoneOf(root)), nil
}

// job is a line that a backup appends to its state file.
type job struct {
	Job   string    `json:"job"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Code  *int      `json:"rc"`
	Bytes *int64    `json:"bytes"`
	Files *int64    `json:"files"`
}

// readJobs reads lines of JSON. One without an exit code did not end.
func readJobs(written []byte, name string) (b Backup) {
	for line := range bytes.Lines(written) {
		var j job
		if json.Unmarshal(line, &j) != nil || name != "" && j.Job != name {
			continue
		}
		b.add(Run{At: newestOf(j.Start, j.End), Bytes: j.Bytes, Files: j.Files}, j.Code != nil && *j.Code == 0)
	}
	return b
}

// add adds a run that ended well or not.
func (b *Backup) add(r Run, well bool) {
	if r.Bytes != nil && *r.Bytes < 0 {
		r.Bytes = nil
	}
	switch {
	case r.At.IsZero():
	case well:
		b.Runs = append(b.Runs, r)
	default:
		b.Failed = newestOf(b.Failed, r.At)
	}
}

func (b BackupConfig) readLines(written []byte, zone *time.Location) (found Backup) {
	for line := range bytes.Lines(written) {
		text := strings.TrimRight(string(line), "\r\n")
		if r, ok := b.Failure.read(text, zone); ok {
			found.add(r, false)
		} else if r, ok := b.Success.read(text, zone); ok {
			found.add(r, true)
		}
	}
	return found
}

// read reads the run that a line tells of.
func (p Pattern) read(line string, zone *time.Location) (r Run, ok bool) {
	if p.Regexp == nil {
		return r, false
	}
	m := p.FindStringSubmatch(line)
	if m == nil {
		return r, false
	}
	group := func(name string) string {
		if i := p.SubexpIndex(name); i > 0 {
			return m[i]
		}
		return ""
	}
	r.At = stamped(group("time"), zone)
	if r.At.IsZero() {
		r.At = stamped(stamp.FindString(line), zone)
	}
	r.Bytes, r.Files = amount(group("bytes")), amount(group("files"))
	return r, true
}

// stamp is a time as most logs have it.
var stamp = regexp.MustCompile(`[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?`)

// stamped reads a time; zero for none. One without a zone is local.
func stamped(s string, zone *time.Location) time.Time {
	s = strings.Replace(strings.ReplaceAll(s, "/", "-"), " ", "T", 1)
	for _, form := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(form, s, zone); err == nil {
			return at
		}
	}
	return time.Time{}
}

// amount reads a number that may have commas between its thousands; nil for none.
func amount(s string) *int64 {
	n, err := strconv.ParseInt(strings.ReplaceAll(s, ",", ""), 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// What borgmatic writes into its log.
var (
	borgmaticEnd     = regexp.MustCompile(`\bINFO: (?:\S+: )?Successfully ran configuration file`)
	borgmaticFailure = regexp.MustCompile(`\bCRITICAL: (?:\S+: )?Error running actions|\bERROR: (?:\S+: )?Error running (?:actions|configuration)`)
	borgmaticFiles   = regexp.MustCompile(`\bNumber of files: ([0-9]+)`)
	borgmaticSize    = regexp.MustCompile(`\bThis archive: +([0-9.]+) ([kMGTP]?)B`)
)

// borgmaticLog reads borgmatic's own log. Its times are local; sizes are as rounded as
// Borg writes them for people.
func (b BackupConfig) borgmaticLog(root string) (Backup, error) {
	written, err := readEnd(filepath.Join(root, b.Log), mostSaid)
	if err != nil {
		return Backup{}, err
	}
	return readBorgmaticLog(written, zoneOf(root)), nil
}

func readBorgmaticLog(written []byte, zone *time.Location) (found Backup) {
	var r Run
	for raw := range bytes.Lines(written) {
		line := string(raw)
		if m := borgmaticFiles.FindStringSubmatch(line); m != nil {
			r.Files = amount(m[1])
		}
		if m := borgmaticSize.FindStringSubmatch(line); m != nil {
			r.Bytes = rounded(m[1], m[2])
		}
		well := borgmaticEnd.MatchString(line)
		if !well && !borgmaticFailure.MatchString(line) {
			continue
		}
		r.At = stamped(stamp.FindString(line), zone)
		found.add(r, well)
		r = Run{}
	}
	return found
}

// rounded reads a size for people, "1.15 MB", whose units are powers of a thousand.
func rounded(n, unit string) *int64 {
	f, err := strconv.ParseFloat(n, 64)
	if err != nil || f < 0 || f > 1e6 {
		return nil
	}
	for range strings.Index("kMGTP", unit) + 1 {
		if unit != "" {
			f *= 1000
		}
	}
	whole := int64(f)
	return &whole
}
