package io.aded.client;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.aded.v1.Chat;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.CountTokensResponse;
import io.aded.v1.Delta;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.DetokenizeResponse;
import io.aded.v1.DraftArm;
import io.aded.v1.DraftModelStatistics;
import io.aded.v1.DraftNode;
import io.aded.v1.DraftPolicy;
import io.aded.v1.DraftServiceGrpc;
import io.aded.v1.Drafter;
import io.aded.v1.DrafterStatistics;
import io.aded.v1.FieldLimits;
import io.aded.v1.FinishReason;
import io.aded.v1.Finished;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.GetModelRequest;
import io.aded.v1.GetModelResponse;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.GetServerInfoResponse;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Limits;
import io.aded.v1.ListModelsRequest;
import io.aded.v1.ListModelsResponse;
import io.aded.v1.Load;
import io.aded.v1.Model;
import io.aded.v1.ModelServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Opened;
import io.aded.v1.PreparationLimits;
import io.aded.v1.Round;
import io.aded.v1.SpeculationStatistics;
import io.aded.v1.TokenizeRequest;
import io.aded.v1.TokenizeResponse;
import io.aded.v1.Usage;
import io.aded.v1.VocabularyInfo;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A sidecar without a model: what it answers is written in the prompt, so that tests read as they run.
 *
 * <p>The last message, or the raw text, is one of
 *
 * <ul>
 *   <li>{@code count N}: N deltas, {@code "1 "}, {@code "2 "} and so on, then finished;
 *   <li>{@code forever}: deltas as long as the transport takes them, until cancelled;
 *   <li>{@code silent}: nothing, until cancelled;
 *   <li>{@code fail N CODE}: N deltas, then that status with every detail that the real server attaches;
 *   <li>{@code stop short N}: N deltas, then OK without a finished;
 *   <li>anything else: itself, word by word.
 * </ul>
 *
 * Within a conversation the first delta is preceded by the number of turns so far if the prompt is {@code turn}.
 */
final class FakeSidecar {
    final AtomicInteger deltasSent = new AtomicInteger();
    final AtomicInteger cancelledCalls = new AtomicInteger();
    final Queue<Metadata> headers = new ConcurrentLinkedQueue<>();
    final Queue<ConverseRequest> conversed = new ConcurrentLinkedQueue<>();
    final Queue<GenerateRequest> generated = new ConcurrentLinkedQueue<>();
    volatile @Nullable Deadline deadline;

    <T extends ServerBuilder<T>> T addTo(T builder) {
        return builder.addService(inference())
                .addService(models())
                .addService(drafting())
                .intercept(recordHeaders());
    }

