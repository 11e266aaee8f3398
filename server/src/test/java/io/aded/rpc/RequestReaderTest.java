package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import io.aded.engine.Prompt;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.aded.model.ToolDefinition;
import io.aded.serving.Constraint;
import io.aded.serving.DraftChoice;
import io.aded.serving.GenerationChange;
import io.aded.serving.OpenInput;
import io.aded.serving.SpeechChange;
import io.aded.serving.TurnInput;
import io.aded.v1.Chat;
import io.aded.v1.ContentPart;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Open;
import io.aded.v1.PrefixSharing;
import io.aded.v1.ReasoningOptions;
import io.aded.v1.Sampling;
import io.aded.v1.TokenIds;
import io.aded.v1.Tool;
import io.aded.v1.ToolCall;
import io.aded.v1.ToolChoice;
import io.aded.v1.ToolResult;
import io.aded.v1.Turn;
import io.aded.v1.Unconstrained;
import io.aded.v1.Update;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Message by message, what is read of it and what is refused while reading. */
class RequestReaderTest {
    private static final SamplingParameters BEFORE = SamplingParameters.builder()
            .temperature(0.1f)
            .topK(1)
            .topP(0.2f)
            .minP(0.3f)
            .typicalP(0.4f)
            .repeatPenalty(1.5f)
            .frequencyPenalty(0.6f)
            .presencePenalty(0.7f)
            .penaltyWindow(8)
            .seed(9)
            .logitBias(Map.of(1, 1f, 2, 2f))
            .build();
    private static final SamplingParameters SERVER = SamplingParameters.DEFAULT;

    private static GenerationChange read(GenerationOptions.Builder options) {
        return new RequestReader()
                .turn(GenerateRequest.newBuilder()
                        .setText("x")
                        .setOptions(options)
                        .build())
                .generation();
    }

