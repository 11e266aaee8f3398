package io.aded.client;

import com.google.protobuf.Any;
import com.google.protobuf.util.Durations;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.Delta;
import io.aded.v1.FinishReason;
import io.aded.v1.Finished;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Opened;
import io.aded.v1.ToolCallDelta;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A server whose turns are said beforehand: what each gives, in order, whichever call it comes in. Single answers are
 * turns too. A turn that nobody scripted stays silent until it is cancelled.
 */
final class ScriptedTurns extends InferenceServiceGrpc.InferenceServiceImplBase implements AutoCloseable {
    /** What becomes of a turn: events, then perhaps a failure of the call. */
    private record Turn(List<ConverseResponse> events, com.google.rpc.Status failure) {}

    final List<List<ConverseRequest>> calls = new CopyOnWriteArrayList<>();
    final List<GenerateRequest> generated = new CopyOnWriteArrayList<>();
    final ManagedChannel channel;
    final AdedClient client;
    private final Queue<Turn> turns = new ConcurrentLinkedQueue<>();
    private final Server server;
    private volatile Duration retention = Duration.ZERO;

    ScriptedTurns() {
        String name = UUID.randomUUID().toString();
        try {
            server = InProcessServerBuilder.forName(name)
                    .addService(this)
                    .build()
                    .start();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        channel = InProcessChannelBuilder.forName(name).build();
        client = AdedClient.builder(channel)
                .retry(new RetryPolicy(3, Duration.ofMillis(1), Duration.ofSeconds(1)))
                .build();
    }

    /** Conversations are kept for so long from now on. */
    ScriptedTurns keeping(Duration time) {
        retention = time;
        return this;
    }

    ScriptedTurns says(String... texts) {
        List<ConverseResponse> events = new ArrayList<>();
        for (String text : texts) {
            events.add(ConverseResponse.newBuilder()
                    .setDelta(Delta.newBuilder().setText(text).addTokens(1))
                    .build());
        }
        events.add(finished(FinishReason.FINISH_REASON_STOP));
        return turn(events);
    }

    /** Calls of tools, each a name and its arguments; their ids are {@code call-1} and so on. */
    ScriptedTurns wants(String... namesAndArguments) {
        List<ConverseResponse> events = new ArrayList<>();
        for (int i = 0; i < namesAndArguments.length; i += 2) {
            events.add(ConverseResponse.newBuilder()
                    .setToolCallDelta(ToolCallDelta.newBuilder()
                            .setIndex(i / 2)
                            .setId("call-" + (i / 2 + 1))
                            .setName(namesAndArguments[i])
                            .setArguments(namesAndArguments[i + 1]))
                    .build());
        }
        events.add(finished(FinishReason.FINISH_REASON_TOOL_CALLS));
        return turn(events);
    }

    ScriptedTurns isCutAfter(String text) {
        return turn(List.of(
                ConverseResponse.newBuilder()
                        .setDelta(Delta.newBuilder().setText(text))
                        .build(),
                finished(FinishReason.FINISH_REASON_LENGTH)));
    }

    ScriptedTurns fails(Code code, String reason, Duration retryAfter, String... textsBefore) {
        List<ConverseResponse> events = new ArrayList<>();
        for (String text : textsBefore) {
            events.add(ConverseResponse.newBuilder()
                    .setDelta(Delta.newBuilder().setText(text))
                    .build());
        }
        turns.add(new Turn(
                events,
                com.google.rpc.Status.newBuilder()
                        .setCode(code.getNumber())
                        .setMessage("scripted")
                        .addDetails(Any.pack(ErrorInfo.newBuilder()
                                .setDomain("aded.io")
                                .setReason(reason)
                                .build()))
                        .addDetails(Any.pack(RetryInfo.newBuilder()
                                .setRetryDelay(Durations.fromNanos(retryAfter.toNanos()))
                                .build()))
                        .build()));
        return this;
    }

    private ScriptedTurns turn(List<ConverseResponse> events) {
        turns.add(new Turn(events, com.google.rpc.Status.getDefaultInstance()));
        return this;
    }

    private static ConverseResponse finished(FinishReason reason) {
        return ConverseResponse.newBuilder()
                .setFinished(Finished.newBuilder().setReason(reason))
                .build();
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
        generated.add(request);
        Turn turn = turns.poll();
        if (turn == null) {
            return;
        }
        for (ConverseResponse event : turn.events()) {
            GenerateResponse.Builder response = GenerateResponse.newBuilder();
            responses.onNext(
                    event.hasFinished()
                            ? response.setFinished(event.getFinished()).build()
                            : response.setDelta(event.getDelta()).build());
        }
        if (turn.failure().getCode() != 0) {
            responses.onError(StatusProto.toStatusRuntimeException(turn.failure()));
        } else {
            responses.onCompleted();
        }
    }

    @Override
    public StreamObserver<ConverseRequest> converse(StreamObserver<ConverseResponse> responses) {
        List<ConverseRequest> requests = new CopyOnWriteArrayList<>();
        calls.add(requests);
        return new StreamObserver<>() {
            @Override
            public void onNext(ConverseRequest request) {
                requests.add(request);
                if (request.hasOpen()) {
                    String id = request.getOpen().getConversationId();
                    responses.onNext(ConverseResponse.newBuilder()
                            .setOpened(Opened.newBuilder()
                                    .setConversationId(id.isEmpty() ? "made-up" : id)
                                    .setResumed(request.getOpen().getRequireResume())
                                    .setRetention(Durations.fromNanos(retention.toNanos())))
                            .build());
                } else if (request.hasTurn()) {
                    answer();
                } else if (request.hasCancel()) {
                    responses.onNext(finished(FinishReason.FINISH_REASON_CANCELLED));
                }
            }

            private void answer() {
                Turn turn = turns.poll();
                if (turn == null) {
                    return;
                }
                turn.events().forEach(responses::onNext);
                if (turn.failure().getCode() != 0) {
                    responses.onError(StatusProto.toStatusRuntimeException(turn.failure()));
                }
            }

            @Override
            public void onError(Throwable thrown) {}

            @Override
            public void onCompleted() {
                responses.onCompleted();
            }
        };
    }

    @Override
    public void close() {
        client.close();
        channel.shutdownNow();
        server.shutdownNow();
    }
}
