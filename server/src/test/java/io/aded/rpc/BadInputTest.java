package io.aded.rpc;

import static io.aded.rpc.Harness.assertStatus;
import static io.aded.rpc.Harness.detail;
import static io.aded.rpc.Harness.failure;
import static io.aded.rpc.Harness.fields;
import static io.aded.rpc.Requests.generate;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import io.aded.model.AdedException;
import io.aded.serving.FaultyEngine;
import io.aded.v1.ChatMessage;
import io.aded.v1.Constraint;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Sampling;
import io.aded.v1.TokenIds;
import io.aded.v1.Turn;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every bad request gets the right status, names the fields, and leaves the server able to answer the next one. */
class BadInputTest {
    private static Harness harness;

    @BeforeAll
    static void start() {
        harness = Harness.start();
    }

    @AfterAll
    static void stop() {
        harness.close();
    }

    @AfterEach
    void nextRequestWorks() {
        assertThat(tokens(generate("still alive", 5).build())).isEqualTo(5);
    }

    private static int tokens(GenerateRequest request) {
        int count = 0;
        var responses = harness.inference().generate(request);
        while (responses.hasNext()) {
            count += responses.next().getDelta().getTokensCount();
        }
        return count;
    }

    private static StatusRuntimeException refused(GenerateRequest.Builder request) {
        return failure(() -> tokens(request.build()));
    }

    private static GenerateRequest.Builder sampled(Sampling.Builder sampling) {
        return generate("abc", 5).setOptions(Requests.options().setSampling(sampling));
    }

    @Test
    void generate_emptyPrompts_areInvalid() {
        assertThat(fields(refused(GenerateRequest.newBuilder()))).containsExactly("prompt");
        assertThat(fields(refused(GenerateRequest.newBuilder().setPrompt("")))).containsExactly("prompt");
        assertThat(fields(refused(GenerateRequest.newBuilder().setText("")))).containsExactly("text");
        assertThat(fields(
                        refused(GenerateRequest.newBuilder().setChat(Requests.chat(ChatMessage.getDefaultInstance())))))
                .containsExactly("chat.messages");
        assertThat(fields(refused(GenerateRequest.newBuilder().setChat(Requests.chat()))))
                .containsExactly("chat.messages");
    }

    @Test
    void generate_promptLongerThanTheContext_isInvalidAndSaysTheLimit() {
        StatusRuntimeException failure = refused(generate("x".repeat(5000), 5));
        assertThat(fields(failure)).containsExactly("text");
        assertThat(failure.getStatus().getDescription()).contains("4095").doesNotContain("xxx");
        assertThat(fields(refused(GenerateRequest.newBuilder().setPrompt("x".repeat(5000)))))
                .containsExactly("prompt");
    }

    @Test
    void generate_tokensOutOfRange_areNamed() {
        StatusRuntimeException failure = refused(GenerateRequest.newBuilder()
                .setTokens(TokenIds.newBuilder().addAllIds(List.of(5, -1, 259)))
                .setOptions(Requests.options().addStopTokens(Integer.MAX_VALUE)));
        assertThat(fields(failure)).containsExactly("tokens.ids[1]", "tokens.ids[2]", "options.stop_tokens[0]");
        assertThat(failure.getStatus().getDescription()).contains("0 to 258");
    }

    @Test
    void generate_absurdSampling_namesEveryField() {
        assertThat(fields(refused(sampled(Sampling.newBuilder()
                        .setTemperature(Float.NaN)
                        .setTopK(-1)
                        .setTopP(Float.NaN)
                        .setMinP(-0.1f)
                        .setTypicalP(0)
                        .setRepeatPenalty(Float.POSITIVE_INFINITY)
                        .setFrequencyPenalty(Float.NEGATIVE_INFINITY)
                        .setPresencePenalty(1e30f)
                        .setPenaltyWindow(-5)
                        .putLogitBias(-7, Float.NaN)))))
                .containsExactly(
                        "options.sampling.temperature",
                        "options.sampling.top_k",
                        "options.sampling.top_p",
                        "options.sampling.min_p",
                        "options.sampling.typical_p",
                        "options.sampling.repeat_penalty",
                        "options.sampling.frequency_penalty",
                        "options.sampling.presence_penalty",
                        "options.sampling.penalty_window",
                        "options.sampling.logit_bias",
                        "options.sampling.logit_bias");
        assertThat(fields(refused(sampled(Sampling.newBuilder().setTemperature(-1)))))
                .containsExactly("options.sampling.temperature");
    }

