package probe

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// maxServices is how many services are listed.
	maxServices = 100
	// scanTime bounds needrestart, which looks at every process.
	scanTime = 10 * time.Second
)

// Why services cannot be told; these cross the network as text.
var (
	errNoNeedrestart = errors.New("needrestart is not installed")
	errNotRoot       = errors.New("needrestart sees the processes of others as root only")
	errElsewhere     = errors.New("needrestart sees only the processes of the machine that it runs on")
)

// readServices asks needrestart which services still use what was upgraded. It restarts
// nothing in its batch mode.
func readServices(ctx context.Context, root string) ([]string, error) {
	path := findProgram(root, "needrestart")
	switch {
	case path == "":
		return nil, errNoNeedrestart
	case root != "/" && !exists(root+"/proc/1/exe"):
		return nil, errElsewhere
	case !isRoot():
		return nil, errNotRoot
	}
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	s, err := program{path: path, args: []string{"-b", "-r", "l"}, root: root}.run(ctx)
	if err != nil {
		return nil, err
	}
	return servicesOf(s)
}

// servicesOf is what needrestart said, if it came to its end: in its batch mode that is
// the code 0, whatever it found.
func servicesOf(s said) ([]string, error) {
	services, ok := parseServices(s.out)
	switch {
	case s.code != 0:
		return nil, fmt.Errorf("needrestart failed with code %d", s.code)
	case s.cut:
		return nil, errors.New("needrestart says too much")
	case !ok:
		return nil, errors.New("needrestart says nothing")
	}
	return services, nil
}

// service is a line of needrestart -b about one; the others are about kernel, microcode,
// containers and sessions.
var service = regexp.MustCompile(`^NEEDRESTART-SVC: ([A-Za-z0-9:_.\\@-]{1,128})$`)

// parseServices reads what needrestart -b writes, see its README.batch.md. ok is false
// for anything else.
func parseServices(out []byte) (services []string, ok bool) {
	services = []string{}
	for line := range linesOf(out) {
		ok = ok || strings.HasPrefix(line, "NEEDRESTART-VER: ")
		m := service.FindStringSubmatch(line)
		if m != nil && len(services) < maxServices && !slices.Contains(services, m[1]) {
			services = append(services, m[1])
		}
	}
	return services, ok
}
