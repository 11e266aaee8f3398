package aded

import (
	"context"
	"math/rand/v2"
	"time"
)

// RetryPolicy says how often and when a call is tried again. What is tried again: single answers, the opening of
// conversations, turns of a conversation that can be had as it was, and calls with one answer, if they end before their
// first event with [Unavailable], or with [ResourceExhausted] for a reason that passes (QUEUE_FULL, QUEUE_WAIT,
// PREPARATION_QUEUE_FULL, MEMORY_BUSY, INBOUND_BYTES). Never after the first event, for another reason, or beyond the
// time limit.
type RetryPolicy struct {
	// Attempts counts the first one too; 1 tries nothing again.
	Attempts int
	// Initial is the pause before the second attempt. It doubles each time, up to Max, and is up to a fifth more or less
	// by chance; but it is never shorter than what the server asks for.
	Initial time.Duration
	// Max is the longest pause of the policy's own.
	Max time.Duration
}

var (
	// DefaultRetry tries four times within about 0.7 s, or as the server asks.
	DefaultRetry = RetryPolicy{Attempts: 4, Initial: 100 * time.Millisecond, Max: 5 * time.Second}
	// NoRetry tries nothing again.
	NoRetry = RetryPolicy{Attempts: 1}
)

// passing are the reasons of RESOURCE_EXHAUSTED for which the same request may succeed later.
var passing = map[string]bool{
	"QUEUE_FULL": true, "QUEUE_WAIT": true, "PREPARATION_QUEUE_FULL": true, "MEMORY_BUSY": true, "INBOUND_BYTES": true,
}

// again waits before the next attempt and gives nil, or what the call has failed with if there is none.
func (p RetryPolicy) again(ctx context.Context, attempt int, failure *Error) *Error {
	if attempt >= p.Attempts || ctx.Err() != nil {
		return failure
	}
	if failure.Kind != Unavailable && (failure.Kind != ResourceExhausted || !passing[failure.Reason]) {
		return failure
	}
	pause := p.pause(attempt, rand.Float64(), failure.RetryAfter)
	if end, limited := ctx.Deadline(); limited && time.Until(end) <= pause {
		return failure // what is known now says more than that time is up
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

// pause is how long to wait after an attempt, with chance from 0 to 1.
func (p RetryPolicy) pause(attempt int, chance float64, asked time.Duration) time.Duration {
	pause := p.Initial
	for range attempt - 1 {
		pause *= 2
		if p.Max > 0 && pause >= p.Max {
			break
		}
	}
	if p.Max > 0 {
		pause = min(pause, p.Max)
	}
	return max(asked, time.Duration(float64(pause)*(0.8+0.4*chance)))
}
