package alerts

import (
	"slices"
	"time"

	"ronde/store"
)

// The sources of storms: incidents that came together and share a card. What anyone
// could have written makes a storm of its own, in which no certain alert disappears.
const (
	stormSource    = "storm"
	doubtfulSource = "storm-unverified"
)

// How near to each other things break that are one storm; and for how long after its
// last one a storm takes in more, and must be calm before what is left of it stands for
// itself.
const (
	abreast = 2 * time.Minute
	growing = 10 * time.Minute
)

// IsStorm reports whether an incident is one that others are parts of.
func IsStorm(i store.Incident) bool { return i.Source == stormSource || i.Source == doubtfulSource }

func stormOf(i store.Incident) string {
	if i.Verified {
		return stormSource
	}
	return doubtfulSource
}

// scopes returns under which names an incident may be one of several, the closest first:
// the hosts that it is about, the group that its source has it in, and "" for the time at
// which it came.
func (d *Desk) scopes(i store.Incident) []string {
	names := d.Settings.HostsOf(i)
	if i.Group != "" {
		names = append(names, i.Group)
	}
	return append(names, "")
}

// gather makes an incident that has just opened part of a storm, when there is one or
// when it makes enough of them. It returns the storm, 0 for none.
func (d *Desk) gather(tx *store.Tx, i store.Incident) (storm int64, err error) {
	if d.Settings.Storm == 0 || i.Source == string(KumaExpiry) {
		return 0, nil
	}
	loose, err := tx.LooseIncidents(tx.Now.Add(-abreast), i.Verified, stormSource, doubtfulSource, string(KumaExpiry))
	if err != nil {
		return 0, err
	}
	for _, scope := range d.scopes(i) {
		if storm, err = d.gatherIn(tx, scope, i, loose); err != nil || storm != 0 {
			return storm, err
		}
	}
	return 0, nil
}

func (d *Desk) gatherIn(tx *store.Tx, scope string, i store.Incident, loose []store.Incident) (int64, error) {
	storm, open, err := tx.OpenIncident(stormOf(i), scope)
	if err != nil || open && !asLoud(storm, i) {
		return 0, err
	}
	if open {
		t, err := tx.StormTally(storm.ID)
		if err != nil {
			return 0, err
		}
		if tx.Now.Sub(t.Joined) < growing {
			return storm.ID, d.join(tx, storm, []store.Incident{i}, false)
		}
	}
	near := slices.DeleteFunc(slices.Clone(loose), func(j store.Incident) bool {
		return !asLoud(i, j) || !slices.Contains(d.scopes(j), scope)
	})
	if len(near) < d.Settings.Storm {
		return 0, nil
	}
	if !open {
		if storm, err = d.beginStorm(tx, scope, i); err != nil {
			return 0, err
		}
	}
	if err := d.join(tx, storm, near, open); err != nil || open { // one that is open had been calm
		return storm.ID, err
	}
	s, err := d.standsNow(tx, storm.ID)
	if err != nil {
		return 0, err
	}
	return storm.ID, d.wantEvidence(tx, s)
}

// asLoud tells whether of two incidents both or none is to be heard of now.
func asLoud(a, b store.Incident) bool {
	return (a.State == store.Silenced) == (b.State == store.Silenced)
}

func (d *Desk) beginStorm(tx *store.Tx, scope string, first store.Incident) (storm store.Incident, err error) {
	storm = store.Incident{
		Source: stormOf(first), Thing: scope, State: first.State, Verified: first.Verified,
		Since: first.Since, Newest: first.Newest, Alerted: first.Alerted, OpenedAt: tx.Now,
	}
	storm.ID, err = tx.AddIncident(storm)
	return storm, err
}

// join makes incidents parts of a storm. The first of them that cannot wait makes it
// ring once more, even when somebody is on what it was until then.
func (d *Desk) join(tx *store.Tx, storm store.Incident, all []store.Incident, loudly bool) error {
	hastened, err := d.hasten(tx, storm, all...)
	if err != nil {
		return err
	}
	for _, i := range all {
		if err := tx.JoinStorm(storm.ID, i.ID); err != nil {
			return err
		}
		s, err := d.standsNow(tx, i.ID)
		if err != nil {
			return err
		}
		if err := d.keep(tx, s, calm); err != nil {
			return err
		}
		if err := d.handOver(tx, s); err != nil {
			return err
		}
	}
	if err := d.followStorm(tx, storm.ID, calm); err != nil || !loudly && !hastened {
		return err
	}
	s, err := d.standsNow(tx, storm.ID)
	if err != nil || s.State == store.Silenced || s.State == store.Resolved || s.RangAt.Equal(tx.Now) {
		return err // nobody is to hear of it, or it just rang
	}
	if held, _, err := d.holdBack(tx, s.Incident); held || err != nil {
		return err
	}
	return d.ringFor(tx, &s, firesMore, d.listNames(all, shownBroken))
}

