package aded

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

// Conversation remembers what was said, keeps its KV cache on the server, and guesses better with every turn. One turn
// at a time; open several conversations to talk in parallel.
//
// An answer that fails by itself ends the conversation: [Conversation.Ask] gives the same failure from then on. One
// opened with an id can be resumed by opening it again. Turns that were cancelled, closed, or whose time was up leave
// it as it is.
type Conversation struct {
	client  *Client
	ctx     context.Context
	stop    context.CancelCauseFunc
	span    trace.Span
	opening *adedv1.Open
	limit   time.Duration

	// One call, many answers. "current" is the turn that events belong to. One that its reader left early stays
	// current until its "finished" arrives; meanwhile its events are dropped, and a turn that is asked for waits in
	// "next", so that the server never sees two at once. Messages are sent under the lock, which orders a turn before
	// its cancel.
	mu       sync.Mutex
	call     *call
	info     ConversationInfo
	timeout  time.Duration
	tools    []Tool
	current  *turn
	next     *turn
	sent     int
	updates  []*adedv1.Update
	failure  *Error
	closed   bool
	finished bool
}

// ConversationInfo is what a conversation was opened with.
type ConversationInfo struct {
	// ID is the conversation's name: the caller's, or one that the server made up.
	ID string
	// Resumed is whether it goes on with a conversation that was kept.
	Resumed bool
	// HistoryTokens are those that a resumed conversation starts with.
	HistoryTokens int
	// Retention is how long it will be kept after its stream ends; 0 if it will not be.
	Retention time.Duration
	// Model answers.
	Model string
	// ContextTokens is what the conversation can hold, prompts and answers together.
	ContextTokens int
	// Defaults of the conversation's turns.
	Defaults Settings
	// Library runs the model.
	Library string
	// Devices are where it runs.
	Devices []string
}

// ConversationOption says something about how a conversation is opened.
type ConversationOption func(*conversationOptions)

type conversationOptions struct {
	open     *adedv1.Open
	defaults []AnswerOption
	limit    time.Duration
}

// WithID names the conversation, 1 to 128 characters of A-Z a-z 0-9 . _ -, and resumes it if it is kept.
func WithID(id string) ConversationOption {
	return func(o *conversationOptions) { o.open.ConversationId = id }
}

// RequireResume fails with [NotFound] if there is nothing to resume.
func RequireResume() ConversationOption {
	return func(o *conversationOptions) { o.open.RequireResume = true }
}

// Retention is how long the server keeps the conversation after its stream ends, within its own limit.
func Retention(keep time.Duration) ConversationOption {
	return func(o *conversationOptions) { o.open.Retention = durationpb.New(keep) }
}

// WithDefaults says how turns are answered where they do not say otherwise.
func WithDefaults(options ...AnswerOption) ConversationOption {
	return func(o *conversationOptions) { o.defaults = append(o.defaults, options...) }
}

// OpenTimeout is how long opening may take; 30 s unless said otherwise.
func OpenTimeout(limit time.Duration) ConversationOption {
	return func(o *conversationOptions) { o.limit = limit }
}

// call is one stream of the conversation's; a turn that is tried again gets another.
type call struct {
	stream  grpc.BidiStreamingClient[adedv1.ConverseRequest, adedv1.ConverseResponse]
	ctx     context.Context
	stop    context.CancelCauseFunc
	opened  chan *adedv1.Opened
	over    chan struct{}
	failure *Error // set before over is closed
}

var (
	errOpenTimeout = errors.New("the conversation was not open in time")
	errEnded       = errors.New("the conversation was closed")
)

// Converse opens or resumes a conversation, and waits until it is open. When ctx is done the conversation ends.
func (c *Client) Converse(ctx context.Context, options ...ConversationOption) (*Conversation, error) {
	how := conversationOptions{open: &adedv1.Open{}, limit: 30 * time.Second}
	for _, option := range options {
		option(&how)
	}
	defaults := collect(how.defaults)
	if defaults.err != nil {
		return nil, defaults.err
	}
	how.open.Options, how.open.Reset_, how.open.Model = defaults.options(), defaults.resetMask(), defaults.model
	conversation := &Conversation{
		client: c, opening: how.open, limit: how.limit, timeout: defaults.timeout, tools: defaults.tools,
	}
	ctx, conversation.span = c.startSpan(ctx, "Converse")
	conversation.ctx, conversation.stop = context.WithCancelCause(ctx)
	limited, release := context.WithTimeout(conversation.ctx, how.limit)
	defer release()
	for attempt := 1; ; attempt++ {
		opened, info, failure := conversation.begin(limited, how.open)
		if failure == nil {
			conversation.opened(opened, info)
			return conversation, nil
		}
		if failure = c.retry.again(limited, attempt, failure); failure != nil {
			conversation.stop(errEnded)
			endSpan(conversation.span, failure)
			return nil, failure
		}
	}
}

