package aded

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

// AnswerStream is an answer while it grows. It is read once, by one goroutine; [AnswerStream.Cancel] and
// [AnswerStream.Close] may be called from others. The server is at work from the moment the prompt was sent; whoever
// does not read to the end closes.
type AnswerStream struct {
	source  source
	got     collector
	over    bool
	failure *Error
}

// source is where events come from: a call, or one turn of a conversation.
type source interface {
	// next waits for an event.
	next() (Event, *Error)
	// cancel asks for an early end, which is still awaited.
	cancel()
	// abandon ends the answer; nothing more of it is delivered.
	abandon()
}

func failedStream(err error) *AnswerStream {
	return &AnswerStream{over: true, failure: asFailure(err), source: nothing{}}
}

type nothing struct{}

func (nothing) next() (Event, *Error) { return nil, nil }
func (nothing) cancel()               {}
func (nothing) abandon()              {}

// Events reads event by event; the last is [Finished], or an error, which is an [*Error]. Leaving the loop early ends
// the answer: in a conversation the server is told, and the next turn waits until it has stopped.
func (a *AnswerStream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		defer a.Close()
		for {
			event, err := a.next()
			if errors.Is(err, io.EOF) || !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// Texts reads the text of the answer as it comes, without events that bring none; otherwise as [AnswerStream.Events].
func (a *AnswerStream) Texts() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for event, err := range a.Events() {
			if err != nil {
				yield("", err)
				return
			}
			if delta, ok := event.(Delta); ok && delta.Text != "" && !yield(delta.Text, nil) {
				return
			}
		}
	}
}

// Answer reads what is left and gives the whole answer. If it fails, the answer holds what had arrived; it is never nil.
func (a *AnswerStream) Answer() (*Answer, error) {
	defer a.Close()
	for {
		if _, err := a.next(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return a.Partial(), err
		}
	}
}

// Partial is what has been read of the answer until now. To be called by the reader.
func (a *AnswerStream) Partial() *Answer { return a.got.answer() }

// Cancel asks the server to end the answer early. In a conversation the reader still gets what is under way and then
// [Finished] with [FinishCancelled], and the conversation goes on; a single answer ends with an error of the kind
// [Cancelled]. Does nothing once the answer is over.
func (a *AnswerStream) Cancel() { a.source.cancel() }

// Close ends the answer if it is not over. A reader that goes on gets an error of the kind [Cancelled].
func (a *AnswerStream) Close() { a.source.abandon() }

func (a *AnswerStream) next() (Event, error) {
	if a.over {
		if a.failure != nil {
			return nil, a.failure
		}
		return nil, io.EOF
	}
	event, failure := a.source.next()
	if failure != nil {
		own := *failure // several answers may end for one reason, each with its own part
		own.Partial = a.got.answer()
		a.over, a.failure = true, &own
		return nil, &own
	}
	a.got.add(event)
	if _, last := event.(Finished); last {
		a.over = true
	}
	return event, nil
}

// single is an answer that is a call of its own.
type single struct {
	client  *Client
	ctx     context.Context
	stop    context.CancelCauseFunc
	release context.CancelFunc
	span    trace.Span
	request *adedv1.GenerateRequest
	stream  grpc.ServerStreamingClient[adedv1.GenerateResponse]
	failed  error
	attempt int
	begun   bool
	ending  sync.Once
}

func startSingle(ctx context.Context, client *Client, request *adedv1.GenerateRequest, limit time.Duration) *AnswerStream {
	s := &single{client: client, request: request, release: func() {}}
	ctx, s.stop = context.WithCancelCause(ctx)
	if limit > 0 {
		ctx, s.release = context.WithTimeout(ctx, limit)
	}
	s.ctx, s.span = client.startSpan(ctx, "Generate")
	s.start()
	return &AnswerStream{source: s}
}

func (s *single) start() {
	s.attempt++
	s.stream, s.failed = s.client.inference.Generate(s.ctx, s.request)
}

func (s *single) next() (Event, *Error) {
	for {
		event, err := s.receive()
		if err == nil {
			s.begun = true
			if finished, last := event.(Finished); last {
				describe(s.span, finished)
				s.end(nil)
			}
			return event, nil
		}
		failure := ofCall(s.ctx, err)
		if !s.begun {
			failure = s.client.retry.again(s.ctx, s.attempt, failure)
		}
		if failure != nil {
			s.end(failure)
			return nil, failure
		}
		s.start()
	}
}

func (s *single) receive() (Event, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	for {
		response, err := s.stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, newError(Internal, ReasonIncompleteAnswer, "the server closed the stream before the answer was complete")
		}
		if err != nil {
			return nil, err
		}
		if event := eventOf(response); event != nil {
			return event, nil
		}
	}
}

// end gives back what the call holds. After the last event the server's own end of the call is awaited, for a moment, so
// that it does not count as cancelled there.
func (s *single) end(failure *Error) {
	s.ending.Do(func() {
		endSpan(s.span, failure)
		if failure != nil {
			s.stop(errClosed)
			s.release()
			return
		}
		timer := time.AfterFunc(5*time.Second, func() { s.stop(errClosed) })
		over := s.client.ends(s)
		go func() {
			defer over()
			_, _ = s.stream.Recv()
			timer.Stop()
			s.stop(errClosed)
			s.release()
		}()
	})
}

func (s *single) cancel() { s.abandon() }

func (s *single) abandon() {
	s.ending.Do(func() {
		endSpan(s.span, newError(Cancelled, ReasonClientCancelled, ""))
		s.stop(errClosed)
		s.release()
	})
}
