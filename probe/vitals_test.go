package probe

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// toldBy returns what an admin's program prints, word by word.
func toldBy(t *testing.T, program string, args ...string) []string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil && os.Getenv("RONDE_PEERS") != "required" {
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return strings.Fields(string(out))
}

func TestVitalSignsAreThoseOfFreeAndUptime(t *testing.T) {
	v, free, differ := besideFree(t)
	for tries := 1; tries < 5 && differ != ""; tries++ { // others allocate meanwhile, but not each time
		v, free, differ = besideFree(t)
	}
	if differ != "" {
		t.Error(differ)
	}
	if total := strconv.FormatUint(v.Memory, 10); total != free[7] {
		t.Errorf("memory is %s, free says %s", total, free[7])
	}
	booted, err := time.ParseInLocation("2006-01-02 15:04:05", strings.Join(toldBy(t, "uptime", "--since"), " "), time.Local)
	if err != nil || v.Booted.Sub(booted).Abs() > 2*time.Second {
		t.Errorf("booted %s, uptime says %s (%v)", v.Booted, booted, err)
	}
	averages := toldBy(t, "cat", "/proc/loadavg")
	if want, err := strconv.ParseFloat(averages[2], 64); err != nil || math.Abs(v.Load15-want) > 0.5 {
		t.Errorf("load %v over a quarter of an hour, the kernel says %s (%v)", v.Load15, averages[2], err)
	}
	if cores := toldBy(t, "nproc", "--all")[0]; strconv.Itoa(v.Cores) != cores || v.CPU < 0 || v.CPU > 100 {
		t.Errorf("%d cores, %v %% busy; nproc says %s", v.Cores, v.CPU, cores)
	}
}

// besideFree reads the vital signs, has free say what it sees just then, and says how they differ.
func besideFree(t *testing.T) (v Vitals, free []string, differ string) {
	t.Helper()
	v, err := Ask(t.Context(), machine(t, "/").Host, VitalSigns())
	if err != nil {
		t.Fatal(err)
	}
	free = toldBy(t, "free", "--bytes") // …, Mem: total used free shared cache available, Swap: total used free
	for i, got := range map[int]uint64{7: v.Memory, 12: v.MemoryAvailable, 14: v.Swap, 15: v.SwapUsed} {
		want, err := strconv.ParseUint(free[i], 10, 64)
		if err != nil || math.Abs(float64(got)-float64(want)) > 1<<30 {
			differ += fmt.Sprintf("got %d, free says %s (%v)\n", got, free[i], err)
		}
	}
	return v, free, differ
}

func TestPressureIsReadAsTheKernelWritesIt(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		want Pressure
	}{
		"memory":         {"some avg10=1.00 avg60=12.50 avg300=0.10 total=100\nfull avg10=0.00 avg60=3.25 avg300=0.00 total=5\n", Pressure{Some: 12.5, Full: 3.25}},
		"an older CPU":   {"some avg10=0.00 avg60=90.64 avg300=83.15 total=11671332649\n", Pressure{Some: 90.64}},
		"nothing":        {"", Pressure{}},
		"something else": {"some avg60=x\nfull avg60=1e9 avg60=NaN avg60=-1\nmany avg60=5\navg60=5", Pressure{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ReadPressure(tt.file); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func FuzzPressure(f *testing.F) {
	f.Add("some avg10=1.00 avg60=12.50 avg300=0.10 total=100\nfull avg10=0.00 avg60=3.25 avg300=0.00 total=5\n")
	f.Add("some avg60=NaN")
	f.Fuzz(func(t *testing.T, file string) {
		if p := ReadPressure(file); !(p.Some >= 0 && p.Some <= 100 && p.Full >= 0 && p.Full <= 100) {
			t.Errorf("%q: %+v", file, p)
		}
	})
}