// hasten notes that a storm cannot wait until the morning when one of some incidents
// cannot, and reports whether that is new.
func (d *Desk) hasten(tx *store.Tx, storm store.Incident, all ...store.Incident) (hastened bool, err error) {
	if d.Settings.IsCritical(storm) || !slices.ContainsFunc(all, d.Settings.IsCritical) {
		return false, nil
	}
	storm.Critical = true
	return true, tx.SaveIncident(storm)
}

// followStorm brings a storm up to what its members are.
func (d *Desk) followStorm(tx *store.Tx, id int64, p pace) error {
	s, err := d.standsNow(tx, id)
	if err != nil {
		return err
	}
	if state := s.state(tx.Now); state != s.State {
		if s.lifted, err = d.lifted(tx, s, state); err != nil {
			return err
		}
		s.State, p = state, prompt
	}
	_, shown, err := tx.CardOf(IncidentCard, id)
	if err != nil {
		return err
	}
	if !shown && s.State == store.Firing {
		p = urgent
		if err := d.ringsByCard(tx, &s.Incident); err != nil {
			return err
		}
	}
	if _, err := d.follow(tx, &s); err != nil {
		return err
	}
	if err := tx.SaveIncident(s.Incident); err != nil {
		return err
	}
	if err := show(tx, id, p); err != nil {
		return err
	}
	if s.State == store.Resolved {
		return d.release(tx, id)
	}
	_, err = d.ring(tx, &s)
	return err
}

// lifted returns when the last silence of a member ended, of a storm that was silent and
// is not any more; zero for never.
func (d *Desk) lifted(tx *store.Tx, s standing, state store.IncidentState) (at time.Time, err error) {
	if s.State != store.Silenced || state != store.Firing {
		return at, nil
	}
	members, err := tx.StormMembers(s.ID)
	if err != nil {
		return at, err
	}
	for _, i := range members {
		m, err := d.stands(tx, i)
		if err != nil {
			return at, err
		}
		if m.state(tx.Now) == store.Firing {
			at = later(at, m.hushed(tx.Now))
		}
	}
	return at, nil
}

// stirs reports whether something broke that nobody is on, in a storm of which somebody
// had all the rest: that is not what it rang for. What breaks again and again rings the
// first time, and then no more often than the pause.
func (d *Desk) stirs(tx *store.Tx, s standing) (bool, error) {
	v, err := tx.Vigil(s.ID)
	if err != nil || s.State != store.Firing || !v.Since.After(s.RangAt) {
		return false, err
	}
	members, err := tx.StormMembers(s.ID)
	return slices.ContainsFunc(members, func(i store.Incident) bool {
		return i.State == store.Firing && !i.OpenedAt.Before(v.Since) && (i.Flaps <= 1 || !tx.Now.Before(s.RangAt.Add(d.Settings.Reopen)))
	}), err
}

// release lets the members of a storm that are open stand for themselves.
func (d *Desk) release(tx *store.Tx, storm int64) error {
	members, err := tx.StormMembers(storm)
	if err != nil {
		return err
	}
	for _, i := range members {
		if i.State == store.Resolved {
			continue
		}
		if err := d.standAlone(tx, i); err != nil {
			return err
		}
	}
	return nil
}

// settleMember shows what became of an incident that is part of a storm. One that turns
// out to be certain does not stay among those that anyone could have written.
func (d *Desk) settleMember(tx *store.Tx, s standing, p pace) error {
	storm, _, err := tx.Incident(s.Storm)
	if err != nil {
		return err
	}
	if s.State != store.Resolved && storm.Source != stormOf(s.Incident) {
		if err := d.standAlone(tx, s.Incident); err != nil {
			return err
		}
	} else if err := showAny(tx, s.Incident, p); err != nil {
		return err
	} else if s.State != store.Resolved {
		if _, err := d.hasten(tx, storm, s.Incident); err != nil {
			return err
		}
	}
	return d.followStorm(tx, storm.ID, calm)
}