// opened takes a call that may have ended by now.
func (c *Conversation) opened(made *call, info ConversationInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.call, c.info, c.failure = made, info, nil
	select {
	case <-made.over:
		c.failure = made.failure
		c.end(made.failure)
	default:
	}
}

// begin makes a call and waits until the server has opened the conversation, at most until ctx is done.
func (c *Conversation) begin(ctx context.Context, open *adedv1.Open) (*call, ConversationInfo, *Error) {
	made := &call{opened: make(chan *adedv1.Opened, 1), over: make(chan struct{})}
	made.ctx, made.stop = context.WithCancelCause(c.ctx)
	unhook := context.AfterFunc(ctx, func() { made.stop(errOpenTimeout) })
	stream, err := c.client.inference.Converse(made.ctx)
	if err == nil {
		made.stream = stream
		// What sending fails with is told by receiving.
		_ = stream.Send(&adedv1.ConverseRequest{Event: &adedv1.ConverseRequest_Open{Open: open}})
		go c.pump(made)
		select {
		case opened := <-made.opened:
			if unhook() {
				return made, infoOf(opened), nil
			}
			err = context.Cause(made.ctx)
		case <-made.over:
			err = made.failure
		}
	}
	unhook()
	late := errors.Is(context.Cause(made.ctx), errOpenTimeout)
	made.stop(errEnded)
	if late && c.ctx.Err() == nil {
		return nil, ConversationInfo{}, &Error{
			Kind: DeadlineExceeded, Reason: ReasonClientTimeout, Message: errOpenTimeout.Error(),
			cause: context.DeadlineExceeded,
		}
	}
	return nil, ConversationInfo{}, ofCall(c.ctx, err)
}

func infoOf(opened *adedv1.Opened) ConversationInfo {
	return ConversationInfo{
		ID: opened.GetConversationId(), Resumed: opened.GetResumed(), HistoryTokens: int(opened.GetHistoryTokens()),
		Retention: duration(opened.GetRetention()), Model: opened.GetModel(), ContextTokens: int(opened.GetContextTokens()),
		Defaults: settingsOf(opened.GetOptions()), Library: opened.GetLibrary(), Devices: opened.GetDevices(),
	}
}

// Info is what the server opened.
func (c *Conversation) Info() ConversationInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

// Ask says something as the user and starts the next turn. A turn that was left early is waited for before this one is
// sent. Failures come with the events; [WrongCall] if the previous answer is still being read. When ctx is done the
// turn ends, not the conversation.
func (c *Conversation) Ask(ctx context.Context, prompt string, options ...AnswerOption) *AnswerStream {
	return c.AskPrompt(ctx, userPrompt(prompt), options...)
}

// AskPrompt is [Conversation.Ask] for prompts of any kind.
func (c *Conversation) AskPrompt(ctx context.Context, prompt Prompt, options ...AnswerOption) *AnswerStream {
	return c.answer(ctx, prompt, collect(options))
}

func (c *Conversation) answer(ctx context.Context, prompt Prompt, how *answerOptions) *AnswerStream {
	if how.err != nil {
		return failedStream(how.err)
	}
	message := &adedv1.Turn{Options: how.options(), Reset_: how.resetMask()}
	prompt.turn(message)
	t := &turn{conversation: c, message: message, events: make(chan Event), gone: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.requireOpen(); err != nil {
		return failedStream(err)
	}
	if c.next != nil || (c.current != nil && !c.current.left) {
		return failedStream(newError(WrongCall, ReasonTurnRunning,
			"the previous answer is still running; read it to its end or close it first"))
	}
	limit := how.timeout
	if limit == 0 {
		limit = c.timeout
	}
	ctx, t.stop = context.WithCancelCause(ctx)
	release := func() {}
	if limit > 0 {
		ctx, release = context.WithTimeout(ctx, limit)
	}
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = trace.ContextWithSpan(ctx, c.span)
	}
	t.ctx, t.span = c.client.tracer.Start(ctx, "aded.turn")
	unhook := context.AfterFunc(t.ctx, t.leave)
	t.release = func() { unhook(); t.stop(errClosed); release() }
	t.call = c.call
	if c.current == nil {
		c.start(t)
	} else {
		c.next = t
	}
	return &AnswerStream{source: t}
}

