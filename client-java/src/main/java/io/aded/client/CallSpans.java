package io.aded.client;

import io.aded.v1.ConverseResponse;
import io.aded.v1.Finished;
import io.aded.v1.GenerateResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapSetter;
import java.util.List;
import java.util.Locale;

/**
 * A span for each call, a try again being a call of its own. What it adds to the metadata makes the server's spans,
 * down to draft and verify, its descendants. Attributes have the names of OpenTelemetry's conventions for RPC and for
 * generative models.
 */
final class CallSpans implements ClientInterceptor {
    private static final String TRACER = "io.aded.client";

    /** Health checks are no part of anything that a caller would trace. */
    private static final String TRACED = "aded.v1.";

    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("rpc.system");
    private static final AttributeKey<String> SERVICE = AttributeKey.stringKey("rpc.service");
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("rpc.method");
    private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
    private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
    private static final AttributeKey<Long> INPUT = AttributeKey.longKey("gen_ai.usage.input_tokens");
    private static final AttributeKey<Long> OUTPUT = AttributeKey.longKey("gen_ai.usage.output_tokens");
    private static final AttributeKey<List<String>> REASONS =
            AttributeKey.stringArrayKey("gen_ai.response.finish_reasons");
    private static final AttributeKey<Double> ACCEPTANCE = AttributeKey.doubleKey("aded.mean_acceptance_length");

    private static final TextMapSetter<Metadata> HEADERS = (headers, name, value) -> {
        if (headers != null) {
            Metadata.Key<String> key = Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
            headers.discardAll(key);
            headers.put(key, value);
        }
    };

    /** The context of this thread. */
    static Object current() {
        return Context.current();
    }

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        ClientCall<Q, R> call = next.newCall(method, options);
        String service = String.valueOf(method.getServiceName());
        if (!service.startsWith(TRACED)) {
            return call;
        }
        Context parent = options.getOption(Telemetry.PARENT) instanceof Context given ? given : Context.current();
        return new SimpleForwardingClientCall<>(call) {
            @Override
            public void start(Listener<R> listener, Metadata headers) {
                OpenTelemetry telemetry = GlobalOpenTelemetry.getOrNoop();
                Span span = telemetry
                        .getTracer(TRACER)
                        .spanBuilder(method.getFullMethodName())
                        .setParent(parent)
                        .setSpanKind(SpanKind.CLIENT)
                        .setAttribute(SYSTEM, "grpc")
                        .setAttribute(SERVICE, service)
                        .setAttribute(METHOD, String.valueOf(method.getBareMethodName()))
                        .startSpan();
                telemetry.getPropagators().getTextMapPropagator().inject(parent.with(span), headers, HEADERS);
                super.start(span.isRecording() ? new Recorder<>(listener, span) : listener, headers);
            }
        };
    }

    /** Hears what becomes of a call. */
    private static final class Recorder<R> extends SimpleForwardingClientCallListener<R> {
        private final Span span;

        Recorder(ClientCall.Listener<R> listener, Span span) {
            super(listener);
            this.span = span;
        }

        @Override
        public void onMessage(R message) {
            if (message instanceof GenerateResponse answer && answer.hasFinished()) {
                span.setAllAttributes(attributes(answer.getFinished()));
            } else if (message instanceof ConverseResponse turn && turn.hasFinished()) {
                span.addEvent("turn", attributes(turn.getFinished()));
            }
            super.onMessage(message);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            Status.Code code = status.getCode();
            if (code != Status.Code.OK && code != Status.Code.CANCELLED) {
                AdedClientException failure = Failures.decode(status.asRuntimeException(trailers));
                span.setAttribute(ERROR, failure.reason().isEmpty() ? failure.code() : failure.reason());
                span.setStatus(StatusCode.ERROR, failure.message());
            }
            span.end();
            super.onClose(status, trailers);
        }

        private static Attributes attributes(Finished told) {
            AnswerEvent.Finished finished = ResponseReader.finished(told);
            return Attributes.builder()
                    .put(OPERATION, "chat")
                    .put(INPUT, (long) finished.usage().promptTokens())
                    .put(OUTPUT, (long) finished.usage().completionTokens())
                    .put(REASONS, List.of(finished.reason().name().toLowerCase(Locale.ROOT)))
                    .put(ACCEPTANCE, finished.speculation().meanAcceptanceLength())
                    .build();
        }
    }
}
