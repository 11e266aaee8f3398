package io.aded.lab.load;

import com.google.protobuf.Duration;
import io.aded.lab.report.Machine;
import io.aded.model.AdedException;
import io.aded.v1.Chat;
import io.aded.v1.ChatMessage;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.Delta;
import io.aded.v1.DraftPolicy;
import io.aded.v1.DraftServiceGrpc;
import io.aded.v1.Finished;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.GetModelRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Model;
import io.aded.v1.ModelServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Sampling;
import io.aded.v1.SpeculationStatistics;
import io.aded.v1.Turn;
import io.aded.v1.Usage;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A server of ours: {@code Generate} for single questions, {@code Converse} for conversations. Owns its channels. */
final class GrpcTarget implements Target {
    private static final int MAX_MESSAGE_BYTES = 64 << 20;
    private static final int PATIENCE_SECONDS = 10;

    /** Messages of a call that the transport may bring before more are asked for. */
    private static final int AHEAD = 64;

    private final String address;
    private final Manner manner;
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final AtomicInteger talks = new AtomicInteger();
    /** A connection of its own, as an orchestrator has. */
    private final ManagedChannel health;

    /**
     * Prepares to talk to a server; the first call connects.
     *
     * @param address {@code HOST:PORT} or {@code unix:PATH}
     * @param connections channels that calls are spread over, in turn
     */
    GrpcTarget(String address, int connections, Manner manner) {
        this.address = address;
        this.manner = manner;
        health = channel();
        for (int i = 0; i < connections; i++) {
            // Messages are handled on the network's own threads: all that is done there is to note the time.
            channels.add(channel());
        }
    }

    @Override
    public Machine.Served served() {
        try {
            Model model = ModelServiceGrpc.newBlockingStub(channels.getFirst())
                    .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .getModel(GetModelRequest.getDefaultInstance())
                    .getModel();
            return new Machine.Served(
                    model.getName(),
                    model.getQuantization(),
                    model.getParameters(),
                    model.getLibrary(),
                    List.copyOf(model.getDevicesList()),
                    model.getContextTokens(),
                    0);
        } catch (StatusRuntimeException e) {
            Status status = e.getStatus();
            String said = status.getDescription() == null ? status.getCode().name() : status.getDescription();
            throw new AdedException.Unavailable(
                    "UNAVAILABLE",
                    address + ": " + said + ". Is a server of aded running there, with its model loaded?");
        }
    }

    @Override
    public Talk talk(io.aded.engine.@Nullable DraftPolicy draft) {
        ManagedChannel channel = channels.get(Math.floorMod(talks.getAndIncrement(), channels.size()));
        return manner.turns() == 1 ? new Single(channel, draft) : new Conversation(channel, draft);
    }

    @Override
    public boolean isHealthy() {
        try {
            return HealthGrpc.newBlockingStub(health)
                            .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus()
                    == ServingStatus.SERVING;
        } catch (StatusRuntimeException e) {
            return false;
        }
    }

    @Override
    public @Nullable DraftTold drafting() {
        try {
            return new DraftTold(DraftServiceGrpc.newBlockingStub(health)
                    .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .getDraftStatistics(GetDraftStatisticsRequest.getDefaultInstance()));
        } catch (StatusRuntimeException e) {
            return null; // the report goes without it
        }
    }

    private ManagedChannel channel() {
        return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
                .directExecutor()
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .disableRetry() // what fails is to be counted; and each message would pass through one more queue
                .build();
    }

    @Override
    public AutoCloseable attack(int callers, long seed, AttackLog log) {
        return new Attack(channel(), callers, seed, log);
    }