// Update changes how the turns that follow are answered: what is said replaces what was in force, what is [Reset]
// returns to the server's own default, the rest stays. A turn that is running is not affected.
func (c *Conversation) Update(options ...AnswerOption) error {
	how := collect(options)
	if how.err != nil {
		return how.err
	}
	update := &adedv1.Update{Options: how.message, UpdateMask: how.updateMask()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.requireOpen(); err != nil {
		return err
	}
	c.send(&adedv1.ConverseRequest{Event: &adedv1.ConverseRequest_Update{Update: update}})
	c.updates = append(c.updates, update)
	if how.timeout > 0 {
		c.timeout = how.timeout
	}
	if how.tools != nil {
		c.tools = how.tools
	}
	return nil
}

// updateMask names what changes beside what is reset; nil if nothing is reset, since then what is set is what changes.
func (o *answerOptions) updateMask() *fieldmaskpb.FieldMask {
	if len(o.reset) == 0 {
		return nil
	}
	paths := append([]string(nil), o.reset...)
	o.message.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch field.Name() {
		case "sampling", "draft", "reasoning": // taken over field by field
			value.Message().Range(func(inner protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
				paths = append(paths, string(field.Name())+"."+string(inner.Name()))
				return true
			})
		default:
			paths = append(paths, string(field.Name()))
		}
		return true
	})
	return &fieldmaskpb.FieldMask{Paths: paths}
}

// Finish says that no more turns follow. The server completes the one that is running, which is still to be read.
func (c *Conversation) Finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && !c.finished && c.failure == nil {
		c.finished = true
		_ = c.call.stream.CloseSend()
	}
}

// Close ends the conversation. A running answer is cancelled; else the server's end of it is waited for, a second at
// most. An error is never returned; the signature is io.Closer's.
func (c *Conversation) Close() error {
	c.mu.Lock()
	closed, idle, last := c.closed, c.failure == nil && c.current == nil, c.call
	c.closed = true
	if !closed && idle && !c.finished {
		_ = last.stream.CloseSend()
	}
	c.mu.Unlock()
	if !closed && idle {
		timer := time.NewTimer(time.Second)
		defer timer.Stop()
		select {
		case <-last.over:
		case <-timer.C:
		}
	}
	c.stop(errEnded)
	return nil
}

func (c *Conversation) requireOpen() error {
	switch {
	case c.closed, c.finished:
		return newError(WrongCall, ReasonClosed, "the conversation was closed")
	default:
		return asError(c.failure)
	}
}

// send sends under the lock. What it fails with is told by receiving.
func (c *Conversation) send(request *adedv1.ConverseRequest) { _ = c.call.stream.Send(request) }

func (c *Conversation) start(t *turn) {
	c.current = t
	c.sent++
	t.number = c.sent
	c.send(&adedv1.ConverseRequest{Event: &adedv1.ConverseRequest_Turn{Turn: t.message}})
}

// pump receives what the server sends, one message at a time: the next one when this one was taken.
func (c *Conversation) pump(from *call) {
	for {
		response, err := from.stream.Recv()
		if err != nil {
			c.ended(from, err)
			return
		}
		if opened := response.GetOpened(); opened != nil {
			select {
			case from.opened <- opened:
			default: // it comes once
			}
			continue
		}
		event := eventOf(response)
		if event == nil {
			continue // of a later version of the API
		}
		if receiver := c.receiver(event); receiver != nil {
			select {
			case receiver.events <- event:
			case <-receiver.gone:
			case <-from.ctx.Done():
			}
		}
	}
}

// receiver is the turn that an event is for; nil if nobody waits for it.
func (c *Conversation) receiver(event Event) *turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	receiver := c.current
	if finished, last := event.(Finished); last && receiver != nil {
		// Before the reader hears of it, who may ask for the next turn at once.
		describe(receiver.span, finished)
		c.current = nil
		if c.next != nil {
			waiting := c.next
			c.next = nil
			c.start(waiting)
		}
	}
	if receiver == nil || receiver.left {
		return nil
	}
	return receiver
}

