package io.aded.cli;

import com.google.protobuf.Duration;
import io.aded.engine.DraftPolicy;
import io.aded.engine.FinishReason;
import io.aded.engine.SpeculationStatistics;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import io.aded.v1.Cancel;
import io.aded.v1.Chat;
import io.aded.v1.ChatMessage;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.DraftNode;
import io.aded.v1.Finished;
import io.aded.v1.GenerationOptions;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Opened;
import io.aded.v1.Round;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Talks to a server over one {@code Converse} stream. Owns the channel. */
final class RemoteChatBackend implements ChatBackend {
    private static final int MAX_MESSAGE_BYTES = 64 << 20;

    private final String target;
    private final ManagedChannel channel;
    private final GenerationOptions defaults;
    private Stream stream;

    private RemoteChatBackend(String target, ManagedChannel channel, GenerationOptions defaults) {
        this.target = target;
        this.channel = channel;
        this.defaults = defaults;
        this.stream = new Stream();
    }

    /**
     * Opens a conversation.
     *
     * @param target {@code HOST:PORT}, {@code unix:PATH}, or any target that gRPC knows
     * @param options what was asked for; everything else is as the server has it
     * @param draft null for the server's default
     * @param allowTraining consent that prompts and answers are kept to train draft models by
     * @throws AdedException.Unavailable if nobody answers there
     */
    static RemoteChatBackend open(
            String target, GenerationOptions.Builder options, @Nullable DraftPolicy draft, boolean allowTraining) {
        ManagedChannel channel;
        try {
            channel = Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
                    .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                    .build();
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest(
                    "--target", "is \"" + target + "\"; allowed: HOST:PORT or unix:PATH");
        }
        try {
            if (draft != null) {
                options.setDraft(message(draft));
            }
            if (allowTraining) {
                options.getDraftBuilder().setAllowTraining(true);
            }
            return new RemoteChatBackend(target, channel, options.build());
        } catch (RuntimeException e) {
            channel.shutdownNow();
            throw e;
        }
    }

    private static io.aded.v1.DraftPolicy message(DraftPolicy policy) {
        return io.aded.v1.DraftPolicy.newBuilder()
                .setMode(policy.mode().label())
                .setMaxNodes(policy.maxNodes())
                .setMaxDepth(policy.maxDepth())
                .setMaxBranches(policy.maxBranches())
                .setShareLearned(policy.shareLearned())
                .build();
    }

    /** One {@code Converse} call; what the server says is queued for the thread that asks. */
    private final class Stream implements ClientResponseObserver<ConverseRequest, ConverseResponse> {
        private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
        private final Opened opened;
        private @Nullable ClientCallStreamObserver<ConverseRequest> requests;

        Stream() {
            InferenceServiceGrpc.newStub(channel).converse(this);
            send(ConverseRequest.newBuilder()
                    .setOpen(Open.newBuilder().setOptions(defaults))
                    .build());
            opened = next().getOpened();
        }

        void send(ConverseRequest request) {
            ClientCallStreamObserver<ConverseRequest> to = requests;
            if (to != null) {
                to.onNext(request);
            }
        }

        ConverseResponse next() {
            try {
                return switch (arrived.take()) {
                    case ConverseResponse response -> response;
                    case Throwable failure -> throw RemoteFailures.translated(target, failure);
                    default -> throw new AdedException.Unavailable("STREAM_ENDED", target + " ended the conversation");
                };
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AdedException.Cancelled("interrupted while waiting for " + target);
            }
        }

        void end() {
            ClientCallStreamObserver<ConverseRequest> to = requests;
            if (to != null) {
                to.cancel("the conversation is over", null);
            }
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<ConverseRequest> stream) {
            requests = stream;
        }

        @Override
        public void onNext(ConverseResponse response) {
            arrived.add(response);
        }

        @Override
        public void onError(Throwable failure) {
            arrived.add(failure);
        }

        @Override
        public void onCompleted() {
            arrived.add("completed");
        }
    }

