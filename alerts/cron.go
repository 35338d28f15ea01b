package alerts

import "regexp"

// Cron and anacron mail whatever a job printed; the subject names the job.
var (
	cronSubject    = regexp.MustCompile(`^Cron <[^@<>]*@([^<>]+)> (.+)$`)
	anacronSubject = regexp.MustCompile(`^Anacron job '(.+)' on (\S+)$`)
)

var cron = Format{Kind: Cron, read: func(m mail) (said, bool) {
	host, command, ok := cronJob(m.subject)
	return said{state: Note, thing: host, fault: command}, ok
}}

// cronJob returns the host and the command of the subject of a cron mail.
func cronJob(subject string) (host, command string, ok bool) {
	if f := cronSubject.FindStringSubmatch(subject); f != nil {
		return f[1], f[2], true
	}
	if f := anacronSubject.FindStringSubmatch(subject); f != nil {
		return f[2], f[1], true
	}
	return "", "", false
}
