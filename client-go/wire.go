package aded

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Version is this client's version.
const Version = "0.1.0"

// wire puts what every call carries in front of a connection: who calls, by what, with which token, in which trace.
type wire struct {
	client *Client
	conn   grpc.ClientConnInterface
}

// propagator is W3C's, as the API says, whatever the process has set for itself.
var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

func (w *wire) context(ctx context.Context) (context.Context, error) {
	pairs := append([]string{"aded-client-version", "aded-go/" + Version}, w.client.metadata...)
	if w.client.clientID != "" {
		pairs = append(pairs, "aded-client-id", w.client.clientID)
	}
	if w.client.token != nil {
		token, err := w.client.token(ctx)
		if err != nil {
			return nil, &Error{Kind: Denied, Message: "no token: " + err.Error(), cause: err}
		}
		pairs = append(pairs, "authorization", "Bearer "+token)
	}
	carrier := propagation.MapCarrier{}
	propagator.Inject(ctx, carrier)
	for name, value := range carrier {
		pairs = append(pairs, name, value)
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...), nil
}

// Invoke makes a call with one answer.
func (w *wire) Invoke(ctx context.Context, method string, request, response any, options ...grpc.CallOption) error {
	ctx, err := w.context(ctx)
	if err != nil {
		return err
	}
	var header metadata.MD
	err = w.conn.Invoke(ctx, method, request, response, append(options, grpc.Header(&header))...)
	w.client.heard(header)
	return err
}

// NewStream begins a call with a stream.
func (w *wire) NewStream(
	ctx context.Context, description *grpc.StreamDesc, method string, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	ctx, err := w.context(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := w.conn.NewStream(ctx, description, method, options...)
	if err != nil || w.client.versioned.Load() {
		return stream, err
	}
	return &versionedStream{stream, w.client}, nil
}

// versionedStream looks at what the first answer of a client says about the server.
type versionedStream struct {
	grpc.ClientStream
	client *Client
}

func (s *versionedStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err == nil && !s.client.versioned.Load() {
		if header, headerErr := s.Header(); headerErr == nil {
			s.client.heard(header)
		}
	}
	return err
}

// heard says once if the server's version does not go together with this client's.
func (c *Client) heard(header metadata.MD) {
	told := header.Get("aded-server-version")
	if len(told) == 0 || c.versioned.Swap(true) {
		return
	}
	ours, known := release(Version)
	theirs, readable := release(told[0])
	if !known || !readable || ours == theirs {
		return
	}
	older := "server"
	if slices.Compare(ours[:], theirs[:]) < 0 {
		older = "client"
	}
	c.logger.Warn("aded: client and server are of different releases: what the newer one added does not work; update the "+older,
		"client", Version, "server", told[0])
}

// release is what must be the same: major and minor version.
func release(version string) (of [2]int, known bool) {
	n, _ := fmt.Sscanf(version, "%d.%d", &of[0], &of[1])
	return of, n == 2
}

func tracerOf(provider trace.TracerProvider) trace.Tracer {
	if provider == nil {
		provider = otel.GetTracerProvider()
	}
	return provider.Tracer("aded.io/client-go", trace.WithInstrumentationVersion(Version))
}

// startSpan begins the span of a call, named as gRPC's conventions name them.
func (c *Client) startSpan(ctx context.Context, method string) (context.Context, trace.Span) {
	service := "aded.v1.InferenceService"
	switch method {
	case "GetModel", "ListModels", "GetServerInfo":
		service = "aded.v1.ModelService"
	case "GetDraftStatistics":
		service = "aded.v1.DraftService"
	}
	return c.tracer.Start(ctx, service+"/"+method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("rpc.system", "grpc"), attribute.String("rpc.service", service), attribute.String("rpc.method", method)))
}

// endSpan ends a span, as failed if there is a failure. No text of prompts or answers gets into it.
func endSpan(span trace.Span, failure *Error) {
	if failure != nil {
		span.SetAttributes(attribute.String("error.type", string(failure.Kind)))
		span.SetStatus(otelcodes.Error, failure.Reason)
	}
	span.End()
}

// describe tells a span what an answer cost.
func describe(span trace.Span, finished Finished) {
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("gen_ai.response.finish_reason", string(finished.Reason)),
			attribute.Int("gen_ai.usage.input_tokens", finished.Usage.PromptTokens),
			attribute.Int("gen_ai.usage.output_tokens", finished.Usage.CompletionTokens),
			attribute.Float64("aded.mean_acceptance_length", finished.Speculation.MeanAcceptanceLength),
		)
	}
}
