package io.aded.client;

import io.aded.v1.DetokenizeRequest;
import io.aded.v1.DraftServiceGrpc;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.GetModelRequest;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceStub;
import io.aded.v1.ListModelsRequest;
import io.aded.v1.ModelServiceGrpc;
import io.aded.v1.ModelServiceGrpc.ModelServiceBlockingStub;
import io.aded.v1.TokenizeRequest;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a sidecar. Cheap to use from many threads at once; open one and keep it.
 *
 * <p>The connection is made when it is first needed and again whenever it breaks; calls made in the meantime fail with
 * {@link AdedClientException.Unavailable}. {@link #awaitReady} waits for a sidecar that is still loading its model.
 */
public final class AdedClient implements AutoCloseable {
    private static final long CLOSING_MILLIS = 200;

    private final Channel channel;
    private final @Nullable ManagedChannel ownChannel;
    private final Duration timeout;
    private final RetryPolicy retry;

    private AdedClient(Channel channel, @Nullable ManagedChannel ownChannel, Duration timeout, RetryPolicy retry) {
        this.channel = channel;
        this.ownChannel = ownChannel;
        this.timeout = timeout;
        this.retry = retry;
    }

    /**
     * Connects without encryption, as one does to a sidecar on the same machine.
     *
     * @param target {@code HOST:PORT} or {@code unix:PATH}
     */
    public static AdedClient connect(String target) {
        return builder(target).build();
    }

    /**
     * Starts the set-up of a client.
     *
     * @param target {@code HOST:PORT}, {@code unix:PATH} (Linux), or any other target that gRPC understands
     */
    public static Builder builder(String target) {
        return new Builder(target, null);
    }

    /** Starts the set-up of a client over a gRPC channel of the caller's, which stays the caller's to shut down. */
    public static Builder builder(ManagedChannel channel) {
        return new Builder("", channel);
    }

    /** A question of the user, to be answered as a whole, as it grows, as a value of a type, or with tools. */
    public Chat chat(String content) {
        return chat(Prompt.user(content));
    }

    /** As {@link #chat(String)}, of messages, raw text or token ids. */
    public Chat chat(Prompt prompt) {
        return new Chat(new Singly(), prompt, AnswerOptions.DEFAULT);
    }

    /** Answers one prompt of the user with the server's defaults. */
    public AnswerStream generate(String content) {
        return generate(Prompt.user(content), AnswerOptions.DEFAULT);
    }

    /** Answers one prompt and forgets it. The answer's timeout travels to the server as the call's deadline. */
    public AnswerStream generate(Prompt prompt, AnswerOptions options) {
        InferenceServiceStub stub = Telemetry.within(InferenceServiceGrpc.newStub(channel));
        return SingleAnswer.start(stub, RequestWriter.generate(prompt, options), options.timeout(), retry);
    }

    /** Opens a conversation with the server's defaults. Blocks until the server has answered. */
    public Conversation converse() {
        return converse(ConversationOptions.DEFAULT);
    }

    /**
     * Opens or resumes a conversation. Blocks until the server has answered.
     *
     * @throws AdedClientException if it is refused, or not open in time
     */
    public Conversation converse(ConversationOptions options) {
        return Conversation.open(Telemetry.within(InferenceServiceGrpc.newStub(channel)), options, retry);
    }

    /** Splits text into token ids. Text such as {@code <|im_end|>} stays text, and nothing is added around it. */
    public List<Integer> tokenize(String text) {
        return call(() -> inference()
                .tokenize(TokenizeRequest.newBuilder().setText(text).build())
                .getTokensList());
    }

    /** Puts token ids back together; control tokens have no text. */
    public String detokenize(List<Integer> tokens) {
        return call(() -> inference()
                .detokenize(DetokenizeRequest.newBuilder().addAllTokens(tokens).build())
                .getText());
    }

    /** Counts the tokens that a prompt would take, the chat template included, without running the model. */
    public TokenCount countTokens(Prompt prompt) {
        return call(() -> {
            var counted = inference().countTokens(RequestWriter.count(prompt));
            return new TokenCount(counted.getTokens(), counted.getContextTokens());
        });
    }

    /** The model that answers unless another is named. */
    public ModelDetails model() {
        return model("");
    }

    /**
     * A model that the server has.
     *
     * @throws AdedClientException.NotFound if it is not served
     */
    public ModelDetails model(String name) {
        return call(() -> ResponseReader.model(
                models().getModel(GetModelRequest.newBuilder().setName(name).build())
                        .getModel()));
    }

    /** All models that the server has, in the order of their names. */
    public List<ModelDetails> listModels() {
        return call(() -> {
            List<ModelDetails> all = new ArrayList<>();
            String page = "";
            do {
                var listed = models().listModels(ListModelsRequest.newBuilder()
                        .setPageToken(page)
                        .build());
                listed.getModelsList().forEach(model -> all.add(ResponseReader.model(model)));
                page = listed.getNextPageToken();
            } while (!page.isEmpty());
            return List.copyOf(all);
        });
    }

    /** How drafting has fared since the server started. */
    public DraftStatistics draftStatistics() {
        return draftStatistics("");
    }

    /**
     * How drafting has fared in a conversation of this client's, open or kept.
     *
     * @throws AdedClientException.NotFound if there is none of that name
     */
    public DraftStatistics draftStatistics(String conversationId) {
        return call(() -> ResponseReader.statistics(DraftServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
                .getDraftStatistics(GetDraftStatisticsRequest.newBuilder()
                        .setConversationId(conversationId)
                        .build())));
    }

    /** The server: versions, limits, defaults and load. */
    public ServerDetails server() {
        return call(() -> ResponseReader.server(models().getServerInfo(GetServerInfoRequest.getDefaultInstance())));
    }

    /**
     * Waits until the sidecar is there and ready to answer.
     *
     * @throws AdedClientException.DeadlineExceeded if it is not within the limit; the message says what was seen last
     * @throws AdedClientException.Unsupported if the server has no health service
     */
    public void awaitReady(Duration limit) {
        Readiness.await(channel, Checks.positive(limit, "limit"));
    }

    /** Ends every call under way and closes the connection, unless the channel was given. */
    @Override
    public void close() {
        if (ownChannel != null) {
            // Conversations that were closed just now have half-closed their calls, which then end by themselves.
            ownChannel.shutdown();
            try {
                ownChannel.awaitTermination(CLOSING_MILLIS, TimeUnit.MILLISECONDS);
                ownChannel.shutdownNow();
                if (!ownChannel.awaitTermination(5, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("the connection did not close within 5 s");
                }
            } catch (InterruptedException interrupted) {
                ownChannel.shutdownNow();
                Thread.currentThread().interrupt();
            }
        }
    }

    private InferenceServiceBlockingStub inference() {
        return InferenceServiceGrpc.newBlockingStub(channel).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    private ModelServiceBlockingStub models() {
        return ModelServiceGrpc.newBlockingStub(channel).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    private <T> T call(Supplier<T> work) {
        return Attempts.of(retry, timeout, left -> {
            try {
                return work.get();
            } catch (StatusRuntimeException failed) {
                throw Failures.decode(failed, true, false);
            }
        });
    }

    /** Questions that are answered once; tools need a conversation, which is opened for them. */
    private final class Singly implements Chat.Asked {
        @Override
        public AnswerStream ask(Prompt prompt, AnswerOptions options) {
            return generate(prompt, options);
        }

        @Override
        public ToolRun.Talk talk(AnswerOptions options, List<Tool> tools) {
            AnswerOptions defaults =
                    options.toBuilder().tools(tools.toArray(Tool[]::new)).build();
            Conversation conversation =
                    converse(ConversationOptions.builder().defaults(defaults).build());
            return new ToolRun.Talk() {
                @Override
                public AnswerStream ask(Prompt prompt) {
                    return conversation.ask(prompt, AnswerOptions.DEFAULT);
                }

                @Override
                public void close() {
                    conversation.close();
                }
            };
        }
    }

    /** How to connect. */
    public static final class Builder {
        private static final String CLIENT_ID = "aded-client-id";
        private static final Metadata.Key<String> CLIENT_VERSION =
                Metadata.Key.of("aded-client-version", Metadata.ASCII_STRING_MARSHALLER);

        private final String target;
        private final @Nullable ManagedChannel given;
        private final Metadata headers = new Metadata();
        private ChannelCredentials credentials = InsecureChannelCredentials.create();
        private Duration timeout = Duration.ofSeconds(30);
        private RetryPolicy retry = RetryPolicy.DEFAULT;
        private @Nullable Duration keepAlive;
        private boolean tracing = true;

        private Builder(String target, @Nullable ManagedChannel given) {
            this.target = target;
            this.given = given;
        }

        /** Encrypts, trusting the certificate authorities that Java trusts. Off unless asked for. */
        public Builder tls() {
            credentials = TlsChannelCredentials.create();
            return this;
        }

        /** Encrypts, trusting the authorities in a PEM file. */
        public Builder tls(Path authorities) {
            try {
                credentials = TlsChannelCredentials.newBuilder()
                        .trustManager(authorities.toFile())
                        .build();
            } catch (IOException unreadable) {
                throw new UncheckedIOException("cannot read certificates from " + authorities, unreadable);
            }
            return this;
        }

        /** Encrypts, and shows a certificate of the client's own (mTLS). All are PEM files, the key unencrypted. */
        public Builder tls(Path authorities, Path certificate, Path key) {
            try {
                credentials = TlsChannelCredentials.newBuilder()
                        .trustManager(authorities.toFile())
                        .keyManager(certificate.toFile(), key.toFile())
                        .build();
            } catch (IOException unreadable) {
                throw new UncheckedIOException("cannot read certificates or a key", unreadable);
            }
            return this;
        }

        /** Sends {@code authorization: Bearer TOKEN} with every call. Only over TLS or a unix socket is it a secret. */
        public Builder token(String token) {
            return metadata("authorization", "Bearer " + token);
        }

        /** Names the caller: calls of one name share one fair portion of the server. */
        public Builder clientId(String id) {
            return metadata(CLIENT_ID, id);
        }

        /** Sends a header with every call. The name is lower case and does not end in {@code -bin}. */
        public Builder metadata(String name, String value) {
            headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
            return this;
        }

        /** How long calls other than answers and conversations may take; 30 s unless said otherwise. */
        public Builder timeout(Duration limit) {
            timeout = Checks.positive(limit, "timeout");
            return this;
        }

        /** When calls that failed before their first event are tried again; four attempts unless said otherwise. */
        public Builder retry(RetryPolicy policy) {
            retry = policy;
            return this;
        }

        /** Asks a connection that says nothing for so long whether it is still there; never unless said otherwise. */
        public Builder keepAlive(Duration idle) {
            keepAlive = Checks.positive(idle, "keepAlive");
            return this;
        }

        /**
         * Whether calls are spans of OpenTelemetry, and the server's spans their descendants. On unless said otherwise;
         * it has an effect where {@code io.opentelemetry:opentelemetry-api}, 1.57 or later, is on the class path and
         * {@code GlobalOpenTelemetry} has been set.
         */
        public Builder tracing(boolean trace) {
            tracing = trace;
            return this;
        }

        /** Makes the client. Nothing is sent yet. */
        public AdedClient build() {
            ManagedChannel own = null;
            Channel base = given;
            if (base == null) {
                // Answers of any size; no retries but those of the policy.
                ManagedChannelBuilder<?> channel = Grpc.newChannelBuilder(target, credentials)
                        .maxInboundMessageSize(Integer.MAX_VALUE)
                        .disableRetry();
                if (keepAlive != null) {
                    channel.keepAliveTime(keepAlive.toNanos(), TimeUnit.NANOSECONDS);
                }
                own = channel.build();
                base = own;
            }
            Metadata sent = new Metadata();
            sent.put(CLIENT_VERSION, "aded-java/" + VersionCheck.OURS);
            sent.merge(headers);
            List<ClientInterceptor> interceptors = new ArrayList<>();
            // The last one sees a call first.
            interceptors.add(MetadataUtils.newAttachHeadersInterceptor(sent));
            interceptors.add(new VersionCheck(VersionCheck.OURS));
            ClientInterceptor spans = tracing ? Telemetry.interceptor() : null;
            if (spans != null) {
                interceptors.add(spans);
            }
            Channel channel = ClientInterceptors.intercept(base, interceptors);
            return new AdedClient(channel, own, timeout, retry);
        }
    }
}