    private static GenerationChange update(GenerationOptions.Builder options, String... paths) {
        return new RequestReader()
                .update(Update.newBuilder()
                        .setOptions(options)
                        .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(paths)))
                        .build());
    }

    private static GenerationOptions.Builder options() {
        return GenerationOptions.newBuilder();
    }

    private static TurnInput chat(io.aded.v1.ChatMessage.Builder... messages) {
        Chat.Builder chat = Chat.newBuilder();
        for (io.aded.v1.ChatMessage.Builder message : messages) {
            chat.addMessages(message);
        }
        return new RequestReader()
                .turn(GenerateRequest.newBuilder().setChat(chat).build());
    }

    private static io.aded.v1.ChatMessage.Builder message() {
        return io.aded.v1.ChatMessage.newBuilder();
    }

    private static ContentPart.Builder part() {
        return ContentPart.newBuilder();
    }

    // --- input

    @Test
    void turn_eachInput_isItsPrompt() {
        assertThat(new RequestReader()
                        .turn(GenerateRequest.newBuilder().setPrompt("hi").build())
                        .prompt())
                .isEqualTo(new Prompt.Messages(List.of(new ChatMessage("user", "hi"))));
        assertThat(new RequestReader()
                        .turn(Turn.newBuilder().setText("hi").build())
                        .prompt())
                .isEqualTo(new Prompt.Text("hi"));
        assertThat(new RequestReader()
                        .turn(Turn.newBuilder()
                                .setTokens(TokenIds.newBuilder().addIds(4).addIds(5))
                                .build())
                        .prompt())
                .isInstanceOfSatisfying(
                        Prompt.Tokens.class,
                        tokens -> assertThat(tokens.tokens()).containsExactly(4, 5));
        assertThat(chat(message().setContent("a"), message().setRole("tool").setContent("b"))
                        .prompt())
                .isEqualTo(new Prompt.Messages(List.of(new ChatMessage("user", "a"), new ChatMessage("tool", "b"))));
        assertThat(new RequestReader().turn(Turn.getDefaultInstance()).prompt()).isNull();
        assertThat(new RequestReader()
                        .count(CountTokensRequest.newBuilder().setText("hi").build())
                        .prompt())
                .isEqualTo(new Prompt.Text("hi"));
    }

    @Test
    void message_partsOfText_arePutTogether() {
        assertThat(chat(message().addParts(part().setText("a")).addParts(part().setText("b")))
                        .prompt())
                .isEqualTo(new Prompt.Messages(List.of(new ChatMessage("user", "ab"))));
    }

    @Test
    void message_contentAndParts_orAPartOfNoKind_areUnreadable() {
        TurnInput input = chat(
                message().setContent("a"),
                message().setContent("a").addParts(part().setText("b")),
                message().addParts(part()));
        assertThat(input.unreadable())
                .extracting(FieldViolation::field)
                .containsExactly("messages[1].parts", "messages[2].parts[0]");
    }

    @Test
    void message_partsOfCallsAndResults_areReadAndResultsNamedByTheirCalls() {
        TurnInput input = chat(
                message()
                        .setRole("assistant")
                        .addParts(part().setReasoning("hm"))
                        .addParts(part().setText("x"))
                        .addParts(part().setToolCall(
                                        ToolCall.newBuilder().setId("1").setName("f")))
                        .addParts(part().setToolCall(
                                        ToolCall.newBuilder().setId("2").setName("g"))),
                message()
                        .setRole("tool")
                        .addParts(part().setToolResult(ToolResult.newBuilder()
                                .setToolCallId("2")
                                .setContent("b")))
                        .addParts(part().setToolResult(
                                        ToolResult.newBuilder().setContent("c").setIsError(true))));
        assertThat(input.unreadable()).isEmpty();
        assertThat(((Prompt.Messages) input.prompt()).messages())
                .containsExactly(
                        new ChatMessage(
                                "assistant",
                                "x",
                                "hm",
                                List.of(
                                        new ChatMessage.ToolCall("1", "f", "{}"),
                                        new ChatMessage.ToolCall("2", "g", "{}")),
                                null),
                        new ChatMessage("tool", "b", "", List.of(), new ChatMessage.Answered("2", "g", false)),
                        new ChatMessage("tool", "c", "", List.of(), new ChatMessage.Answered("2", "g", true)));
    }

    // --- options

    @Test
    void options_nothingSet_saysNothing() {
        GenerationChange change = read(options());
        assertThat(change.sampling().apply(BEFORE, SERVER)).isEqualTo(BEFORE);
        assertThat(change.draft()).isEqualTo(DraftChoice.NONE);
        assertThat(change.constraint()).isNull();
        assertThat(change.maxTokens()).isNull();
        assertThat(change.stopStrings()).isNull();
        assertThat(change.stopTokens()).isNull();
        assertThat(change.ignoreEnd()).isNull();
        assertThat(change.logProbabilities()).isNull();
        assertThat(change.reportRounds()).isNull();
        assertThat(change.priority()).isNull();
        assertThat(change.cleared()).isEmpty();
    }

    @Test
    void options_zerosThatAreSet_areSaid() {
        GenerationChange change = read(options()
                .setMaxTokens(0)
                .setIgnoreEnd(false)
                .setLogProbabilities(0)
                .setReportRounds(false)
                .setPriority(0)
                .addStopStrings("")
                .addStopTokens(0)
                .setSampling(Sampling.newBuilder().setTemperature(0).setSeed(0))
                .setDraft(DraftPolicy.newBuilder().setMaxNodes(0).setShareLearned(false)));
        assertThat(change.maxTokens()).isZero();
        assertThat(change.ignoreEnd()).isFalse();
        assertThat(change.logProbabilities()).isZero();
        assertThat(change.reportRounds()).isFalse();
        assertThat(change.priority()).isZero();
        assertThat(change.stopStrings()).containsExactly("");
        assertThat(change.stopTokens()).containsExactly(0);
        assertThat(change.draft()).isEqualTo(new DraftChoice(null, 0, null, null, false));
        assertThat(change.sampling().apply(BEFORE, SERVER))
                .isEqualTo(BEFORE.withTemperature(0f).withSeed(0));
    }

    @Test
    void sampling_everyField_replacesWhatWasBefore() {
        Sampling all = Sampling.newBuilder()
                .setTemperature(1.1f)
                .setTopK(12)
                .setTopP(0.13f)
                .setMinP(0.14f)
                .setTypicalP(0.15f)
                .setRepeatPenalty(1.6f)
                .setFrequencyPenalty(1.7f)
                .setPresencePenalty(1.8f)
                .setPenaltyWindow(19)
                .setSeed(-1)
                .putLogitBias(20, Float.NEGATIVE_INFINITY)
                .build();
        SamplingParameters after = read(options().setSampling(all)).sampling().apply(BEFORE, SERVER);
        assertThat(after)
                .isEqualTo(SamplingParameters.builder()
                        .temperature(1.1f)
                        .topK(12)
                        .topP(0.13f)
                        .minP(0.14f)
                        .typicalP(0.15f)
                        .repeatPenalty(1.6f)
                        .frequencyPenalty(1.7f)
                        .presencePenalty(1.8f)
                        .penaltyWindow(19)
                        .seed(-1)
                        .logitBias(Map.of(20, Float.NEGATIVE_INFINITY))
                        .build());
    }

    @Test
    void sampling_oneField_leavesTheOthers() {
        assertThat(read(options().setSampling(Sampling.newBuilder().setTopK(7)))
                        .sampling()
                        .apply(BEFORE, SERVER))
                .isEqualTo(SamplingParameters.builder()
                        .temperature(0.1f)
                        .topK(7)
                        .topP(0.2f)
                        .minP(0.3f)
                        .typicalP(0.4f)
                        .repeatPenalty(1.5f)
                        .frequencyPenalty(0.6f)
                        .presencePenalty(0.7f)
                        .penaltyWindow(8)
                        .seed(9)
                        .logitBias(Map.of(1, 1f, 2, 2f))
                        .build());
    }

    @Test
    void constraint_eachKind_isRead() {
        var kind = io.aded.v1.Constraint.newBuilder();
        assertThat(read(options().setConstraint(kind.setNone(Unconstrained.getDefaultInstance())))
                        .constraint())
                .isEqualTo(Constraint.NONE);
        assertThat(read(options().setConstraint(kind.setGrammar("g"))).constraint())
                .isEqualTo(new Constraint.Grammar("g"));
        assertThat(read(options().setConstraint(kind.setJsonSchema("s"))).constraint())
                .isEqualTo(new Constraint.JsonSchema("s"));
        assertThat(read(options().setConstraint(kind.setRegularExpression("a+")))
                        .constraint())
                .isEqualTo(new Constraint.RegularExpression("a+"));
        assertThat(read(options().setConstraint(kind.setJsonObject(io.aded.v1.AnyJsonObject.getDefaultInstance())))
                        .constraint())
                .isEqualTo(Constraint.JSON_OBJECT);
    }

    @Test
    void constraint_ofNoKind_isUnreadable() {
        TurnInput input = new RequestReader()
                .turn(Turn.newBuilder()
                        .setText("x")
                        .setOptions(options().setConstraint(io.aded.v1.Constraint.getDefaultInstance()))
                        .build());
        assertThat(input.unreadable()).extracting(FieldViolation::field).containsExactly("constraint");
    }

    @Test
    void options_ofToolsAndReasoning_areRead() {
        assertThat(read(options()
                                .addTools(Tool.newBuilder().setName("f").setStrict(false))
                                .setToolChoice(ToolChoice.newBuilder().setTool("f"))
                                .setParallelToolCalls(false)
                                .setReasoning(ReasoningOptions.newBuilder().setBudget(3)))
                        .speech())
                .isEqualTo(new SpeechChange(
                        List.of(new ToolDefinition("f", "", "", false)),
                        new io.aded.dialect.ToolChoice.Named("f"),
                        false,
                        3,
                        null));
        assertThat(read(options()).speech()).isEqualTo(SpeechChange.NONE);
    }

    @Test
    void prefixSharing_narrowed_isRead() {
        assertThat(read(options().setPrefixSharing(PrefixSharing.PREFIX_SHARING_NONE))
                        .prefixSharing())
                .isEqualTo(io.aded.engine.PrefixSharing.NONE);
        assertThat(read(options()).prefixSharing()).isNull();
    }

    // --- masks

    @Test
    void update_withoutMask_saysWhatIsSet() {
        GenerationChange change = update(options().setMaxTokens(5));
        assertThat(change.maxTokens()).isEqualTo(5);
        assertThat(change.cleared()).isEmpty();
    }

    @Test
    void update_namedAndSet_isSaid_namedAndUnset_isCleared_setAndUnnamed_isIgnored() {
        GenerationChange change = update(
                options()
                        .setMaxTokens(5)
                        .setPriority(6)
                        .setSampling(Sampling.newBuilder().setTopK(7).setTopP(0.5f)),
                "max_tokens",
                "stop_strings",
                "sampling.top_k",
                "sampling.seed",
                "sampling.logit_bias",
                "draft.max_depth");
        assertThat(change.maxTokens()).isEqualTo(5);
        assertThat(change.priority()).isNull();
        assertThat(change.cleared())
                .containsExactlyInAnyOrder("stop_strings", "sampling.seed", "sampling.logit_bias", "draft.max_depth");
        SamplingParameters after = change.sampling().apply(BEFORE, SERVER);
        assertThat(after.topK()).isEqualTo(7);
        assertThat(after.topP()).isEqualTo(0.2f);
        assertThat(after.seed()).isNull();
        assertThat(after.logitBias()).isEmpty();
    }

    @Test
    void update_wholeMessages_standForTheirFields() {
        GenerationChange change =
                update(options().setSampling(Sampling.newBuilder().setTopK(7)), "sampling", "draft");
        assertThat(change.sampling().apply(BEFORE, SERVER))
                .isEqualTo(SamplingParameters.builder()
                        .temperature(0.8f)
                        .topK(7)
                        .topP(0.95f)
                        .minP(0.05f)
                        .typicalP(1f)
                        .repeatPenalty(1f)
                        .frequencyPenalty(0f)
                        .presencePenalty(0f)
                        .penaltyWindow(64)
                        .seed(null)
                        .logitBias(Map.of())
                        .build());
        assertThat(change.cleared())
                .contains("draft.mode", "draft.max_nodes", "draft.max_depth", "draft.max_branches")
                .doesNotContain("sampling.top_k", "max_tokens");
    }

    @Test
    void update_star_clearsAllThatIsNotSet() {
        GenerationChange change = update(options().setMaxTokens(5), "*");
        assertThat(change.maxTokens()).isEqualTo(5);
        assertThat(change.sampling().apply(BEFORE, SERVER)).isEqualTo(SERVER);
        assertThat(change.cleared())
                .contains(
                        "constraint",
                        "stop_strings",
                        "stop_tokens",
                        "ignore_end",
                        "log_probabilities",
                        "report_rounds",
                        "priority",
                        "draft.mode")
                .doesNotContain("max_tokens");
    }

    @Test
    void update_serversSeedAndBias_areWhatClearingReturnsTo() {
        SamplingParameters server = BEFORE.withSeed(77);
        assertThat(update(options(), "sampling.seed", "sampling.logit_bias")
                        .sampling()
                        .apply(SERVER, server))
                .isEqualTo(SamplingParameters.builder()
                        .temperature(0.8f)
                        .topK(40)
                        .topP(0.95f)
                        .minP(0.05f)
                        .typicalP(1f)
                        .repeatPenalty(1f)
                        .frequencyPenalty(0f)
                        .presencePenalty(0f)
                        .penaltyWindow(64)
                        .seed(77)
                        .logitBias(Map.of(1, 1f, 2, 2f))
                        .build());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "constraint.grammar",
                "sampling.seed.x",
                "sampling.",
                "seed",
                "stop_strings[0]",
                "options.max_tokens",
                "maxTokens",
                "",
                "tools.name"
            })
    void update_pathThatIsNone_isInvalid(String path) {
        AdedException.InvalidRequest refused =
                catchThrowableOfType(AdedException.InvalidRequest.class, () -> update(options(), "max_tokens", path));
        assertThat(refused.violations()).singleElement().satisfies(violation -> {
            assertThat(violation.field()).isEqualTo("update_mask");
            assertThat(violation.description()).contains("\"" + path + "\"", "allowed");
        });
    }

    @Test
    void update_manyLongPathsThatAreNone_areNamedInBrief() {
        String[] paths = new String[100];
        for (int i = 0; i < paths.length; i++) {
            paths[i] = "x".repeat(10_000) + i;
        }
        AdedException.InvalidRequest refused =
                catchThrowableOfType(AdedException.InvalidRequest.class, () -> update(options(), paths));
        assertThat(refused.violations().getFirst().description())
                .contains("and 96 more")
                .hasSizeLessThan(600);
    }

    @Test
    void update_whatIsNotNamed_isIgnored() {
        GenerationOptions.Builder options =
                options().addTools(Tool.newBuilder().setName("f")).setMaxTokens(3);
        assertThat(update(options, "max_tokens").maxTokens()).isEqualTo(3);
        assertThat(update(options, "max_tokens").speech().tools()).isNull();
        assertThat(update(options, "max_tokens", "tools").speech().tools()).hasSize(1);
    }

    // --- open

    @Test
    void open_everythingSet_isRead() {
        OpenInput open = new RequestReader()
                .open(Open.newBuilder()
                        .setModel("m")
                        .setConversationId("c")
                        .setRequireResume(true)
                        .setRetention(Duration.newBuilder().setSeconds(1).setNanos(5))
                        .setReset(FieldMask.newBuilder().addPaths("max_tokens").addPaths("sampling.seed"))
                        .setOptions(options().setPriority(3))
                        .build());
        assertThat(open.model()).isEqualTo("m");
        assertThat(open.conversationId()).isEqualTo("c");
        assertThat(open.requireResume()).isTrue();
        assertThat(open.retention()).isEqualTo(java.time.Duration.ofSeconds(1, 5));
        assertThat(open.defaults().priority()).isEqualTo(3);
        assertThat(open.defaults().cleared()).containsExactlyInAnyOrder("max_tokens", "sampling.seed");
        assertThat(open.unreadable()).isEmpty();
    }

    @Test
    void open_retentionAndReset_thatMakeNoSense_areUnreadable() {
        OpenInput open = new RequestReader()
                .open(Open.newBuilder()
                        .setRetention(Duration.newBuilder().setSeconds(1).setNanos(-5))
                        .setReset(FieldMask.newBuilder().addPaths("nonsense"))
                        .build());
        assertThat(open.retention()).isNull();
        assertThat(open.unreadable()).extracting(FieldViolation::field).containsExactly("reset", "retention");
    }

    @Test
    void open_nothingSet_saysNothing() {
        OpenInput open = new RequestReader().open(Open.getDefaultInstance());
        assertThat(open.model()).isEmpty();
        assertThat(open.conversationId()).isEmpty();
        assertThat(open.requireResume()).isFalse();
        assertThat(open.retention()).isNull();
    }

    @Test
    void turn_reset_isClearedBeforeTheOptionsHold() {
        TurnInput input = new RequestReader()
                .turn(Turn.newBuilder()
                        .setText("x")
                        .setReset(FieldMask.newBuilder().addPaths("sampling"))
                        .setOptions(options().setSampling(Sampling.newBuilder().setTopK(3)))
                        .build());
        assertThat(input.generation().sampling().apply(BEFORE, SERVER))
                .isEqualTo(SamplingParameters.builder()
                        .temperature(0.8f)
                        .topK(3)
                        .topP(0.95f)
                        .minP(0.05f)
                        .typicalP(1f)
                        .repeatPenalty(1f)
                        .frequencyPenalty(0f)
                        .presencePenalty(0f)
                        .penaltyWindow(64)
                        .seed(null)
                        .logitBias(Map.of())
                        .build());
    }
}
