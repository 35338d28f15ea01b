// Package logs counts what is in log files: lines, errors and requests, for each service
// that writes there. It reads on from where it stopped, over rotation and truncation,
// about as fast as the disk gives the bytes, and keeps none of what it read.
//
// All that a log holds comes from outside: names, addresses and paths are bounded here,
// and whoever shows them has to clean them.
package logs

// Format says how the lines of a log begin.
type Format string

// Formats of a log.
const (
	// Auto takes a line that begins as one of syslog does, with a tag that ends with a
	// colon or a process id, for one, and any other for the message alone.
	Auto Format = "auto"
	// Syslog takes the third word for the tag, even without a colon: as rsyslog writes
	// what came in as RFC 5424 without a process id.
	Syslog Format = "syslog"
	// Plain has no head: the whole log is of one service.
	Plain Format = "plain"
)

// Formats lists all of them.
func Formats() []Format { return []Format{Auto, Syslog, Plain} }

// Service is what one service wrote.
type Service struct {
	Name  string `json:"name"` // the tag of syslog without its process id
	Lines uint64 `json:"lines"`
	// Errors are the lines that have one of [Words] as a word of their own, in any case;
	// of requests, those that were answered with 5xx. What syslog calls err is only what
	// a container wrote to its second output.
	Errors   uint64 `json:"errors,omitempty"`
	Requests uint64 `json:"requests,omitempty"` // lines of an access log
	// Classes count requests by the first digit of their status: Classes[5] are those
	// that failed. Those that make no sense are in Classes[0].
	Classes [6]uint64 `json:"classes,omitzero"`
	Sent    uint64    `json:"sent,omitempty"` // bytes of all answers
	// Addresses (or networks, see [Tally]) and Paths are those of most requests, most first,
	// at most [TopShown].
	// With many different ones the counts are too low by at most 1/256 of the requests.
	Addresses []Ranked `json:"addresses,omitempty"`
	Paths     []Ranked `json:"paths,omitempty"` // without what follows "?"
}

// Ranked is how often something came.
type Ranked struct {
	Key   string `json:"key"`
	Count uint64 `json:"count"`
}

// Bounds of what a log can make us keep.
const (
	TopShown     = 10
	MostServices = 300     // further ones are counted together as [Others]
	Others       = "…"     // the name of those
	longestName  = 64      // bytes of a service's name
	longestKey   = 100     // bytes of a path
	longestHead  = 8 << 10 // bytes that are looked at of a line longer than a block
)
