// Chaos runs the real bot against a homeserver that fails on purpose and a real
// mailbox, and kills it with -9 again and again while mail comes in, webhooks are
// posted to, Uptime Kuma speaks in the room itself, routines fall due and people react.
// The homeserver forgets what it was sent, the way to the mail server is cut, the mail
// server renumbers the folder, and the bot's clock jumps. In a third of the seeds a page
// that the bot itself checks goes bad and well again, with a kill at most looks. At the
// end every alert, recovery, mail, routine, reaction, command and finding of that check
// must have had its effect exactly once.
//
//	go run ./e2e/chaos -seeds 200
//
// Each seed decides what comes in and what goes wrong, and prints a line when
// something was lost or doubled. The operating system still decides what happens
// first, so a seed that failed may need a few tries to fail again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// options are the command line.
type options struct {
	seeds    int
	seed     uint64 // one seed only
	parallel int
	program  string
	dir      string
	verbose  bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.IntVar(&o.seeds, "seeds", 200, "play the seeds from 1 to `N`")
	flag.Uint64Var(&o.seed, "seed", 0, "play this `seed` only")
	flag.IntVar(&o.parallel, "parallel", min(mostParallel, 2*runtime.NumCPU()), "play so many seeds at once")
	flag.StringVar(&o.program, "binary", "", "the bot; built from this checkout by default, so that its clock can be wrong")
	flag.StringVar(&o.dir, "dir", roomiest(), "where to make a folder for everything")
	flag.BoolVar(&o.verbose, "v", false, "print what was done to the bot, and keep everything")
	flag.Parse()
	total, err := run(ctx, o, os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(2)
	case !total.good():
		os.Exit(1)
	}
}

// mostParallel is what one Dovecot takes: it counts the connections of a user.
const mostParallel = 12

// roomiest is the memory if it may be used as a disk: a killed process loses
// nothing that it had written, so a real disk would only be slower.
func roomiest() string {
	if dir, err := os.MkdirTemp("/dev/shm", "ronde-chaos-"); err == nil && os.Remove(dir) == nil {
		return "/dev/shm"
	}
	return os.TempDir()
}

// run plays the seeds and tells out about them.
func run(ctx context.Context, o options, out io.Writer) (t *total, err error) {
	dir, err := os.MkdirTemp(o.dir, "ronde-chaos-")
	if err != nil {
		return nil, err
	}
	dovecot, err := startDovecot(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer dovecot.Stop()
	s, err := newStage(ctx, dir, o.program, dovecot)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer s.close()
	t = newTotal(o, out)
	s.playAll(ctx, t)
	if t.kept == 0 {
		dovecot.Stop() // it writes until then
		err = os.RemoveAll(dir)
	}
	t.print()
	return t, errors.Join(ctx.Err(), err)
}

// playAll plays the seeds, some of them at once.
func (s *stage) playAll(ctx context.Context, t *total) {
	seeds := make(chan uint64)
	var workers sync.WaitGroup
	for range max(1, min(t.parallel, mostParallel)) {
		workers.Go(func() {
			for seed := range seeds {
				t.add(s.perform(ctx, seed))
			}
		})
	}
	for _, seed := range t.list() {
		if ctx.Err() == nil {
			seeds <- seed
		}
	}
	close(seeds)
	workers.Wait()
}

func (o options) list() (seeds []uint64) {
	if o.seed != 0 {
		return []uint64{o.seed}
	}
	for seed := range o.seeds {
		seeds = append(seeds, uint64(seed)+1)
	}
	return seeds
}

// total sums up the seeds.
type total struct {
	options
	out io.Writer

	mu                                         sync.Mutex
	kills                                      kills
	played, mails, posts, said, presses, ended int
	looks, found                               int
	lost, doubled, unplayed, kept              int
}

func newTotal(o options, out io.Writer) *total {
	return &total{options: o, out: out, kills: kills{met: map[moment]int{}}}
}

func (t *total) good() bool { return t.lost+t.doubled+t.unplayed == 0 }

func (t *total) add(o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.played++
	t.kills.add(o.kills)
	t.mails += len(o.plan.mails) + o.plan.tellings(byMail)
	t.posts += o.plan.tellings(byHook)
	t.said += o.plan.tellings(inRoom)
	t.ended += o.plan.recoveries()
	t.presses += len(o.plan.presses)
	t.looks += o.plan.looks()
	t.found += len(o.plan.ownIncidents())
	t.tell(o)
	if o.err == nil && o.verdict.good() && !t.verbose {
		o.err = os.RemoveAll(o.dir)
		return
	}
	t.kept++
}

// tell prints a line for a seed that failed.
func (t *total) tell(o outcome) {
	seed := o.plan.seed
	if t.verbose {
		text, _ := os.ReadFile(o.dir + "/story.txt") // it says itself what is missing
		fmt.Fprintf(t.out, "seed %d, kept in %s:\n%s", seed, o.dir, text)
	}
	if o.err != nil {
		t.unplayed++
		fmt.Fprintf(t.out, "seed %d: not played to its end: %v; again: -seed %d -v; kept: %s\n", seed, o.err, seed, o.dir)
		return
	}
	v := o.verdict
	t.lost += len(v.lost)
	t.doubled += len(v.doubled)
	if v.good() {
		return
	}
	fmt.Fprintf(t.out, "seed %d: lost %d %s; doubled %d %s; again: -seed %d -v; kept: %s\n",
		seed, len(v.lost), list(v.lost), len(v.doubled), list(v.doubled), seed, o.dir)
}

// list writes the first of some findings.
func list(findings []string) string {
	const enough = 5
	if len(findings) > enough {
		return "[" + strings.Join(findings[:enough], "; ") + "; …]"
	}
	return "[" + strings.Join(findings, "; ") + "]"
}

func (k *kills) add(more kills) {
	k.all += more.all
	for m, n := range more.met {
		k.met[m] += n
	}
}

func (t *total) print() {
	for _, m := range []moment{beforeCommit, afterCommit, stored, heard, fetched, syncGiven, mailGiven, posting, posted, asking, kept} {
		fmt.Fprintf(t.out, "killed %d times %s\n", t.kills.met[m], m)
	}
	fmt.Fprintf(t.out, "chaos %d seeds, %d kills, %d mails, %d posts, %d messages of Kuma, %d recoveries, %d reactions, %d looks of a check, %d incidents of it: %d lost, %d doubled",
		t.played, t.kills.all, t.mails, t.posts, t.said, t.ended, t.presses, t.looks, t.found, t.lost, t.doubled)
	if t.unplayed > 0 {
		fmt.Fprintf(t.out, ", %d not played to their end", t.unplayed)
	}
	fmt.Fprintln(t.out)
}