    @Override
    public Answer ask(Ask ask, Listener listener) {
        io.aded.v1.Turn.Builder turn = io.aded.v1.Turn.newBuilder()
                .setOptions(GenerationOptions.newBuilder()
                        .setMaxTokens(ask.maxTokens())
                        .addAllStopStrings(ask.stop())
                        .setIgnoreEnd(ask.ignoreEnd())
                        .setReportRounds(ask.watchRounds()));
        if (ask.messages().isEmpty()) {
            turn.setText(ask.text());
        } else {
            Chat.Builder chat = turn.getChatBuilder();
            ask.messages()
                    .forEach(message -> chat.addMessages(
                            ChatMessage.newBuilder().setRole(message.role()).setContent(message.content())));
        }
        stream.send(ConverseRequest.newBuilder().setTurn(turn).build());
        StringBuilder text = new StringBuilder();
        IntStream.Builder tokens = IntStream.builder();
        boolean reasoned = false;
        while (true) {
            ConverseResponse response = stream.next();
            switch (response.getEventCase()) {
                case REASONING_DELTA -> {
                    reasoned = true;
                    listener.onText(response.getReasoningDelta().getText());
                }
                case DELTA -> {
                    if (reasoned && !response.getDelta().getText().isEmpty()) {
                        reasoned = false;
                        listener.onText("\n\n");
                    }
                    text.append(response.getDelta().getText());
                    response.getDelta().getTokensList().forEach(tokens::add);
                    listener.onText(response.getDelta().getText());
                }
                case ROUND -> report(response.getRound(), listener);
                case FINISHED -> {
                    return new Answer(text.toString(), tokens.build().toArray(), result(response.getFinished()));
                }
                case OPENED, TOOL_CALL_DELTA, EVENT_NOT_SET -> {
                    // Not asked for, or of a newer server.
                }
            }
        }
    }

    private static void report(Round round, Listener listener) {
        StringBuilder drafted = new StringBuilder();
        int accepted = 0;
        for (DraftNode node : round.getNodesList()) {
            if (node.getAccepted()) {
                drafted.append(node.getText());
                accepted++;
            }
        }
        listener.onRound(
                drafted.toString(), accepted, Math.max(0, round.getNodesCount() - 1), round.getEmittedTokensCount());
    }

    private static TurnResult result(Finished finished) {
        var usage = finished.getUsage();
        var speculation = finished.getSpeculation();
        return new TurnResult(
                switch (finished.getReason()) {
                    case FINISH_REASON_LENGTH -> FinishReason.LENGTH;
                    case FINISH_REASON_CONTEXT_FULL -> FinishReason.CONTEXT_FULL;
                    case FINISH_REASON_CANCELLED -> FinishReason.CANCELLED;
                    case FINISH_REASON_STOP, FINISH_REASON_TOOL_CALLS, FINISH_REASON_UNSPECIFIED, UNRECOGNIZED ->
                        FinishReason.STOP;
                },
                usage.getPromptTokens(),
                usage.getCachedPromptTokens(),
                usage.getCompletionTokens(),
                finished.getSeed(),
                nanos(usage.getQueueTime()),
                nanos(usage.getTimeToFirstToken()),
                nanos(usage.getTotalTime()),
                new SpeculationStatistics(
                        speculation.getNumSpecSteps(),
                        speculation.getNumSteps(),
                        speculation.getNumDraftTokens(),
                        speculation.getNumAcceptedDraftTokens(),
                        speculation.getAcceptanceHistogramList().stream()
                                .mapToLong(Long::longValue)
                                .toArray(),
                        speculation.getExpectedAcceptedDraftTokens(),
                        nanos(speculation.getDraftTime()),
                        nanos(speculation.getVerifyTime()),
                        nanos(speculation.getHostTime())));
    }

    private static long nanos(Duration duration) {
        return TimeUnit.SECONDS.toNanos(duration.getSeconds()) + duration.getNanos();
    }

    @Override
    public void cancel() {
        stream.send(ConverseRequest.newBuilder()
                .setCancel(Cancel.getDefaultInstance())
                .build());
    }

    @Override
    public void reset() {
        stream.end();
        stream = new Stream();
    }

    @Override
    public String description() {
        Opened opened = stream.opened;
        return opened.getModel() + " at " + target + " on " + String.join(", ", opened.getDevicesList()) + ", "
                + opened.getLibrary();
    }

    @Override
    public void close() {
        stream.end();
        channel.shutdownNow();
    }
}
