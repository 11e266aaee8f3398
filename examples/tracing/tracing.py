"""One trace from this program into the server: its spans, down to draft and verify, are descendants of the span here.

The client needs OpenTelemetry's API alone; this program prints its own spans. A server that exports its own, such as
`OTEL_TRACES_EXPORTER=otlp ./aded serve`, sends the rest of the same trace to where it is told.
"""

import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from aded import Client

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)

with Client(sys.argv[1]) as client, trace.get_tracer("example").start_as_current_span("a question") as span:
    print(client.chat("Name three rivers.", max_tokens=32))
    print(f"trace {span.get_span_context().trace_id:032x}")
