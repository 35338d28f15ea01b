package probe

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// Packages is how a Debian's packages are.
type Packages struct {
	// Upgrades wait, by name: those of apt list --upgradable. Never nil.
	Upgrades []Upgrade `json:"upgrades"`
	Held     []string  `json:"held"` // those of apt-mark showhold; never nil
	// Lists is when the lists of packages were fetched, which is as new as the upgrades
	// can be; zero for never.
	Lists time.Time `json:"lists"`
	// Unattended is nil when unattended-upgrades is not installed.
	Unattended *Unattended `json:"unattended,omitempty"`
	Reboot     Reboot      `json:"reboot"`
	// Services still use what was upgraded, as needrestart says; nil when it is not
	// known, and NoServices says why.
	Services   []string `json:"services,omitempty"`
	NoServices string   `json:"no_services,omitempty"`
}

// PackageState asks how the packages are. It needs no root, but for the services, and
// for a machine whose files begin elsewhere than here. It changes nothing.
func PackageState() Question[Packages] {
	return Question[Packages]{Name: "packages", answer: func(ctx context.Context, m *Machine) (Packages, error) {
		root, err := m.files()
		if err != nil {
			return Packages{}, err
		}
		return readPackages(ctx, filepath.Clean(root))
	}}
}

func readPackages(ctx context.Context, root string) (p Packages, err error) {
	all, err := readDebs(root)
	if err != nil {
		return p, fmt.Errorf("read the packages: %w", err)
	}
	if p.Reboot, err = readReboot(root, all); err != nil {
		return p, fmt.Errorf("read what asks for a reboot: %w", err)
	}
	if p.Unattended, err = readUnattended(root, all); err != nil {
		return p, fmt.Errorf("read the log of unattended-upgrades: %w", err)
	}
	if p.Upgrades, err = readUpgrades(ctx, root); err != nil {
		return p, fmt.Errorf("ask apt: %w", err)
	}
	p.Held, p.Lists = heldOf(all), readListsAge(root)
	if p.Services, err = readServices(ctx, root); err != nil {
		p.NoServices = err.Error()
	}
	return p, ctx.Err()
}
