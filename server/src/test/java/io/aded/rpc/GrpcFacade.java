package io.aded.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.aded.serving.FacadeClient;
import io.aded.serving.FacadeContract;
import io.aded.v1.Cancel;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.Delta;
import io.aded.v1.Finished;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceStub;
import io.aded.v1.Open;
import io.aded.v1.Round;
import io.aded.v1.Sampling;
import io.aded.v1.Turn;
import io.aded.v1.Update;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The gRPC façade as the contract calls it, over any channel. */
record GrpcFacade(AdedServer server, ManagedChannel channel) implements FacadeContract.Facade {
    private static final long PATIENCE_SECONDS = 20;

    @Override
    public FacadeClient client(String clientId) {
        InferenceServiceStub stub = InferenceServiceGrpc.newStub(channel);
        if (!clientId.isEmpty()) {
            Metadata metadata = new Metadata();
            metadata.put(CallerInterceptor.HEADER, clientId);
            stub = stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
        }
        return new Client(stub);
    }

    @Override
    public void drain(Duration grace) {
        server.drain(grace);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        server.close();
    }

    private record Client(InferenceServiceStub stub) implements FacadeClient {
        private InferenceServiceStub within(@Nullable Duration deadline) {
            return deadline == null ? stub : stub.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS);
        }

        @Override
        public Stream converse(@Nullable Duration deadline) {
            var call = new Call<ConverseRequest, ConverseResponse>(Client::event, Function.identity());
            within(deadline).converse(call);
            return call;
        }

        @Override
        public Stream generate(Ask ask, String model, @Nullable Duration deadline) {
            var call = new Call<GenerateRequest, GenerateResponse>(Client::event, message -> {
                throw new UnsupportedOperationException("a single answer takes no messages");
            });
            within(deadline)
                    .generate(
                            GenerateRequest.newBuilder()
                                    .setText(ask.text())
                                    .setModel(model)
                                    .setOptions(options(ask))
                                    .build(),
                            call);
            return call;
        }

        private static GenerationOptions options(Ask ask) {
            GenerationOptions.Builder options = GenerationOptions.newBuilder()
                    .setSampling(Sampling.newBuilder().setTemperature(ask.temperature()))
                    .setReportRounds(ask.rounds())
                    .setPriority(ask.priority());
            Integer most = ask.maxTokens();
            if (most != null) {
                options.setMaxTokens(most);
            }
            return options.build();
        }

        private static FacadeClient.Event event(ConverseResponse response) {
            return switch (response.getEventCase()) {
                case OPENED ->
                    new FacadeClient.Event.Opened(
                            response.getOpened().getConversationId(),
                            response.getOpened().getResumed());
                case DELTA -> delta(response.getTurn(), response.getDelta());
                case ROUND -> round(response.getTurn(), response.getRound());
                case FINISHED -> finished(response.getTurn(), response.getFinished());
                default -> throw new AssertionError("an event that nobody asked for: " + response);
            };
        }

        private static FacadeClient.Event event(GenerateResponse response) {
            return switch (response.getEventCase()) {
                case DELTA -> delta(1, response.getDelta());
                case ROUND -> round(1, response.getRound());
                case FINISHED -> finished(1, response.getFinished());
                default -> throw new AssertionError("an event that nobody asked for: " + response);
            };
        }

        private static FacadeClient.Event delta(int turn, Delta delta) {
            return new FacadeClient.Event.Delta(turn, delta.getText(), delta.getTokensCount());
        }

        private static FacadeClient.Event round(int turn, Round round) {
            return new FacadeClient.Event.Round(turn, round.getEmittedTokensCount());
        }