// ended notes how a call ended.
func (c *Conversation) ended(from *call, err error) {
	failure := newError(Unavailable, ReasonConversationEnded, "the server ended the conversation")
	if !errors.Is(err, io.EOF) {
		failure = ofCall(from.ctx, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	from.failure = failure
	if c.call == from {
		c.failure, c.current, c.next = failure, nil, nil
		c.end(failure)
	}
	from.stop(errEnded)
	close(from.over)
}

func (c *Conversation) end(failure *Error) {
	if c.closed || c.finished {
		failure = nil
	}
	endSpan(c.span, failure)
}

// turn is one turn, as the source of its answer's events.
type turn struct {
	conversation *Conversation
	message      *adedv1.Turn
	ctx          context.Context
	stop         context.CancelCauseFunc
	release      func()
	span         trace.Span
	call         *call
	events       chan Event
	gone         chan struct{}
	number       int
	attempt      int
	begun        bool
	left         bool // under the conversation's lock
	ending       sync.Once
}

func (t *turn) next() (Event, *Error) {
	for {
		select {
		case event := <-t.events:
			t.begun = true
			if _, last := event.(Finished); last {
				t.end(nil)
			}
			return event, nil
		case <-t.ctx.Done():
			t.leave()
			failure := ended(t.ctx)
			t.end(failure)
			return nil, failure
		case <-t.call.over:
			failure := t.call.failure
			if t.ctx.Err() != nil {
				failure = ended(t.ctx)
			} else if !t.begun {
				t.attempt++
				if t.conversation.canRepeat(t) {
					failure = t.conversation.client.retry.again(t.ctx, t.attempt, failure)
				}
				if failure == nil {
					failure = t.conversation.repeat(t)
				}
				if failure == nil {
					continue
				}
			}
			t.end(failure)
			return nil, failure
		}
	}
}

func (t *turn) end(failure *Error) {
	t.ending.Do(func() {
		endSpan(t.span, failure)
		t.release()
	})
}

func (t *turn) cancel() {
	c := t.conversation
	c.mu.Lock()
	current := c.current == t && !t.left
	if current {
		c.sendCancel()
	}
	waiting := c.next == t
	c.mu.Unlock()
	if waiting {
		t.abandon()
	}
}

func (t *turn) abandon() {
	t.end(newError(Cancelled, ReasonClientCancelled, ""))
	t.leave()
}

// leave tells the conversation that nobody reads this turn any more.
func (t *turn) leave() {
	c := t.conversation
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.left {
		return
	}
	t.left = true
	close(t.gone)
	switch {
	case c.next == t:
		c.next = nil
	case c.current == t:
		c.sendCancel()
	}
}

func (c *Conversation) sendCancel() {
	if c.failure == nil && !c.closed && !c.finished {
		c.send(&adedv1.ConverseRequest{Event: &adedv1.ConverseRequest_Cancel{Cancel: &adedv1.Cancel{}}})
	}
}

// canRepeat reports whether the conversation can be had as it was before a turn.
func (c *Conversation) canRepeat(t *turn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.number == 0 { // it waited for the end of one that was left
		t.number = c.sent + 1
	}
	kept := c.opening.GetConversationId() != "" && c.info.Retention > 0
	fresh := t.number == 1 && !c.info.Resumed
	return !c.closed && !c.finished && (kept || fresh)
}

// repeat has the conversation again as it was before a turn, and sends the turn.
func (c *Conversation) repeat(t *turn) *Error {
	c.mu.Lock()
	open := proto.Clone(c.opening).(*adedv1.Open)
	open.RequireResume = open.RequireResume || t.number > 1 || c.info.Resumed
	if open.RequireResume {
		open.Options, open.Reset_ = nil, nil // it has them already, and what was updated since
	}
	c.mu.Unlock()
	limited, release := context.WithTimeout(t.ctx, c.limit)
	defer release()
	for {
		again, info, failure := c.begin(limited, open)
		if failure != nil {
			t.attempt++
			if t.ctx.Err() != nil {
				return ended(t.ctx)
			}
			if failure = c.client.retry.again(limited, t.attempt, failure); failure == nil {
				continue
			}
			return failure
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.closed || t.left {
			again.stop(errEnded)
			return ended(t.ctx)
		}
		c.call, c.info, c.failure = again, info, nil
		if !info.Resumed {
			for _, update := range c.updates {
				c.send(&adedv1.ConverseRequest{Event: &adedv1.ConverseRequest_Update{Update: update}})
			}
		}
		t.call = again
		c.sent = t.number - 1
		c.start(t)
		return nil
	}
}
