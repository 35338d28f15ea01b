package routines

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/google/uuid"
)

// EveryMinute calls tick at once and then at the beginning of each minute of loc,
// until ctx ends, and returns its error. A call that takes longer than a minute
// leaves out the next one; a panic in it is logged. The clock decides nothing:
// what is due follows from the state, whenever somebody asks.
func EveryMinute(ctx context.Context, loc *time.Location, log *slog.Logger, tick func(ctx context.Context)) error {
	// Without this listener a panic in a task would end the process.
	survive := gocron.AfterJobRunsWithPanic(func(_ uuid.UUID, _ string, r any) {
		log.ErrorContext(ctx, "the tick panicked", "panic", r)
	})
	s, err := gocron.NewScheduler(gocron.WithLocation(loc), gocron.WithStopTimeout(10*time.Second),
		gocron.WithGlobalJobOptions(gocron.WithEventListeners(survive)))
	if err != nil {
		return fmt.Errorf("make the clock: %w", err)
	}
	_, err = s.NewJob(gocron.CronJob("* * * * *", false), gocron.NewTask(func() { tick(ctx) }),
		gocron.WithSingletonMode(gocron.LimitModeReschedule), gocron.WithStartAt(gocron.WithStartImmediately()))
	if err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	s.Start()
	<-ctx.Done()
	if err := s.Shutdown(); err != nil {
		log.ErrorContext(ctx, "the clock did not stop in time", "err", err)
	}
	return ctx.Err()
}
