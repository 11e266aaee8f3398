package io.aded.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Spans and measurements of one engine's turns. Either half may be off. */
final class RecordingEngineTelemetry implements EngineTelemetry {
    private final String model;
    private final @Nullable Tracer tracer;
    private final @Nullable Instruments instruments;
    private final EpochClock clock;

    RecordingEngineTelemetry(
            String model, @Nullable Tracer tracer, @Nullable Instruments instruments, EpochClock clock) {
        this.model = model;
        this.tracer = tracer;
        this.instruments = instruments;
        this.clock = clock;
    }

    @Override
    public TurnTelemetry startTurn(Context parent, String operation) {
        long now = clock.nanoTime();
        Span span = tracer == null ? Span.getInvalid() : turnSpan(tracer, parent, operation, now);
        if (!span.isRecording() && instruments == null) {
            return TurnTelemetry.NONE;
        }
        return new RecordingTurn(operation, parent.with(span), span, now);
    }

    @Override
    public void count(Counter counter, long amount) {
        if (instruments != null) {
            instruments.count(counter, amount);
        }
    }

    private Span turnSpan(Tracer tracer, Context parent, String operation, long now) {
        SpanBuilder builder = tracer.spanBuilder(operation + " " + model)
                .setParent(parent)
                .setSpanKind(SpanKind.INTERNAL)
                .setStartTimestamp(clock.epochNanos(now), TimeUnit.NANOSECONDS)
                .setAttribute(TelemetryNames.OPERATION_NAME, operation)
                .setAttribute(TelemetryNames.PROVIDER_NAME, TelemetryNames.PROVIDER)
                .setAttribute(TelemetryNames.REQUEST_MODEL, model)
                .setAttribute(TelemetryNames.RESPONSE_MODEL, model);
        Attributes more = Telemetry.turnAttributes(parent);
        if (more != null) {
            builder.setAllAttributes(more);
        }
        return builder.startSpan();
    }

    /** Child spans are made after the fact, with the times that the engine took: nothing runs inside them. */
    private final class RecordingTurn implements TurnTelemetry {
        private final String operation;
        private final Context context;
        private final Span span;
        private final boolean traced;
        private final long startNanos;
        private int emittedTokens;
        private long firstTokenNanos;
        private long lastTokenNanos;

        RecordingTurn(String operation, Context context, Span span, long startNanos) {
            this.operation = operation;
            this.context = context;
            this.span = span;
            this.traced = span.isRecording();
            this.startNanos = startNanos;
        }

        @Override
        public boolean isRecording() {
            return true;
        }

        @Override
        public boolean isTraced() {
            return traced && tracer != null;
        }

        @Override
        public void prefill(long start, long end, int tokens, int cachedTokens) {
            count(Counter.PREFILLED_TOKENS, tokens);
            count(Counter.REUSED_TOKENS, cachedTokens);
            if (traced && tracer != null) {
                child(tracer, TelemetryNames.SPAN_PREFILL, start)
                        .setAttribute(TelemetryNames.PREFILL_TOKENS, tokens)
                        .setAttribute(TelemetryNames.PREFILL_CACHED, cachedTokens)
                        .startSpan()
                        .end(clock.epochNanos(end), TimeUnit.NANOSECONDS);
            }
        }

        @Override
        public void round(RoundRecord round) {
            if (instruments != null) {
                instruments.round(round);
            }
            if (traced && tracer != null) {
                RoundRecord.Draft draft = round.draft();
                RoundRecord.Verify verify = round.verify();
                span(tracer, TelemetryNames.SPAN_DRAFT, round, draft.startNanos(), draft.endNanos());
                span(tracer, TelemetryNames.SPAN_VERIFY, round, verify.startNanos(), verify.endNanos());
            }
        }

        private void span(Tracer tracer, String name, RoundRecord round, long start, long end) {
            SpanBuilder span = child(tracer, name, start)
                    .setAttribute(TelemetryNames.ROUND_INDEX, round.index())
                    .setAttribute(TelemetryNames.DRAFT_SOURCE, round.draft().source())
                    .setAttribute(TelemetryNames.DRAFT_NODES, round.draft().nodes())
                    .setAttribute(TelemetryNames.DRAFT_DEPTH, round.draft().depth())
                    .setAttribute(TelemetryNames.DRAFT_ACCEPTED, round.verify().accepted())
                    .setAttribute(TelemetryNames.BATCH_TOKENS, round.verify().batchTokens())
                    .setAttribute(TelemetryNames.BATCH_STREAMS, round.verify().batchStreams());
            RoundRecord.Draft draft = round.draft();
            if (!draft.nodeSources().isEmpty()) {
                span.setAttribute(TelemetryNames.DRAFT_NODE_SOURCES, draft.nodeSources());
            }
            if (draft.arm() != null && draft.armReason() != null) {
                span.setAttribute(TelemetryNames.DRAFT_ARM, draft.arm());
                span.setAttribute(TelemetryNames.DRAFT_ARM_REASON, draft.armReason());
            }
            span.startSpan().end(clock.epochNanos(end), TimeUnit.NANOSECONDS);
        }

        private SpanBuilder child(Tracer tracer, String name, long start) {
            return tracer.spanBuilder(name)
                    .setParent(context)
                    .setStartTimestamp(clock.epochNanos(start), TimeUnit.NANOSECONDS);
        }

        @Override
        public void emitted(int tokens, long nanos) {
            lastTokenNanos = nanos;
            if (emittedTokens == 0) {
                firstTokenNanos = nanos;
                if (instruments != null) {
                    instruments.firstToken(operation, nanos - startNanos);
                }
            }
            emittedTokens += tokens;
            count(Counter.EMITTED_TOKENS, tokens);
        }

        @Override
        public void end(
                String finishReason,
                int promptTokens,
                int cachedPromptTokens,
                int completionTokens,
                @Nullable Throwable failure) {
            long now = clock.nanoTime();
            if (instruments != null) {
                instruments.ended(
                        operation, finishReason, now - startNanos, lastTokenNanos - firstTokenNanos, emittedTokens);
            }
            if (!traced) {
                return;
            }
            span.setAttribute(TelemetryNames.FINISH_REASONS, List.of(finishReason));
            span.setAttribute(TelemetryNames.INPUT_TOKENS, promptTokens);
            span.setAttribute(TelemetryNames.CACHED_INPUT_TOKENS, cachedPromptTokens);
            span.setAttribute(TelemetryNames.OUTPUT_TOKENS, completionTokens);
            if (failure != null) {
                // The class says what failed; a message might quote what the caller sent.
                String type = failure.getClass().getSimpleName();
                span.setAttribute(TelemetryNames.ERROR_TYPE, type);
                span.setStatus(StatusCode.ERROR, type);
            }
            span.end(clock.epochNanos(now), TimeUnit.NANOSECONDS);
        }
    }
}
