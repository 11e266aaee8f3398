package aded

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

// Client is one connection to a sidecar. Cheap to use from many goroutines at once; open one and keep it.
//
// The connection is made when it is first needed and again whenever it breaks. [Client.WaitReady] waits for a sidecar
// that is still loading its model.
type Client struct {
	conn      grpc.ClientConnInterface
	own       *grpc.ClientConn
	inference adedv1.InferenceServiceClient
	models    adedv1.ModelServiceClient
	drafts    adedv1.DraftServiceClient
	clientID  string
	token     func(context.Context) (string, error)
	metadata  []string
	timeout   time.Duration
	retry     RetryPolicy
	tracer    trace.Tracer
	logger    *slog.Logger
	versioned atomic.Bool

	mu sync.Mutex
	// ending are answers that were read to their end, until the server has ended their calls.
	ending map[*single]chan struct{}
}

// Dial makes a client. Without TLS, as one does to a sidecar on the same machine, unless an option says otherwise.
// Nothing is sent yet. The target is HOST:PORT, unix:PATH, or any other that gRPC understands.
func Dial(target string, options ...ClientOption) (*Client, error) {
	settings := clientSettings{timeout: 30 * time.Second, retry: DefaultRetry}
	for _, option := range options {
		option(&settings)
	}
	client := &Client{
		clientID: settings.clientID,
		token:    settings.token,
		metadata: settings.metadata,
		timeout:  settings.timeout,
		retry:    settings.retry,
		tracer:   tracerOf(settings.tracers),
		logger:   settings.logger,
		ending:   map[*single]chan struct{}{},
	}
	if client.logger == nil {
		client.logger = slog.Default()
	}
	base := settings.conn
	if base == nil {
		transport, err := settings.credentials()
		if err != nil {
			return nil, &Error{Kind: InvalidRequest, Reason: ReasonInvalidOption, Message: err.Error(), cause: err}
		}
		dial := append([]grpc.DialOption{
			grpc.WithTransportCredentials(transport),
			grpc.WithDisableRetry(), // RetryPolicy does it; twice over would multiply
			// The window is fixed, so that what lies unread of a stream is bounded.
			grpc.WithInitialWindowSize(streamWindow),
			grpc.WithInitialConnWindowSize(connectionWindow),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(largestMessage)),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff: backoff.Config{
					BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second,
				},
				MinConnectTimeout: 10 * time.Second,
			}),
		}, settings.dial...)
		own, err := grpc.NewClient(target, dial...)
		if err != nil {
			return nil, &Error{Kind: InvalidRequest, Reason: ReasonInvalidOption, Message: err.Error(), cause: err}
		}
		client.own, base = own, own
	}
	client.conn = &wire{client: client, conn: base}
	client.inference = adedv1.NewInferenceServiceClient(client.conn)
	client.models = adedv1.NewModelServiceClient(client.conn)
	client.drafts = adedv1.NewDraftServiceClient(client.conn)
	return client, nil
}

const (
	// streamWindow is HTTP/2's smallest usual window: some hundred deltas.
	streamWindow     = 64 << 10
	connectionWindow = 1 << 20
	// largestMessage lifts gRPC's limit of 4 MiB: what a server sends was asked for.
	largestMessage = 1<<31 - 1
)

// Close ends every call under way and closes the connection, unless it was given by [WithConn]. Where an answer was read to
// its end and the server has not ended its call yet, that is waited for, a second at most.
func (c *Client) Close() error {
	if c.own == nil {
		return nil
	}
	c.mu.Lock()
	ending := slices.Collect(maps.Values(c.ending))
	c.mu.Unlock()
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	for _, over := range ending {
		select {
		case <-over:
		case <-limit.C:
			return c.own.Close()
		}
	}
	return c.own.Close()
}

// ends says that an answer waits for the end of its call; what it gives says that it has come.
func (c *Client) ends(answer *single) func() {
	over := make(chan struct{})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending[answer] = over
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.ending, answer)
		close(over)
	}
}