// standAlone takes an open incident out of its storm, and has its card ring.
func (d *Desk) standAlone(tx *store.Tx, i store.Incident) error {
	if err := tx.LeaveStorm(i.ID); err != nil {
		return err
	}
	i.Storm = 0
	if err := d.ringsByCard(tx, &i); err != nil {
		return err
	}
	return d.settle(tx, i, urgent)
}

// handOver leaves what was to be said of an incident to its storm.
func (d *Desk) handOver(tx *store.Tx, s standing) error {
	if _, err := d.follow(tx, &s); err != nil {
		return err
	}
	v, err := tx.Vigil(s.ID)
	if err != nil || !v.Waits {
		return err
	}
	v.Waits = false
	return tx.SaveVigil(v)
}

// settleStorm settles the members of a storm, of which somebody said something, and then
// the storm.
func (d *Desk) settleStorm(tx *store.Tx, storm int64) error {
	members, err := tx.StormMembers(storm)
	if err != nil {
		return err
	}
	for _, i := range members {
		s, err := d.stands(tx, i)
		if err != nil {
			return err
		}
		if err := d.keep(tx, s, prompt); err != nil {
			return err
		}
		if err := showAny(tx, i, prompt); err != nil { // who is on it, too
			return err
		}
	}
	return d.followStorm(tx, storm, prompt)
}

// unfold ends a storm of which so little is left that it stands for itself: fewer things
// than would make a storm, of which nothing was heard for a while.
func (d *Desk) unfold(tx *store.Tx, s *standing) (changed bool, err error) {
	if s.tally == nil || s.tally.Open() >= max(d.Settings.Storm, 2) {
		return false, nil
	}
	last := later(s.tally.Joined, earlier(later(s.tally.Ended, s.tally.Alerted), tx.Now))
	if tx.Now.Sub(last) < growing {
		return false, nil
	}
	if err := d.release(tx, s.ID); err != nil {
		return false, err
	}
	return true, d.followStorm(tx, s.ID, prompt)
}

// sum takes into a storm what its members amount to.
func (s *standing) sum(t store.StormTally, now time.Time) {
	s.tally = &t
	s.Alerts, s.Since = t.Alerts, t.Since
	s.Newest, s.Alerted = later(s.Newest, t.Newest), later(s.Alerted, t.Alerted)
	_, handled := s.handled()
	switch {
	case t.Open() > 0 || handled && t.Untold > 0:
		s.ResolvedAt = time.Time{}
	case t.Untold == 0 && !t.Ended.IsZero():
		s.ResolvedAt = t.Ended
	case s.ResolvedAt.IsZero(): // each was closed by hand, or stands for itself
		s.ResolvedAt = now
	}
}

// loudest is the state of a storm of which nobody said anything.
func loudest(t store.StormTally) store.IncidentState {
	for _, state := range []store.IncidentState{store.Firing, store.Acknowledged, store.Silenced} {
		if t.In[state] > 0 {
			return state
		}
	}
	return store.Resolved
}

// keep stores the state of a member of a storm, if that changed, and shows it where it has
// a card.
func (d *Desk) keep(tx *store.Tx, s standing, p pace) error {
	state := s.state(tx.Now)
	if state == s.State {
		return nil
	}
	s.State = state
	if err := tx.SaveIncident(s.Incident); err != nil {
		return err
	}
	return showAny(tx, s.Incident, p)
}

// leaveOver takes an incident that fires again out of a storm that is over.
func (d *Desk) leaveOver(tx *store.Tx, s *standing) error {
	if s.Storm == 0 {
		return nil
	}
	storm, _, err := tx.Incident(s.Storm)
	if err != nil || storm.State != store.Resolved {
		return err
	}
	s.Storm = 0
	return tx.LeaveStorm(s.ID)
}

// Heads leaves out the incidents whose storm is among all.
func Heads(all []store.Incident) []store.Incident {
	storms := make(map[int64]bool)
	for _, i := range all {
		storms[i.ID] = IsStorm(i)
	}
	return slices.DeleteFunc(slices.Clone(all), func(i store.Incident) bool { return storms[i.Storm] })
}
