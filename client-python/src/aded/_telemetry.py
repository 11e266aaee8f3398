"""Traces by OpenTelemetry's API, if it is installed; else nothing."""

from __future__ import annotations

from typing import Any

try:
    from opentelemetry import propagate, trace
except ImportError:
    propagate = None  # type: ignore[assignment]
    trace = None  # type: ignore[assignment]

_TRACER = "io.aded.client.python"


class CallSpan:
    """The span of one call, from its beginning to its end; what it adds to the metadata makes the server's spans its
    children."""

    def __init__(self, method: str, enabled: bool) -> None:
        self._span: Any = None
        if enabled and trace is not None:
            service, name = method.strip("/").split("/")
            self._span = trace.get_tracer(_TRACER).start_span(
                method.strip("/"),
                kind=trace.SpanKind.CLIENT,
                attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": name},
            )

    def metadata(self) -> list[tuple[str, str]]:
        """W3C trace context, as `traceparent`, `tracestate` and `baggage`."""
        if self._span is None:
            return []
        carrier: dict[str, str] = {}
        propagate.inject(carrier, context=trace.set_span_in_context(self._span))
        return list(carrier.items())

    def finished(self, finished: Any) -> None:
        """What an answer cost, by the names of OpenTelemetry's conventions for generative models."""
        if self._span is not None:
            self._span.set_attributes(
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.usage.input_tokens": finished.usage.prompt_tokens,
                    "gen_ai.usage.output_tokens": finished.usage.completion_tokens,
                    "gen_ai.response.finish_reasons": [finished.reason.lower()],
                    "aded.mean_acceptance_length": finished.speculation.mean_acceptance_length,
                }
            )

    def end(self, failure: Any = None) -> None:
        """Ends it, once; as an error after a failure."""
        span, self._span = self._span, None
        if span is not None:
            if failure is not None:
                span.set_attribute("error.type", failure.reason or failure.kind)
                span.set_status(trace.Status(trace.StatusCode.ERROR, str(failure)))
            span.end()
