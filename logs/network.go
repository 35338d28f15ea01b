package logs

import (
	"bytes"
	"net/netip"
)

// appendNetwork appends the network of an address: "192.0.2.x", "2001:db8:1::/48", or "?"
// for what is no address.
func appendNetwork(to, address []byte) []byte {
	if bytes.IndexByte(address, ':') < 0 {
		if end := bytes.LastIndexByte(address, '.'); end > 0 {
			return append(append(to, address[:end+1]...), 'x')
		}
		return append(to, '?')
	}
	a, err := netip.ParseAddr(string(address))
	if err != nil {
		return append(to, '?')
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return appendNetwork(to, a.AppendTo(nil))
	}
	network, err := a.Prefix(48)
	if err != nil {
		return append(to, '?')
	}
	return network.AppendTo(to)
}
