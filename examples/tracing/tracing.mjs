// One trace from this program into the server: its spans, down to draft and verify, are descendants of the span here.
//
// The client needs OpenTelemetry's API alone; this program prints its own spans. A server that exports its own, such as
// `OTEL_TRACES_EXPORTER=otlp ./aded serve`, sends the rest of the same trace to where it is told.
import { trace } from "@opentelemetry/api";
import { ConsoleSpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { Client } from "aded-client";

new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] }).register();

const client = new Client(process.argv[2]);
await trace.getTracer("example").startActiveSpan("a question", async (span) => {
  console.log((await client.chat("Name three rivers.", { maxTokens: 32 })).text);
  console.log(`trace ${span.spanContext().traceId}`);
  span.end();
});
client.close();
