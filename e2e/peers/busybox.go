package peers

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const busyboxImage = "ronde-peers/busybox:1"

// importBusybox gives the engine an image made of the machine's own busybox, as there may be no registry to pull from.
func (d *Docker) importBusybox() error {
	if _, err := d.Command("image", "inspect", busyboxImage); err == nil {
		return nil
	}
	binary, found := find("busybox")
	if !found || !static(binary) {
		return &MissingError{Peer: "Docker", Reason: "no static busybox to make an image of", Install: dockerInstall}
	}
	layer, err := busyboxLayer(binary)
	if err != nil {
		return fmt.Errorf("make an image of %s: %w", binary, err)
	}
	_, err = d.feed(layer, "import", "--change", `CMD ["/bin/sh"]`, "-", busyboxImage)
	return err
}

// static reports whether a program runs without the libraries of the machine it was built for.
func static(binary string) bool {
	program, err := elf.Open(binary)
	if err != nil {
		return false
	}
	defer func() { _ = program.Close() }()
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}

// busyboxLayer packs busybox and a link for each of its commands.
func busyboxLayer(binary string) (*bytes.Buffer, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	applets, err := exec.Command(binary, "--list").Output()
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	err = archive.WriteHeader(&tar.Header{Name: "bin/busybox", Mode: 0o755, Size: int64(len(content))})
	if err != nil {
		return nil, err
	}
	if _, err := archive.Write(content); err != nil {
		return nil, err
	}
	for applet := range strings.FieldsSeq(string(applets)) {
		if applet == "busybox" {
			continue
		}
		link := &tar.Header{Name: "bin/" + applet, Typeflag: tar.TypeSymlink, Linkname: "busybox", Mode: 0o777}
		if err := archive.WriteHeader(link); err != nil {
			return nil, err
		}
	}
	return &layer, archive.Close()
}