// Stream answers one prompt of the user and forgets it. The server is at work from now on. Failures come with the
// events. What ctx's deadline or [Timeout] allow travels to the server.
func (c *Client) Stream(ctx context.Context, prompt string, options ...AnswerOption) *AnswerStream {
	return c.StreamPrompt(ctx, userPrompt(prompt), options...)
}

// StreamPrompt is [Client.Stream] for prompts of any kind.
func (c *Client) StreamPrompt(ctx context.Context, prompt Prompt, options ...AnswerOption) *AnswerStream {
	return c.answer(ctx, prompt, collect(options))
}

// Chat answers one prompt of the user and forgets it, and waits for the whole answer. If it fails, the answer holds
// what had arrived; it is never nil.
func (c *Client) Chat(ctx context.Context, prompt string, options ...AnswerOption) (*Answer, error) {
	return c.Stream(ctx, prompt, options...).Answer()
}

func (c *Client) answer(ctx context.Context, prompt Prompt, how *answerOptions) *AnswerStream {
	if how.err != nil {
		return failedStream(how.err)
	}
	request := &adedv1.GenerateRequest{Options: how.options(), Model: how.model}
	prompt.generate(request)
	return startSingle(ctx, c, request, how.timeout)
}

// Tokenize splits text into token ids. Text such as <|im_end|> stays text, and nothing is added around it.
func (c *Client) Tokenize(ctx context.Context, text string) ([]int32, error) {
	response, err := unary(ctx, c, "Tokenize", &adedv1.TokenizeRequest{Text: text}, c.inference.Tokenize)
	return response.GetTokens(), err
}

// Detokenize puts token ids back together; control tokens have no text.
func (c *Client) Detokenize(ctx context.Context, tokens []int32) (string, error) {
	response, err := unary(ctx, c, "Detokenize", &adedv1.DetokenizeRequest{Tokens: tokens}, c.inference.Detokenize)
	return response.GetText(), err
}

// TokenCount is the size of a prompt.
type TokenCount struct {
	// Tokens that the prompt takes.
	Tokens int
	// ContextTokens that the context holds, prompt and answer together.
	ContextTokens int
}

// CountTokens counts the tokens that a prompt would take, the chat template included, without running the model. Of the
// options [Tools], [ReasoningBudget], [TemplateVariables] and [Model] matter.
func (c *Client) CountTokens(ctx context.Context, prompt string, options ...AnswerOption) (TokenCount, error) {
	return c.CountPrompt(ctx, userPrompt(prompt), options...)
}

// CountPrompt is [Client.CountTokens] for prompts of other kinds.
func (c *Client) CountPrompt(ctx context.Context, prompt Prompt, options ...AnswerOption) (TokenCount, error) {
	how := collect(options)
	if how.err != nil {
		return TokenCount{}, how.err
	}
	request := &adedv1.CountTokensRequest{Options: how.options(), Model: how.model}
	if err := prompt.count(request); err != nil {
		return TokenCount{}, err
	}
	response, err := unary(ctx, c, "CountTokens", request, c.inference.CountTokens)
	return TokenCount{int(response.GetTokens()), int(response.GetContextTokens())}, err
}

// unary makes a call that has one answer, within the client's time limit and as often as its policy says.
func unary[Q, A any](
	ctx context.Context, c *Client, name string, request Q,
	call func(context.Context, Q, ...grpc.CallOption) (A, error),
) (A, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ctx, span := c.startSpan(ctx, name)
	for attempt := 1; ; attempt++ {
		response, err := call(ctx, request)
		if err == nil {
			endSpan(span, nil)
			return response, nil
		}
		if failure := c.retry.again(ctx, attempt, ofCall(ctx, err)); failure != nil {
			endSpan(span, failure)
			var none A
			return none, failure
		}
	}
}

// asError keeps a nil *Error from becoming an error that is not nil.
func asError(failure *Error) error {
	if failure == nil {
		return nil
	}
	return failure
}

// asFailure is what an error is as one of ours.
func asFailure(err error) *Error {
	var failure *Error
	if errors.As(err, &failure) {
		return failure
	}
	return decode(err)
}
