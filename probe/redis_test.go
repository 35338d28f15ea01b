package probe

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ronde/e2e/peers"
)

func TestWhatRedisSaysOfItselfIsRead(t *testing.T) {
	info, err := readRedisInfo(string(sampleOf(t, "redis/redis-8.0-session.txt")))
	want := RedisInfo{Used: 839408, Most: 536870912, Policy: "allkeys-lru", Databases: []RedisDB{{Keys: 32, Expires: 20}}}
	if diff := cmp.Diff(want, info); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, said := range []string{"", "used_memory:", "used_memory:-1", "used_memory:x", "db0:keys=1", "# Memory\r\n"} {
		if info, err := readRedisInfo(said); err == nil {
			t.Errorf("%q: got %+v, want an error", said, info)
		}
	}
	info, err = readRedisInfo("used_memory:1\r\ndb0:keys=x\r\ndb-1:keys=1\r\ndb99999999:keys=1\r\ndb15:expires=2,keys=3\r\n")
	if err != nil || len(info.Databases) != 1 || info.Databases[0] != (RedisDB{15, 3, 2}) {
		t.Errorf("of odd databases got %+v, %v", info, err)
	}
}

func TestARealRedisHasAsManyKeysAsRedisCLISays(t *testing.T) {
	r := peers.NeedRedis(t)
	cli := func(args ...string) string {
		said, err := r.CLI(t.Context(), args...)
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	for n := range 7 {
		cli("set", "p:"+strconv.Itoa(n), "x", "ex", "3600")
	}
	cli("set", "pid:1", "x")
	cli("-n", "3", "set", "other", "x")
	m := machine(t, "/")
	m.Config.Redis = []RedisConfig{{Name: "nitter", Address: r.Addr, PasswordFile: r.PasswordFile}}
	info, err := Redis("nitter").answer(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]RedisDB{{0, 8, 7}, {3, 1, 0}}, info.Databases); diff != "" {
		t.Errorf("databases (-want +got):\n%s", diff)
	}
	if size := cli("dbsize"); size != strconv.FormatUint(info.FirstKeys, 10) {
		t.Errorf("got %d keys, redis-cli dbsize says %s", info.FirstKeys, size)
	}
	said, err := readRedisInfo(cli("info"))
	if err != nil || max(said.Used, info.Used)-min(said.Used, info.Used) > 256<<10 || said.Version != info.Version || said.Policy != info.Policy {
		t.Errorf("got %+v, redis-cli info says %+v (%v)", info, said, err)
	}
	// What was asked is all that was asked.
	stats := cli("info", "commandstats")
	for line := range strings.FieldsSeq(stats) {
		if name, _, is := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":"); is && strings.HasPrefix(line, "cmdstat_") {
			switch name {
			case "auth", "info", "dbsize", "set", "select", "command|docs", "command":
			default:
				t.Errorf("the command %s was sent", name)
			}
		}
	}
}

func TestARedisThatRefusesKeepsItsPasswordSecret(t *testing.T) {
	r := peers.NeedRedis(t)
	m := machine(t, "/")
	wrong := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(wrong, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.Config.Redis = []RedisConfig{
		{Name: "open", Address: r.Addr}, {Name: "wrong", Address: r.Addr, PasswordFile: wrong},
		{Name: "lost", Address: r.Addr, PasswordFile: wrong + "-lost"}, {Name: "away", Address: "127.0.0.1:1"},
	}
	for _, c := range m.Config.Redis {
		info, err := Redis(c.Name).answer(t.Context(), m)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), r.Password) || strings.Contains(err.Error(), "lost-lost") {
			t.Errorf("%s: got %+v, %v", c.Name, info, err)
		}
	}
	var told *Error
	if _, err := Redis("other").answer(t.Context(), m); !errors.As(err, &told) || told.Code != NoSuch {
		t.Errorf("of a name that probe.toml does not have got %v", err)
	}
	if _, err := Redis("").answer(t.Context(), m); !errors.As(err, &told) || told.Code != NoSuch {
		t.Errorf("of no name got %v", err)
	}
}

func FuzzReadRedisInfo(f *testing.F) {
	f.Add(string(sampleOf(f, "redis/redis-8.0-session.txt")))
	f.Add("used_memory:1\r\ndb0:keys=1,expires=")
	f.Fuzz(func(t *testing.T, said string) {
		info, err := readRedisInfo(said)
		if err == nil && info.Databases == nil || len(info.Databases) > 1000 {
			t.Errorf("got %+v", info)
		}
	})
}
