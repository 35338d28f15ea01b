package checks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ronde/probe"
	"ronde/text"
)

// Faults of a Redis; the thing is its name.
const (
	FaultRedisSize Fault = "redis-size" // Value and Limit in bytes
	FaultRedisKeys Fault = "redis-keys" // Value and Limit are numbers of keys
	FaultRedisFull Fault = "redis-full" // the same in bytes: near its own limit, where it takes no more
)

type redisSettings struct {
	Redis        string  `set:"redis" example:"\"nitter\"" help:"What the host's probe.toml calls it; the name of this check without one."`
	Warning      float64 `set:"warning" unit:"MiB" help:"Memory used from which it warns; 0 for none."`
	Critical     float64 `set:"critical" unit:"MiB" help:"Memory used from which it is critical; 0 for none."`
	KeysWarning  float64 `set:"keys_warning" help:"Keys in all databases from which it warns; 0 for none."`
	KeysCritical float64 `set:"keys_critical" help:"Keys in all databases from which it is critical; 0 for none."`
}

// Judge says what does not go together.
func (s redisSettings) Judge() (setting, reason string) {
	if setting, reason := wrongLimits("above", s.Warning, s.Critical); reason != "" {
		return setting, reason
	}
	if _, reason := wrongLimits("above", s.KeysWarning, s.KeysCritical); reason != "" {
		return "keys_critical", "is below keys_warning"
	}
	return "", ""
}

// Shares of its own limit at which a Redis that throws nothing away is near to taking no
// more, in percent.
const (
	redisNearlyFull = 85
	redisFull       = 95
)

// RedisReport is the result of the check called redis.
type RedisReport struct {
	Result
	Redis probe.RedisInfo `json:"redis"`
}

func redisKind() Kind {
	return Kind{
		Name: "redis", Needs: NeedsProbe, Named: true, Measure: measureRedis, Calm: calmRedis,
		Help: "How much memory a Redis uses, and how many keys it holds. The host's probe.toml says where it is: " +
			"`[[redis]]` with a `name`, an `address` and perhaps `user`, `password_file`, `tls` and `ca_file`.",
		Settings: redisSettings{},
	}
}

func measureRedis(ctx context.Context, a Asked) (Report, error) {
	s := settings[redisSettings](a)
	called := s.Redis
	if called == "" {
		called = a.Name
	}
	info, err := probe.Ask(ctx, a.Host, probe.Redis(called))
	if err != nil {
		return RedisReport{Result: failed("redis", a.Name, time.Now(), err), Redis: probe.RedisInfo{Databases: []probe.RedisDB{}}}, err
	}
	return newRedisReport(a.Name, info, s, time.Now()), nil
}

func newRedisReport(name string, info probe.RedisInfo, s redisSettings, at time.Time) RedisReport {
	const mib = 1 << 20
	keys := keysOf(info)
	findings := limits{s.Warning * mib, s.Critical * mib}.above(Finding{Thing: name, Fault: FaultRedisSize, Value: float64(info.Used), Unit: Bytes})
	findings = append(findings, limits{s.KeysWarning, s.KeysCritical}.above(Finding{Thing: name, Fault: FaultRedisKeys, Value: keys})...)
	if most := float64(info.Most); info.Policy == "noeviction" { // any other makes room by itself
		full := Finding{Thing: name, Fault: FaultRedisFull, Value: float64(info.Used), Unit: Bytes}
		findings = append(findings, limits{most * redisNearlyFull / 100, most * redisFull / 100}.above(full)...)
	}
	info.Version, info.Policy = outside(info.Version, 20), outside(info.Policy, 20)
	r := RedisReport{Result: newResult("redis", name, at, findings), Redis: info}
	r.Metrics = []Metric{{"used", "", float64(info.Used), Bytes}, {"keys", "", keys, Count}}
	for _, db := range info.Databases {
		r.Metrics = append(r.Metrics, Metric{"keys", dbName(db), float64(db.Keys), Count})
	}
	return r
}

func keysOf(info probe.RedisInfo) (keys float64) {
	for _, db := range info.Databases {
		keys += float64(db.Keys)
	}
	return keys
}

func dbName(db probe.RedisDB) string { return fmt.Sprintf("db%d", db.Number) }

// tell adds a line for each database: its keys, and those that never go by themselves.
func (r RedisReport) tell(o *Outcome, l *text.Language) {
	var rows [][]string
	for _, db := range r.Redis.Databases {
		rows = append(rows, []string{dbName(db), fmt.Sprint(db.Keys), fmt.Sprint(db.Keys - min(db.Expires, db.Keys))})
	}
	o.Count = int(keysOf(r.Redis))
	o.Detail = columns(strings.Split(l.Say("checks.redis.columns"), "|"), rows)
}

func calmRedis(l *text.Language, o Outcome, _ time.Time) string {
	used := 0.0
	for _, m := range o.Metrics {
		if m.Name == "used" {
			used = m.Value
		}
	}
	return l.Say("checks.redis.calm", "Count", o.Count, "Used", sayValue(l, used, Bytes))
}
