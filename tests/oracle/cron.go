package main

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Prow's parser of schedules, in its config as in its horologium.
var parser = cron.NewParser(
	cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor,
)

// schedule is the next three times, fewer where there are no more. Prow puts every schedule in UTC when it registers it, and
// takes only what can be registered.
func schedule(asked question) (any, error) {
	after, err := time.Parse(time.RFC3339Nano, asked.After)
	if err != nil {
		return nil, err
	}
	if _, err := parser.Parse(asked.Input); err != nil {
		return nil, err
	}
	registered, err := parser.Parse("TZ=UTC " + asked.Input)
	if err != nil {
		return nil, err
	}
	next := []string{}
	for range 3 {
		if after = registered.Next(after); after.IsZero() {
			break
		}
		next = append(next, after.UTC().Format(time.RFC3339Nano))
	}
	return next, nil
}
