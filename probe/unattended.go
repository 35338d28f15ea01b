package probe

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Unattended is what unattended-upgrades did last.
type Unattended struct {
	Last time.Time `json:"last"` // when it ran; zero when it never did
	// Errors are the last run's own words, a line each, in the language of the machine;
	// never nil.
	Errors []string `json:"errors"`
	// Unread says that its log may not be read, as by somebody outside of the group
	// adm: the errors are then not known.
	Unread bool `json:"unread,omitempty"`
}

const (
	unattendedLog   = "var/log/unattended-upgrades/unattended-upgrades.log"
	unattendedStamp = "var/lib/apt/periodic/unattended-upgrades-stamp" // set when all went well
	upgradeStamp    = "var/lib/apt/periodic/upgrade-stamp"             // set after each try
	// mostLog is how much of the end of a log is read; a run is a few kilobytes.
	mostLog = 256 << 10
	// mostErrors is how many lines are kept, longestError how many bytes of each.
	mostErrors   = 20
	longestError = 300
	// oneRun is the longest pause between two lines of the same run.
	oneRun = time.Hour
)

// readUnattended returns nil when unattended-upgrades is not installed.
func readUnattended(root string, all []deb) (*Unattended, error) {
	if !isInstalled(all, "unattended-upgrades") {
		return nil, nil
	}
	u := &Unattended{Errors: []string{}}
	log, err := readEnd(filepath.Join(root, unattendedLog), mostLog)
	switch {
	case errors.Is(err, fs.ErrPermission):
		u.Unread = true
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	u.Last, u.Errors = parseUnattended(log, zoneOf(root))
	for _, stamp := range []string{unattendedStamp, upgradeStamp} {
		if info, err := os.Stat(filepath.Join(root, stamp)); err == nil && info.ModTime().After(u.Last) {
			u.Last = info.ModTime()
		}
	}
	return u, nil
}

// readEnd reads the last bytes of a file.
func readEnd(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file: " + path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-most), most))
}

// zoneOf is the time zone of a machine, in which its logs are.
func zoneOf(root string) *time.Location {
	target, err := os.Readlink(filepath.Join(root, "etc/localtime"))
	if _, name, found := strings.Cut(target, "zoneinfo/"); err == nil && found {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return time.Local
}

var (
	// logLine is a line of Python's logging: a local time, a level that is not
	// translated, and words that may be.
	logLine = regexp.MustCompile(`^([0-9-]{10} [0-9:]{8}),[0-9]{3} ([A-Z]+) (.*)$`)
	// runStart is its first line but for remarks about the battery.
	runStart = regexp.MustCompile(`^(?:Starting unattended upgrades script|Démarrage du script de mise à niveau automatique)`)
)

// parseUnattended reads when the last run in a log began, and its errors.
func parseUnattended(log []byte, zone *time.Location) (begin time.Time, wrong []string) {
	wrong = []string{}
	var last time.Time
	for line := range linesOf(log) {
		m := logLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at, err := time.ParseInLocation(time.DateTime, m[1], zone)
		if err != nil {
			continue
		}
		if last.IsZero() || at.Sub(last) > oneRun || runStart.MatchString(m[3]) {
			begin, wrong = at, []string{}
		}
		last = at
		if (m[2] == "ERROR" || m[2] == "CRITICAL") && len(wrong) < mostErrors {
			wrong = append(wrong, cutBytes(m[3], longestError))
		}
	}
	return begin, wrong
}

// cutBytes cuts a text where a character ends.
func cutBytes(s string, most int) string {
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}
