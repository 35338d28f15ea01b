package checks

import (
	"context"
	"time"

	"ronde/hosts"
	"ronde/text"
)

// Recent returns an outcome for each of refs as [Suite.Run] does. One that was made within
// maxAge is not made again, unless it said nothing; [Result.Age] says how old it is.
// Such an outcome has no Containers.
func (s *Suite) Recent(ctx context.Context, refs []string, maxAge time.Duration, l *text.Language) []Outcome {
	outcomes, missing := make([]Outcome, len(refs)), []string{}
	for i, ref := range refs {
		o, known := s.remembered(ref, l)
		if known && o.Age(time.Now()) <= maxAge {
			outcomes[i] = o
			outcomes[i].Ref = ref
			continue
		}
		missing = append(missing, ref)
	}
	made := s.Run(ctx, missing, l)
	for i := range outcomes {
		if outcomes[i].Ref == "" {
			outcomes[i], made = made[0], made[1:]
		}
	}
	return outcomes
}

func (s *Suite) remembered(ref string, l *text.Language) (o Outcome, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known = s.recent[l.Code()+" "+folded(ref)]
	return o, known
}

// remember keeps what a check said, but no failure: whoever asks again wants it tried
// again.
func (s *Suite) remember(ref string, l *text.Language, o Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := l.Code() + " " + folded(ref)
	if o.Status == Unknown {
		delete(s.recent, key)
		return
	}
	o.Containers = nil
	s.recent[key] = o
}

// Targets returns the names of the hosts of which checks of a kind can be made, in the
// order of the configuration.
func (s *Suite) Targets(kind string) (names []string) {
	k, err := find(s.kinds, kind)
	if err != nil {
		return nil
	}
	for _, h := range s.set.All() {
		if k.Needs.metBy(h) {
			names = append(names, h.Name())
		}
	}
	return names
}

// metBy tells whether a host has what the kind needs of it.
func (n Need) metBy(h *hosts.Host) bool {
	switch n {
	case NeedsDocker:
		return h.HasEngine() || h.IsRemote()
	case NeedsProbe:
		return h.IsLocal() || h.IsRemote()
	}
	return true
}
