package probe

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// envLine is a line of a file as systemd's EnvironmentFile reads it. What decides which
// program runs, and how it writes times, is not for such a file.
var envLine = regexp.MustCompile(`^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)$`)

// readEnv reads the environment that a backup's program needs. Its errors are
// a [Trouble] or those of the file; none holds a value.
func readEnv(root, path string) (env []string, err error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(filepath.Join(root, path))
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, Broken
	case info.Mode().Perm()&0o007 != 0:
		return nil, Open
	}
	f, err := os.Open(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		m := envLine.FindStringSubmatch(lines.Text())
		if m == nil || slices.Contains([]string{"PATH", "TZ", "LC_ALL", "LANGUAGE"}, m[1]) || strings.HasPrefix(m[1], "LD_") {
			continue
		}
		env = append(env, m[1]+"="+unquoted(strings.TrimSpace(m[2])))
	}
	return env, lines.Err()
}

func unquoted(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