    @Test
    void generate_everythingElseWrong_namesEveryField() {
        GenerationOptions.Builder options = Requests.greedy()
                .setMaxTokens(-1)
                .setDraft(DraftPolicy.newBuilder()
                        .setMode("99")
                        .setMaxNodes(1000)
                        .setMaxDepth(0)
                        .setMaxBranches(-3))
                .addStopStrings("")
                .setLogProbabilities(21)
                .setPriority(101);
        for (int i = 0; i < 16; i++) {
            options.addStopStrings("s" + i);
        }
        StatusRuntimeException failure =
                refused(GenerateRequest.newBuilder().setText("abc").setOptions(options));
        assertThat(fields(failure))
                .containsExactly(
                        "options.draft.mode",
                        "options.draft.max_nodes",
                        "options.draft.max_depth",
                        "options.draft.max_branches",
                        "options.max_tokens",
                        "options.stop_strings",
                        "options.stop_strings[0]",
                        "options.log_probabilities",
                        "options.priority");
        assertThat(detail(failure, BadRequest.class).getFieldViolations(0).getDescription())
                .contains("\"99\"")
                .contains("aded-mcts");
    }

    @Test
    void generate_badRole_isInvalid() {
        assertThat(fields(refused(GenerateRequest.newBuilder()
                        .setChat(Requests.chat(
                                ChatMessage.newBuilder()
                                        .setRole("user")
                                        .setContent("a")
                                        .build(),
                                ChatMessage.newBuilder()
                                        .setRole("<|system|>\n")
                                        .setContent("b")
                                        .build())))))
                .containsExactly("chat.messages[1].role");
    }

    private static List<String> refused(Constraint.Builder constraint) {
        return fields(
                refused(GenerateRequest.newBuilder().setText("abc").setOptions(Requests.constrained(constraint))));
    }

    @Test
    void generate_constraintOfNoKind_isInvalid() {
        assertThat(refused(Constraint.newBuilder())).containsExactly("options.constraint");
    }

    @Test
    void generate_grammarThatTheModelRefuses_namesTheField() {
        assertThat(refused(Constraint.newBuilder().setGrammar("root ::= (")))
                .containsExactly("options.constraint.grammar");
        assertThat(refused(Constraint.newBuilder().setJsonSchema("{\"type\":")))
                .containsExactly("options.constraint.json_schema");
    }

    @Test
    void generate_anotherModel_isNotFound() {
        assertStatus(refused(generate("a", 1).setModel("gpt-17")), Status.Code.NOT_FOUND, "MODEL_NOT_SERVED");
    }

    @Test
    void converse_wrongFields_haveTheirPathInTheStream() {
        assertThat(fields(harness.converse()
                        .open(Requests.open())
                        .turn(Turn.newBuilder()
                                .setOptions(Requests.options()
                                        .setSampling(Sampling.newBuilder().setTopP(2)))
                                .build())
                        .failure()))
                .containsExactly("turn.prompt", "turn.options.sampling.top_p");
        assertThat(fields(harness.converse()
                        .open(Requests.open())
                        .turn(Requests.turn("y".repeat(5000), 3))
                        .failure()))
                .containsExactly("turn.prompt");
        assertThat(fields(harness.converse()
                        .open(Open.newBuilder()
                                .setConversationId("not allowed!")
                                .setRetention(Duration.newBuilder().setSeconds(-1))
                                .setOptions(Requests.options()
                                        .setLogProbabilities(-2)
                                        .setDraft(DraftPolicy.newBuilder().setMode("AUTO")))
                                .build())
                        .failure()))
                .containsExactly(
                        "open.conversation_id",
                        "open.retention",
                        "open.options.draft.mode",
                        "open.options.log_probabilities");
        assertThat(fields(harness.converse()
                        .open(Open.newBuilder().setRequireResume(true).build())
                        .failure()))
                .containsExactly("open.require_resume");
        assertThat(fields(harness.converse()
                        .open(Requests.open())
                        .update(Requests.update(Requests.options()
                                .setSampling(Sampling.newBuilder().setTemperature(Float.NaN))))
                        .failure()))
                .containsExactly("update.options.sampling.temperature");
    }

    @Test
    void detokenize_tokensOutOfRange_areNamedUpToALimit() {
        DetokenizeRequest.Builder request = DetokenizeRequest.newBuilder().addTokens(70);
        for (int i = 0; i < 1000; i++) {
            request.addTokens(-i - 1);
        }
        List<String> fields = fields(failure(() -> harness.inference().detokenize(request.build())));
        assertThat(fields).hasSize(9).startsWith("tokens[1]").endsWith("tokens");
    }

