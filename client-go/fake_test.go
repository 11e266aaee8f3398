package aded

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

// Fake is a sidecar that answers as it is told.
type Fake struct {
	adedv1.UnimplementedInferenceServiceServer
	adedv1.UnimplementedModelServiceServer
	adedv1.UnimplementedDraftServiceServer

	// Generating answers the calls of Generate by their number, from 1.
	Generating func(call int, request *adedv1.GenerateRequest, to grpc.ServerStreamingServer[adedv1.GenerateResponse]) error
	// Conversing answers the calls of Converse by their number, from 1, after they were opened.
	Conversing func(call int, open *adedv1.Open, with *Talk) error
	// Info is what GetServerInfo answers.
	Info func(call int) (*adedv1.GetServerInfoResponse, error)
	// Version is what the server says of itself.
	Version string

	Health *health.Server

	mu       sync.Mutex
	calls    map[string]int
	metadata []metadata.MD
}

// Talk is one stream of a conversation, on the server.
type Talk struct {
	grpc.BidiStreamingServer[adedv1.ConverseRequest, adedv1.ConverseResponse]
}

func (f *Fake) called(ctx context.Context, method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	received, _ := metadata.FromIncomingContext(ctx)
	f.metadata = append(f.metadata, received)
	f.calls[method]++
	if f.Version != "" {
		_ = grpc.SetHeader(ctx, metadata.Pairs("aded-server-version", f.Version))
	}
	return f.calls[method]
}

func (f *Fake) count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

func (f *Fake) last() metadata.MD {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.metadata[len(f.metadata)-1]
}

func (f *Fake) Generate(request *adedv1.GenerateRequest, to grpc.ServerStreamingServer[adedv1.GenerateResponse]) error {
	return f.Generating(f.called(to.Context(), "Generate"), request, to)
}

func (f *Fake) Converse(with grpc.BidiStreamingServer[adedv1.ConverseRequest, adedv1.ConverseResponse]) error {
	call := f.called(with.Context(), "Converse")
	first, err := with.Recv()
	if err != nil {
		return err
	}
	return f.Conversing(call, first.GetOpen(), &Talk{with})
}

func (f *Fake) GetServerInfo(ctx context.Context, _ *adedv1.GetServerInfoRequest) (*adedv1.GetServerInfoResponse, error) {
	return f.Info(f.called(ctx, "GetServerInfo"))
}

func (f *Fake) Tokenize(ctx context.Context, request *adedv1.TokenizeRequest) (*adedv1.TokenizeResponse, error) {
	f.called(ctx, "Tokenize")
	response := &adedv1.TokenizeResponse{}
	for _, letter := range request.GetText() {
		response.Tokens = append(response.Tokens, letter)
	}
	return response, nil
}

func (f *Fake) Detokenize(ctx context.Context, request *adedv1.DetokenizeRequest) (*adedv1.DetokenizeResponse, error) {
	f.called(ctx, "Detokenize")
	text := ""
	for _, token := range request.GetTokens() {
		text += string(rune(token))
	}
	return &adedv1.DetokenizeResponse{Text: text}, nil
}

// Register puts the fake's services into a server.
func (f *Fake) Register(server *grpc.Server) {
	f.calls = map[string]int{}
	f.Health = health.NewServer()
	f.Health.SetServingStatus("aded.v1.InferenceService", grpc_health_v1.HealthCheckResponse_SERVING)
	adedv1.RegisterInferenceServiceServer(server, f)
	adedv1.RegisterModelServiceServer(server, f)
	adedv1.RegisterDraftServiceServer(server, f)
	grpc_health_v1.RegisterHealthServer(server, f.Health)
}

// quick retries without a noticeable pause.
var quick = RetryPolicy{Attempts: 4, Initial: time.Millisecond, Max: time.Millisecond}

// connect serves the fake in memory and gives a client of it.
func connect(t *testing.T, fake *Fake, options ...ClientOption) *Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	fake.Register(server)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	dial := WithDialOptions(
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	client, err := Dial("passthrough:fake", append([]ClientOption{dial, WithRetry(quick)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func delta(text string) *adedv1.GenerateResponse {
	return &adedv1.GenerateResponse{Event: &adedv1.GenerateResponse_Delta{Delta: &adedv1.Delta{Text: text, Tokens: []int32{1}}}}
}

func finished() *adedv1.GenerateResponse {
	return &adedv1.GenerateResponse{Event: &adedv1.GenerateResponse_Finished{Finished: &adedv1.Finished{
		Reason: adedv1.FinishReason_FINISH_REASON_STOP}}}
}

// Opened says that the conversation is open.
func (t *Talk) Opened(opened *adedv1.Opened) error {
	return t.Send(&adedv1.ConverseResponse{Event: &adedv1.ConverseResponse_Opened{Opened: opened}})
}

// Delta lets the answer grow.
func (t *Talk) Delta(text string) error {
	return t.Send(&adedv1.ConverseResponse{Event: &adedv1.ConverseResponse_Delta{Delta: &adedv1.Delta{Text: text, Tokens: []int32{1}}}})
}

// Finished ends the answer.
func (t *Talk) Finished(reason adedv1.FinishReason) error {
	return t.Send(&adedv1.ConverseResponse{Event: &adedv1.ConverseResponse_Finished{Finished: &adedv1.Finished{Reason: reason}}})
}

// Echo answers each turn with its prompt, letter by letter; a prompt of "wait" grows by one letter and then waits for a
// cancel; one of "fail" fails.
func (t *Talk) Echo() error {
	for {
		request, err := t.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		turn := request.GetTurn()
		if turn == nil {
			continue
		}
		reason := adedv1.FinishReason_FINISH_REASON_STOP
		switch turn.GetPrompt() {
		case "wait":
			if err := t.Delta("w"); err != nil {
				return err
			}
			for {
				if request, err = t.Recv(); err != nil || request.GetCancel() != nil {
					break
				}
			}
			if err == nil {
				err = t.Delta("late")
			}
			reason = adedv1.FinishReason_FINISH_REASON_CANCELLED
		case "fail":
			return failure(codes.Internal, "BROKEN", 0)
		default:
			for _, letter := range turn.GetPrompt() {
				if err = t.Delta(string(letter)); err != nil {
					break
				}
			}
		}
		if err == nil {
			err = t.Finished(reason)
		}
		if err != nil {
			return err
		}
	}
}

func failure(code codes.Code, reason string, retry time.Duration) error {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Domain: "aded.io", Reason: reason}}
	if retry > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(retry)})
	}
	state, err := status.New(code, "told to").WithDetails(details...)
	if err != nil {
		panic(err)
	}
	return state.Err()
}

func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}
