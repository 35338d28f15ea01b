package probe

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// deb is a package as dpkg knows it.
type deb struct {
	name      string
	version   string
	installed bool // unpacked and configured
	held      bool // as in apt-mark showhold
}

// packageName is what dpkg allows, with an architecture where it writes one.
var packageName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]{1,127}(:[a-z0-9-]{1,20})?$`)

// errContainer keeps a container's own files, in which nobody ever asks for a reboot,
// from passing for the machine's.
var errContainer = fmt.Errorf("root is a container of its own: mount the machine's files into it and set root")

// refuseContainer is an error when the files of root are those of a container.
func refuseContainer(root string) error {
	if exists(filepath.Join(root, ".dockerenv")) || exists(filepath.Join(root, "run", ".containerenv")) {
		return errContainer
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readDebs reads what dpkg-query shows, from its own file.
func readDebs(root string) ([]deb, error) {
	f, err := os.Open(filepath.Join(root, "var/lib/dpkg/status"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseDebs(f)
}

// parseDebs reads dpkg's status file, deb-status(5): paragraphs of "Field: value".
func parseDebs(r io.Reader) (all []deb, err error) {
	var one deb
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	keep := func() {
		if packageName.MatchString(one.name) {
			all = append(all, one)
		}
		one = deb{}
	}
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "":
			keep()
		case "Package":
			one.name = value
		case "Version":
			one.version = value
		case "Status":
			words := strings.Fields(value)
			one.held = slices.Contains(words[:min(len(words), 1)], "hold")
			one.installed = strings.HasSuffix(value, " ok installed")
		}
	}
	keep()
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return all, nil
}

// heldOf lists the packages that nothing upgrades.
func heldOf(all []deb) []string {
	held := []string{}
	for _, d := range all {
		if d.held {
			held = append(held, d.name)
		}
	}
	return held
}

func isInstalled(all []deb, name string) bool {
	return slices.ContainsFunc(all, func(d deb) bool { return d.name == name && d.installed })
}