    @Test
    void countTokens_nothingSet_isInvalid() {
        assertThat(fields(failure(() -> harness.inference().countTokens(CountTokensRequest.getDefaultInstance()))))
                .containsExactly("prompt");
    }

    @Test
    void request_invalidUtf8_isInvalid() {
        // Field 3, text, of GenerateRequest: two bytes that are no UTF-8.
        ByteString bytes = ByteString.copyFrom(new byte[] {0x1a, 2, (byte) 0xc3, (byte) 0x28});
        StatusRuntimeException failure = failure(() -> raw(bytes));
        assertThat(fields(failure)).containsExactly("request");
        assertThat(fields(failure(() -> raw(ByteString.copyFrom("not protobuf at all", StandardCharsets.UTF_8)))))
                .containsExactly("request");
    }

    private static GenerateResponse raw(ByteString bytes) {
        MethodDescriptor<GenerateRequest, GenerateResponse> exact = InferenceServiceGrpc.getGenerateMethod();
        MethodDescriptor<ByteString, GenerateResponse> raw = exact.toBuilder(
                        new BytesMarshaller(), ProtoUtils.marshaller(GenerateResponse.getDefaultInstance()))
                .build();
        return ClientCalls.blockingServerStreamingCall(harness.channel, raw, CallOptions.DEFAULT, bytes)
                .next();
    }

    private static final class BytesMarshaller implements MethodDescriptor.Marshaller<ByteString> {
        @Override
        public InputStream stream(ByteString value) {
            return new ByteArrayInputStream(value.toByteArray());
        }

        @Override
        public ByteString parse(InputStream stream) {
            throw new UnsupportedOperationException("requests only");
        }
    }

    @Test
    void clientId_tooLong_isInvalid() {
        Metadata metadata = new Metadata();
        metadata.put(CallerInterceptor.HEADER, "i".repeat(129));
        var stub = harness.inference().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
        assertThat(fields(failure(() -> stub.countTokens(
                        CountTokensRequest.newBuilder().setText("a").build()))))
                .containsExactly("metadata.aded-client-id");
    }

    @Test
    void engine_exceptions_becomeStatuses() {
        record Case(RuntimeException thrown, Status.Code code, String reason) {}
        List<Case> cases = List.of(
                new Case(
                        new AdedException.ResourceExhausted(
                                "QUEUE_FULL", "256 turns wait", java.time.Duration.ofMillis(2500)),
                        Status.Code.RESOURCE_EXHAUSTED,
                        "QUEUE_FULL"),
                new Case(new AdedException.Unavailable("DRAINING", "bye"), Status.Code.UNAVAILABLE, "DRAINING"),
                new Case(
                        new AdedException.DeadlineExceeded("MAX_WAIT", "waited too long"),
                        Status.Code.DEADLINE_EXCEEDED,
                        "MAX_WAIT"),
                new Case(new AdedException.Cancelled("gone"), Status.Code.CANCELLED, "CANCELLED"),
                new Case(
                        new AdedException.InvalidArtifact("TABLE_CORRUPT", "no table"),
                        Status.Code.INVALID_ARGUMENT,
                        "TABLE_CORRUPT"),
                new Case(
                        new AdedException.Internal("DECODE_FAILED", "the library returned -3", null),
                        Status.Code.INTERNAL,
                        "DECODE_FAILED"),
                new Case(
                        new IllegalStateException("while working on: the caller's secret prompt"),
                        Status.Code.INTERNAL,
                        "UNEXPECTED"));
        for (Case one : cases) {
            try (Harness faulty = Harness.over(FaultyEngine.throwing(one.thrown()))) {
                StatusRuntimeException failure = failure(() -> faulty.inference()
                        .generate(generate("the caller's secret prompt", 3).build())
                        .next());
                assertStatus(failure, one.code(), one.reason());
                assertThat(failure.toString()).doesNotContain("secret");
                assertStatus(
                        faulty.converse()
                                .open(Requests.open())
                                .turn(Requests.turn("secret", 3))
                                .failure(),
                        one.code(),
                        one.reason());
                if (one.code() == Status.Code.RESOURCE_EXHAUSTED) {
                    assertThat(detail(failure, RetryInfo.class).getRetryDelay())
                            .isEqualTo(Duration.newBuilder()
                                    .setSeconds(2)
                                    .setNanos(500_000_000)
                                    .build());
                    assertThat(detail(failure, QuotaFailure.class).getViolationsList())
                            .hasSize(1);
                }
            }
        }
    }
}