        private static FacadeClient.Event finished(int turn, Finished finished) {
            return new FacadeClient.Event.Finished(
                    turn,
                    finished.getReason().name().replace("FINISH_REASON_", ""),
                    finished.getUsage().getCompletionTokens());
        }
    }

    /** A call in either shape: what it hears is put aside until the test asks for it. */
    private static final class Call<Q, A> implements FacadeClient.Stream, ClientResponseObserver<Q, A> {
        private final BlockingQueue<FacadeClient.Event> events = new LinkedBlockingQueue<>();
        private final CompletableFuture<FacadeClient.End> ended = new CompletableFuture<>();
        private final Function<A, FacadeClient.Event> reader;
        private final Function<ConverseRequest, Q> writer;
        private @Nullable ClientCallStreamObserver<Q> requests;

        Call(Function<A, FacadeClient.Event> reader, Function<ConverseRequest, Q> writer) {
            this.reader = reader;
            this.writer = writer;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<Q> observer) {
            requests = observer;
        }

        private ClientCallStreamObserver<Q> requests() {
            ClientCallStreamObserver<Q> known = requests;
            if (known == null) {
                throw new IllegalStateException("the call has not started");
            }
            return known;
        }

        private FacadeClient.Stream send(ConverseRequest.Builder request) {
            requests().onNext(writer.apply(request.build()));
            return this;
        }

        @Override
        public FacadeClient.Stream open(String model, String conversationId, boolean requireResume) {
            return send(ConverseRequest.newBuilder()
                    .setOpen(Open.newBuilder()
                            .setModel(model)
                            .setConversationId(conversationId)
                            .setRequireResume(requireResume)));
        }

        @Override
        public FacadeClient.Stream turn(FacadeClient.Ask ask) {
            return send(ConverseRequest.newBuilder()
                    .setTurn(Turn.newBuilder().setText(ask.text()).setOptions(Client.options(ask))));
        }

        @Override
        public FacadeClient.Stream update(int maxTokens) {
            return send(ConverseRequest.newBuilder()
                    .setUpdate(Update.newBuilder()
                            .setOptions(GenerationOptions.newBuilder().setMaxTokens(maxTokens))));
        }

        @Override
        public FacadeClient.Stream cancelTurn() {
            return send(ConverseRequest.newBuilder().setCancel(Cancel.getDefaultInstance()));
        }

        @Override
        public FacadeClient.Stream halfClose() {
            requests().onCompleted();
            return this;
        }

        @Override
        public FacadeClient.Stream hangUp() {
            requests().cancel("the client hangs up", null);
            return this;
        }

        @Override
        public FacadeClient.Event next() {
            try {
                FacadeClient.Event event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                if (event == null) {
                    throw new AssertionError("no event came; the call ended with " + ended.getNow(null));
                }
                return event;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public List<FacadeClient.Event> rest() {
            end();
            List<FacadeClient.Event> rest = new ArrayList<>();
            events.drainTo(rest);
            return rest;
        }

        @Override
        public FacadeClient.End end() {
            try {
                return ended.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (Exception e) {
                throw new AssertionError("the call did not end; what it heard: " + events, e);
            }
        }

        @Override
        public void onNext(A response) {
            events.add(reader.apply(response));
        }

        @Override
        public void onError(Throwable failure) {
            ended.complete(end(failure));
        }

        @Override
        public void onCompleted() {
            ended.complete(FacadeClient.End.GOOD);
        }

        private static FacadeClient.End end(Throwable failure) {
            Status.Code code = Status.fromThrowable(failure).getCode();
            String reason = "";
            List<String> fields = List.of();
            com.google.rpc.Status status = StatusProto.fromThrowable(failure);
            try {
                for (Any detail : status == null ? List.<Any>of() : status.getDetailsList()) {
                    if (detail.is(ErrorInfo.class)) {
                        reason = detail.unpack(ErrorInfo.class).getReason();
                    } else if (detail.is(BadRequest.class)) {
                        fields = detail.unpack(BadRequest.class).getFieldViolationsList().stream()
                                .map(BadRequest.FieldViolation::getField)
                                .toList();
                    }
                }
            } catch (InvalidProtocolBufferException e) {
                throw new AssertionError(e);
            }
            String kind = switch (code) {
                case INVALID_ARGUMENT -> "INVALID_REQUEST";
                case UNIMPLEMENTED -> "NOT_SERVED";
                default -> code.name();
            };
            String said = Status.fromThrowable(failure).getDescription();
            return new FacadeClient.End(kind, reason, fields, said == null ? "" : said);
        }
    }
}