    private ServerInterceptor recordHeaders() {
        return new ServerInterceptor() {
            @Override
            public <Q, R> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, R> call, Metadata metadata, ServerCallHandler<Q, R> next) {
                headers.add(metadata);
                return Contexts.interceptCall(Context.current(), call, metadata, next);
            }
        };
    }

    /** What the prompt asks for, sent as the transport takes it. Everything happens on the call's executor. */
    private final class Script {
        private final String[] words;
        private final int deltas;
        private final boolean rounds;
        private final Consumer<Object> emit;
        private final Consumer<@Nullable StatusRuntimeException> end;
        private int sent;
        private boolean over;

        Script(String prompt, boolean rounds, Consumer<Object> emit, Consumer<@Nullable StatusRuntimeException> end) {
            this.words = prompt.split(" ");
            this.rounds = rounds;
            this.emit = emit;
            this.end = end;
            deltas = switch (words[0]) {
                case "count", "fail" -> Integer.parseInt(words[1]);
                case "stop" -> Integer.parseInt(words[2]);
                case "forever" -> Integer.MAX_VALUE;
                case "silent" -> 0;
                default -> words.length;
            };
        }

        /** Sends what can be sent now; true once the answer is over. */
        boolean advance(ServerCallStreamObserver<?> call) {
            while (!over && call.isReady() && !call.isCancelled() && sent < deltas) {
                String text = isEcho() ? (sent == 0 ? "" : " ") + words[sent] : (sent + 1) + " ";
                sent++;
                deltasSent.incrementAndGet();
                emit.accept(Delta.newBuilder().setText(text).addTokens(sent).build());
                if (rounds) {
                    emit.accept(round());
                }
            }
            if (!over && sent == deltas && !call.isCancelled() && !words[0].equals("silent")) {
                over = true;
                switch (words[0]) {
                    case "fail" -> end.accept(failure(Code.valueOf(words[2])));
                    case "stop" -> end.accept(null);
                    default -> emit.accept(finished(FinishReason.FINISH_REASON_STOP));
                }
            }
            return over;
        }

        void cancel() {
            if (!over) {
                over = true;
                emit.accept(finished(FinishReason.FINISH_REASON_CANCELLED));
            }
        }

        private boolean isEcho() {
            return switch (words[0]) {
                case "count", "fail", "stop", "forever", "silent" -> false;
                default -> true;
            };
        }

        private Round round() {
            return Round.newBuilder()
                    .setIndex(sent - 1)
                    .setDrafter("aded")
                    .addNodes(DraftNode.newBuilder()
                            .setToken(7)
                            .setText("r")
                            .setParent(-1)
                            .setProbability(1))
                    .addNodes(DraftNode.newBuilder()
                            .setToken(sent)
                            .setText(sent + " ")
                            .setParent(0)
                            .setProbability(0.5f)
                            .setAccepted(true)
                            .setSource("suffix"))
                    .addEmittedTokens(sent)
                    .setProposedNodes(3)
                    .setBatchTokens(2)
                    .setBatchStreams(1)
                    .setDraftTime(Duration.newBuilder().setNanos(1_000))
                    .setVerifyTime(Duration.newBuilder().setNanos(2_000_000))
                    .build();
        }

        private Finished finished(FinishReason reason) {
            return Finished.newBuilder()
                    .setReason(reason)
                    .setSeed(-2)
                    .setUsage(Usage.newBuilder()
                            .setPromptTokens(words.length)
                            .setCachedPromptTokens(1)
                            .setCompletionTokens(sent)
                            .setQueueTime(Duration.newBuilder().setNanos(5))
                            .setTimeToFirstToken(Duration.newBuilder().setNanos(6))
                            .setTotalTime(Duration.newBuilder().setSeconds(1).setNanos(7)))
                    .setSpeculation(SpeculationStatistics.newBuilder()
                            .setNumSpecSteps(2)
                            .setNumSteps(3)
                            .setNumDraftTokens(8)
                            .setNumAcceptedDraftTokens(4)
                            .setMeanAcceptanceLength(3)
                            .setDraftAcceptanceRate(0.5)
                            .addAllAcceptanceHistogram(List.of(0L, 1L, 0L, 1L)))
                    .build();
        }
    }

    static StatusRuntimeException failure(Code code) {
        com.google.rpc.Status.Builder status =
                com.google.rpc.Status.newBuilder().setCode(code.getNumber()).setMessage("scripted " + code);
        List<Message> details = new ArrayList<>();
        details.add(ErrorInfo.newBuilder()
                .setDomain("aded.io")
                .setReason("SCRIPTED_" + code)
                .build());
        details.add(RetryInfo.newBuilder()
                .setRetryDelay(Duration.newBuilder().setSeconds(2).setNanos(500_000_000))
                .build());
        details.add(BadRequest.newBuilder()
                .addFieldViolations(BadRequest.FieldViolation.newBuilder()
                        .setField("options.sampling.temperature")
                        .setDescription("is NaN; allowed: 0 to 100"))
                .addFieldViolations(BadRequest.FieldViolation.newBuilder()
                        .setField("options.max_tokens")
                        .setDescription("is -1; allowed: 0 or more"))
                .build());
        details.forEach(detail -> status.addDetails(Any.pack(detail)));
        return StatusProto.toStatusRuntimeException(status.build());
    }

    private static String promptOf(String prompt, Chat chat, String text) {
        if (chat.getMessagesCount() > 0) {
            return chat.getMessagesList().getLast().getContent();
        }
        return text.isEmpty() ? prompt : text;
    }

    private BindableService inference() {
        return new InferenceServiceGrpc.InferenceServiceImplBase() {
            @Override
            public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
                generated.add(request);
                deadline = Context.current().getDeadline();
                var call = (ServerCallStreamObserver<GenerateResponse>) responses;
                Script script = new Script(
                        promptOf(request.getPrompt(), request.getChat(), request.getText()),
                        request.getOptions().getReportRounds(),
                        event -> {
                            responses.onNext(response(event));
                            if (event instanceof Finished) {
                                responses.onCompleted();
                            }
                        },
                        failed -> {
                            if (failed != null) {
                                responses.onError(failed);
                            } else {
                                responses.onCompleted();
                            }
                        });
                call.setOnCancelHandler(cancelledCalls::incrementAndGet);
                call.setOnReadyHandler(() -> script.advance(call));
                script.advance(call);
            }

            private GenerateResponse response(Object event) {
                return switch (event) {
                    case Delta delta ->
                        GenerateResponse.newBuilder().setDelta(delta).build();
                    case Round round ->
                        GenerateResponse.newBuilder().setRound(round).build();
                    case Finished finished ->
                        GenerateResponse.newBuilder().setFinished(finished).build();
                    default -> throw new AssertionError(event);
                };
            }

            @Override
            public StreamObserver<ConverseRequest> converse(StreamObserver<ConverseResponse> responses) {
                return new Dialogue((ServerCallStreamObserver<ConverseResponse>) responses);
            }

            @Override
            public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
                if (request.getText().equals("refuse")) {
                    responses.onError(failure(Code.INVALID_ARGUMENT));
                    return;
                }
                TokenizeResponse.Builder response = TokenizeResponse.newBuilder();
                request.getText().chars().forEach(response::addTokens);
                responses.onNext(response.build());
                responses.onCompleted();
            }

            @Override
            public void detokenize(DetokenizeRequest request, StreamObserver<DetokenizeResponse> responses) {
                StringBuilder text = new StringBuilder();
                request.getTokensList().forEach(text::appendCodePoint);
                responses.onNext(
                        DetokenizeResponse.newBuilder().setText(text.toString()).build());
                responses.onCompleted();
            }

            @Override
            public void countTokens(CountTokensRequest request, StreamObserver<CountTokensResponse> responses) {
                responses.onNext(CountTokensResponse.newBuilder()
                        .setTokens(promptOf(request.getPrompt(), request.getChat(), request.getText())
                                .length())
                        .setContextTokens(2048)
                        .build());
                responses.onCompleted();
            }
        };
    }

    /** The server's side of a conversation: one turn at a time, as the API demands. */
    private final class Dialogue implements StreamObserver<ConverseRequest> {
        private final ServerCallStreamObserver<ConverseResponse> responses;
        private @Nullable Script running;
        private int turns;
        private boolean opened;
        private boolean rounds;
        private boolean halfClosed;

        Dialogue(ServerCallStreamObserver<ConverseResponse> responses) {
            this.responses = responses;
            responses.setOnCancelHandler(cancelledCalls::incrementAndGet);
            responses.setOnReadyHandler(this::advance);
        }

        @Override
        public void onNext(ConverseRequest request) {
            conversed.add(request);
            switch (request.getEventCase()) {
                case OPEN -> open(request.getOpen());
                case TURN -> {
                    if (!opened || running != null) {
                        responses.onError(failure(Code.FAILED_PRECONDITION));
                        return;
                    }
                    turns++;
                    var turn = request.getTurn();
                    String prompt = promptOf(turn.getPrompt(), turn.getChat(), turn.getText());
                    running = new Script(
                            prompt.equals("turn") ? "turn " + turns : prompt,
                            turn.getOptions().hasReportRounds()
                                    ? turn.getOptions().getReportRounds()
                                    : rounds,
                            this::emit,
                            failed -> {
                                if (failed != null) {
                                    responses.onError(failed);
                                } else {
                                    responses.onCompleted();
                                }
                            });
                    advance();
                }
                case CANCEL -> {
                    if (running != null) {
                        running.cancel();
                        running = null;
                    }
                }
                case UPDATE, EVENT_NOT_SET -> {}
            }
        }

        private void open(Open open) {
            if (open.getModel().equals("another")) {
                responses.onError(failure(Code.NOT_FOUND));
                return;
            }
            if (open.getModel().equals("slow")) {
                return;
            }
            opened = true;
            rounds = open.getOptions().getReportRounds();
            responses.onNext(ConverseResponse.newBuilder()
                    .setOpened(Opened.newBuilder()
                            .setConversationId(
                                    open.getConversationId().isEmpty() ? "made-up" : open.getConversationId())
                            .setResumed(!open.getConversationId().isEmpty())
                            .setHistoryTokens(12)
                            .setRetention(open.getRetention())
                            .setModel("fake")
                            .setContextTokens(2048)
                            .setOptions(open.getOptions())
                            .setLibrary("none")
                            .addDevices("CPU"))
                    .build());
        }

        private void advance() {
            if (running != null && running.advance(responses)) {
                running = null;
                if (halfClosed) {
                    responses.onCompleted();
                }
            }
        }

        private void emit(Object event) {
            ConverseResponse.Builder response = ConverseResponse.newBuilder().setTurn(turns);
            switch (event) {
                case Delta delta -> response.setDelta(delta);
                case Round round -> response.setRound(round);
                case Finished finished -> response.setFinished(finished);
                default -> throw new AssertionError(event);
            }
            responses.onNext(response.build());
        }

        @Override
        public void onError(Throwable thrown) {
            running = null;
        }

        @Override
        public void onCompleted() {
            halfClosed = true;
            if (running == null) {
                responses.onCompleted();
            }
        }
    }

    private static BindableService drafting() {
        return new DraftServiceGrpc.DraftServiceImplBase() {
            @Override
            public void getDraftStatistics(
                    GetDraftStatisticsRequest request, StreamObserver<GetDraftStatisticsResponse> responses) {
                var counts = SpeculationStatistics.newBuilder().setNumDraftTokens(6_000_000_000L);
                responses.onNext(GetDraftStatisticsResponse.newBuilder()
                        .setTotals(counts)
                        .addDrafters(DrafterStatistics.newBuilder()
                                .setDrafter("aded")
                                .setStatistics(counts.addNumAcceptedTokensPerPos(7)))
                        .addArms(DraftArm.newBuilder()
                                .setDrafter("auto")
                                .setArm("both")
                                .setRegret(-1.5))
                        .setDraftModel(DraftModelStatistics.newBuilder().setNumPasses(6_000_000_000L))
                        .build());
                responses.onCompleted();
            }
        };
    }

    private static BindableService models() {
        return new ModelServiceGrpc.ModelServiceImplBase() {
            @Override
            public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
                // Two pages of one model each.
                boolean first = request.getPageToken().isEmpty();
                responses.onNext(ListModelsResponse.newBuilder()
                        .addModels(Model.newBuilder().setName(first ? "a" : "b"))
                        .setNextPageToken(first ? "more" : "")
                        .build());
                responses.onCompleted();
            }

            @Override
            public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> responses) {
                responses.onNext(GetModelResponse.newBuilder()
                        .setModel(Model.newBuilder()
                                .setName("fake")
                                .setArchitecture("script")
                                .setParameters(7_000_000_000L)
                                .setVocabulary(VocabularyInfo.newBuilder()
                                        .setSize(32_000)
                                        .setKind("SPM")
                                        .setBeginningOfSequence(1))
                                .addDevices("CPU"))
                        .build());
                responses.onCompleted();
            }

            @Override
            public void getServerInfo(GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> responses) {
                responses.onNext(GetServerInfoResponse.newBuilder()
                        .setVersion("0.0.0")
                        .setLimits(Limits.newBuilder()
                                .setMaxWaiting(3)
                                .setMaxWait(Duration.newBuilder().setSeconds(60))
                                .setMaxConversations(8)
                                .setMaxUnread(Duration.newBuilder().setSeconds(20))
                                .setMaxMessageBytesInWork(5_000_000_001L)
                                .setPreparation(PreparationLimits.newBuilder().setMaxRunningPerClient(2))
                                .setFields(FieldLimits.newBuilder()
                                        .setStopStrings(16)
                                        .setRegularExpressionDepth(100)))
                        .addDrafters(Drafter.newBuilder()
                                .setName("auto")
                                .setDescription("what pays")
                                .setDefaults(
                                        DraftPolicy.newBuilder().setMode("auto").setMaxNodes(64)))
                        .addDrafters(
                                Drafter.newBuilder().setName("rule-of-tomorrow").setBaseline(true))
                        .addCapabilities("Constraint.grammar")
                        .setLoad(Load.newBuilder().setTokensTotal(5_000_000_000L))
                        .build());
                responses.onCompleted();
            }
        };
    }
}
