package probe

// Requests lists every question that a machine answers.
func Requests() []Request {
	return []Request{
		plain(Disks()),
		logsRequest(),
	}
}