    @Override
    public void close() {
        health.shutdownNow();
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private static DraftPolicy message(io.aded.engine.DraftPolicy draft) {
        return DraftPolicy.newBuilder()
                .setMode(draft.mode().label())
                .setMaxNodes(draft.maxNodes())
                .build();
    }

    private GenerationOptions.Builder options(Job.Question question) {
        return GenerationOptions.newBuilder()
                .setSampling(Sampling.newBuilder()
                        .setTemperature(manner.temperature())
                        .setSeed(question.seed()))
                .setMaxTokens(question.maxTokens())
                .setIgnoreEnd(manner.ignoreEnd());
    }

    private Chat chat(String text, boolean first) {
        Chat.Builder chat = Chat.newBuilder();
        String system = manner.system();
        if (system != null && first) {
            chat.addMessages(message("system", system));
        }
        return chat.addMessages(message("user", text)).build();
    }

    private static ChatMessage message(String role, String content) {
        return ChatMessage.newBuilder().setRole(role).setContent(content).build();
    }

    private String rawText(String text, boolean first) {
        String system = manner.system();
        return system != null && first ? system + "\n\n" + text : text;
    }

    /** What both kinds of calls share: an answer that is awaited, and its end. */
    private abstract class GrpcTalk<Q, R> implements Talk, ClientResponseObserver<Q, R> {
        private volatile @Nullable ClientCallStreamObserver<Q> requests;
        private volatile CompletableFuture<Reply> reply = new CompletableFuture<>();
        private volatile @Nullable Timeline timeline;
        private volatile boolean cancelled;

        /** Messages that were asked for and have not come; the network's thread's own. */
        private int asked;

        /** Makes ready for an answer, before its question is sent. */
        void expect(Timeline into) {
            reply = new CompletableFuture<>();
            timeline = into;
        }

        Reply await() throws InterruptedException {
            if (cancelled) {
                cancel();
            }
            try {
                return reply.get(manner.timeoutNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                cancel();
                return Reply.LATE;
            } catch (ExecutionException e) {
                throw new IllegalStateException("an answer is completed with a reply, never with a failure", e);
            }
        }

        void delta(Delta delta) {
            Timeline into = timeline;
            if (into != null) {
                into.arrived(delta.getTokensCount());
            }
        }

        void finished(Finished finished) {
            reply.complete(new Reply.Answered(usage(finished)));
        }

        @Nullable
        ClientCallStreamObserver<Q> requests() {
            return requests;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<Q> stream) {
            requests = stream;
            asked = AHEAD;
            stream.disableAutoRequestWithInitial(AHEAD);
        }

        /** A message is dealt with. Many are asked for at once, since asking costs about as much as a message. */
        void takeMore() {
            ClientCallStreamObserver<Q> stream = requests;
            if (--asked <= AHEAD / 2 && stream != null) {
                stream.request(AHEAD - asked);
                asked = AHEAD;
            }
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            reply.complete(new Reply.Failed(
                    status.getCode().name(),
                    status.getCode() == Status.Code.RESOURCE_EXHAUSTED,
                    status.getDescription() == null ? "" : status.getDescription()));
        }

        @Override
        public void onCompleted() {
            // Has no effect if the answer was complete.
            reply.complete(Reply.MALFORMED);
        }

        @Override
        public void cancel() {
            cancelled = true;
            ClientCallStreamObserver<Q> stream = requests;
            if (stream != null) {
                stream.cancel("the load generator gave up", null);
            }
        }
    }

    private static Reply.Usage usage(Finished finished) {
        Usage usage = finished.getUsage();
        SpeculationStatistics speculation = finished.getSpeculation();
        return new Reply.Usage(
                usage.getCompletionTokens(),
                usage.getPromptTokens(),
                usage.getCachedPromptTokens(),
                nanos(usage.getQueueTime()),
                speculation.getNumSteps(),
                speculation.getNumSpecSteps(),
                speculation.getNumDraftTokens(),
                speculation.getNumAcceptedDraftTokens(),
                nanos(speculation.getVerifyTime()),
                nanos(speculation.getHostTime()));
    }

    private static long nanos(Duration duration) {
        return TimeUnit.SECONDS.toNanos(duration.getSeconds()) + duration.getNanos();
    }

    /** One question, one call. */
    private final class Single extends GrpcTalk<GenerateRequest, GenerateResponse> {
        private final ManagedChannel channel;
        private final io.aded.engine.@Nullable DraftPolicy draft;

        Single(ManagedChannel channel, io.aded.engine.@Nullable DraftPolicy draft) {
            this.channel = channel;
            this.draft = draft;
        }

        @Override
        public Reply ask(Job.Question question, Timeline timeline) throws InterruptedException {
            GenerateRequest.Builder request = GenerateRequest.newBuilder().setOptions(options(question));
            if (manner.raw()) {
                request.setText(rawText(question.text(), true));
            } else {
                request.setChat(chat(question.text(), true));
            }
            if (draft != null) {
                request.getOptionsBuilder().setDraft(message(draft));
            }
            expect(timeline);
            InferenceServiceGrpc.newStub(channel).generate(request.build(), this);
            return await();
        }

        @Override
        public void onNext(GenerateResponse response) {
            switch (response.getEventCase()) {
                case DELTA -> delta(response.getDelta());
                case FINISHED -> finished(response.getFinished());
                case REASONING_DELTA -> delta(response.getReasoningDelta());
                case TOOL_CALL_DELTA, ROUND, EVENT_NOT_SET -> {
                    // Not asked for, or of a newer server.
                }
            }
            takeMore();
        }

        @Override
        public void close() {}
    }

    /** Several questions over one stream. */
    private final class Conversation extends GrpcTalk<ConverseRequest, ConverseResponse> {
        private final ManagedChannel channel;
        private final io.aded.engine.@Nullable DraftPolicy draft;
        private boolean opened;

        Conversation(ManagedChannel channel, io.aded.engine.@Nullable DraftPolicy draft) {
            this.channel = channel;
            this.draft = draft;
        }

        @Override
        public Reply ask(Job.Question question, Timeline timeline) throws InterruptedException {
            Turn.Builder turn = Turn.newBuilder().setOptions(options(question));
            if (manner.raw()) {
                turn.setText(rawText(question.text(), !opened));
            } else {
                turn.setChat(chat(question.text(), !opened));
            }
            expect(timeline);
            if (!opened) {
                opened = true;
                InferenceServiceGrpc.newStub(channel).converse(this);
                Open.Builder open = Open.newBuilder();
                if (draft != null) {
                    open.getOptionsBuilder().setDraft(message(draft));
                }
                send(ConverseRequest.newBuilder().setOpen(open).build());
            }
            send(ConverseRequest.newBuilder().setTurn(turn).build());
            return await();
        }

        /** A call that has failed meanwhile takes nothing more; its status is the reply. */
        private void send(ConverseRequest request) {
            ClientCallStreamObserver<ConverseRequest> stream = requests();
            if (stream != null) {
                try {
                    stream.onNext(request);
                } catch (IllegalStateException e) {
                    onError(e);
                }
            }
        }

        @Override
        public void onNext(ConverseResponse response) {
            switch (response.getEventCase()) {
                case DELTA -> delta(response.getDelta());
                case FINISHED -> finished(response.getFinished());
                case REASONING_DELTA -> delta(response.getReasoningDelta());
                case OPENED, TOOL_CALL_DELTA, ROUND, EVENT_NOT_SET -> {
                    // Nothing to note.
                }
            }
            takeMore();
        }

        @Override
        public void close() {
            ClientCallStreamObserver<ConverseRequest> stream = requests();
            if (stream != null) {
                stream.cancel("the conversation is over", null);
            }
        }
    }
}
