package checks

// limits are from where on a value warns and is critical; 0 for none.
type limits struct{ Warning, Critical float64 }

// above finds a value that reaches one of the limits: f with its status and limit.
func (l limits) above(f Finding) []Finding {
	return l.judge(f, func(limit float64) bool { return f.Value >= limit })
}

// below finds a value that is under one of the limits.
func (l limits) below(f Finding) []Finding {
	return l.judge(f, func(limit float64) bool { return f.Value < limit })
}

func (l limits) judge(f Finding, bad func(limit float64) bool) []Finding {
	switch {
	case l.Critical != 0 && bad(l.Critical):
		f.Status, f.Limit = Critical, l.Critical
	case l.Warning != 0 && bad(l.Warning):
		f.Status, f.Limit = Warning, l.Warning
	default:
		return nil
	}
	return []Finding{f}
}
