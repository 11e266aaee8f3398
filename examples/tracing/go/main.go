// Command tracing makes one trace from this program into the server, whose spans, down to draft and verify, are descendants
// of the span here. The client needs OpenTelemetry's API alone; this program prints its own spans. A server that exports its
// own, such as `OTEL_TRACES_EXPORTER=otlp ./aded serve`, sends the rest of the same trace to where it is told.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"go.opentelemetry.io/otel"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	aded "aded.io/client-go"
)

// printer shows spans as they end.
type printer struct{}

func (printer) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	for _, span := range spans {
		fmt.Printf("[span %s: %v, parent %v]\n", span.Name(), span.EndTime().Sub(span.StartTime()), span.Parent().SpanID())
	}
	return nil
}

func (printer) Shutdown(context.Context) error { return nil }

func main() {
	otel.SetTracerProvider(sdk.NewTracerProvider(sdk.WithSyncer(printer{})))
	ctx, span := otel.Tracer("example").Start(context.Background(), "a question")
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	answer, err := client.Chat(ctx, "Name three rivers.", aded.MaxTokens(32))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
	span.End()
	fmt.Println("trace", span.SpanContext().TraceID())
}
