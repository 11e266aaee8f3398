package aded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// WaitReady waits until the sidecar is there and ready to answer, as long as ctx allows. It watches the standard health
// service, so it learns of the change as it happens; a sidecar that is not there yet, or goes away in between, is waited
// for too.
//
// [DeadlineExceeded] if ctx ends first, with what was seen last; [Unsupported] if the server has no health service.
func (c *Client) WaitReady(ctx context.Context) error {
	seen := "no sidecar answered"
	for ctx.Err() == nil {
		ready, err := c.watch(ctx, &seen)
		if ready {
			return nil
		}
		if err != nil {
			switch failure := ofCall(ctx, err); failure.Kind {
			case Unavailable:
				seen = failure.Message
			case DeadlineExceeded, Cancelled: // the time is up, or the server thinks so
			default:
				return failure
			}
		}
		select {
		case <-time.After(50 * time.Millisecond): // where a peer ends each watch at once
		case <-ctx.Done():
		}
	}
	failure := ended(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		failure.Message = "the sidecar was not ready in time: " + seen
	}
	return failure
}

// watch is true as soon as the sidecar serves; false if it ends the watch before.
func (c *Client) watch(ctx context.Context, seen *string) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	question := &grpc_health_v1.HealthCheckRequest{Service: "aded.v1.InferenceService"}
	states, err := grpc_health_v1.NewHealthClient(c.conn).Watch(ctx, question, grpc.WaitForReady(true))
	for err == nil {
		var state *grpc_health_v1.HealthCheckResponse
		if state, err = states.Recv(); err == nil {
			if state.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING {
				return true, nil
			}
			*seen = fmt.Sprintf("it says %v", state.GetStatus())
		}
	}
	return false, err
}
