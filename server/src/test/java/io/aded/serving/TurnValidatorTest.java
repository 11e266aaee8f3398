package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Prompt;
import io.aded.engine.TurnRequest;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.opentelemetry.context.Context;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every field, at and beyond its edges, alone and together. The vocabulary has 100 tokens. */
class TurnValidatorTest {
    private static final TurnValidator VALIDATOR = new TurnValidator(100);
    private static final Generation DEFAULTS = Generation.of(SamplingParameters.DEFAULT, DraftPolicy.AUTO);
    private static final Prompt HELLO = new Prompt.Text("hello");

    private static List<String> wrong(@Nullable Prompt prompt, GenerationChange change) {
        return violations(prompt, change).stream().map(FieldViolation::field).toList();
    }

    private static List<FieldViolation> violations(@Nullable Prompt prompt, GenerationChange change) {
        AdedException.InvalidRequest refused = catchThrowableOfType(
                AdedException.InvalidRequest.class,
                () -> VALIDATOR.validate(
                        new TurnInput(prompt, change, List.of()), DEFAULTS, DEFAULTS, Caller.ANONYMOUS));
        return refused == null ? List.of() : refused.violations();
    }

    private static List<String> wrong(Prompt prompt) {
        return wrong(prompt, GenerationChange.NONE);
    }

    private static GenerationChange limits(int maxTokens, int logProbabilities, int priority) {
        return GenerationChange.builder()
                .maxTokens(maxTokens)
                .logProbabilities(logProbabilities)
                .priority(priority)
                .build();
    }

    private static GenerationChange stops(List<String> strings, List<Integer> tokens) {
        return GenerationChange.builder()
                .stopStrings(strings)
                .stopTokens(tokens)
                .build();
    }

    private static GenerationChange drafting(DraftChoice draft) {
        return GenerationChange.builder().draft(draft).build();
    }

    private static GenerationChange sampling(SamplingParameters parameters) {
        return GenerationChange.builder()
                .sampling((before, server) -> parameters)
                .build();
    }

    private static Prompt.Messages messages(String... rolesAndContents) {
        return new Prompt.Messages(IntStream.range(0, rolesAndContents.length / 2)
                .mapToObj(i -> new ChatMessage(rolesAndContents[2 * i], rolesAndContents[2 * i + 1]))
                .toList());
    }

    // --- prompts

    @Test
    void validate_noPrompt_namesThePrompt() {
        assertThat(violations(null, GenerationChange.NONE))
                .containsExactly(new FieldViolation(
                        "prompt", "is missing; allowed: exactly one of prompt, chat, text and tokens"));
    }

    @Test
    void validate_emptyPrompts_areNamedByTheirKind() {
        assertThat(wrong(new Prompt.Text(""))).containsExactly("text");
        assertThat(wrong(new Prompt.Tokens(new int[0]))).containsExactly("tokens");
        assertThat(wrong(messages())).containsExactly("messages");
        assertThat(wrong(messages("system", "", "user", ""))).containsExactly("messages");
    }

    @Test
    void validate_shortestPrompts_areValid() {
        assertThat(wrong(new Prompt.Text(" "))).isEmpty();
        assertThat(wrong(new Prompt.Tokens(new int[] {0}))).isEmpty();
        assertThat(wrong(new Prompt.Tokens(new int[] {99}))).isEmpty();
        assertThat(wrong(messages("system", "", "user", "x"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"user", "system", "assistant", "tool", "ipython", "a", "my.role-2_x", "X"})
    void validate_role_isValid(String role) {
        assertThat(wrong(messages(role, "x"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "two words", "<|system|>", "user\n", "\u00fcser", "a:b"})
    void validate_roleThatIsNone_isNamed(String role) {
        assertThat(wrong(messages("user", "x", role, "y"))).containsExactly("messages[1].role");
    }

    @Test
    void validate_roleLength_isBounded() {
        assertThat(wrong(messages("r".repeat(64), "x"))).isEmpty();
        assertThat(wrong(messages("r".repeat(65), "x"))).containsExactly("messages[0].role");
    }

    @Test
    void validate_wrongRolesAndNoContent_areBothNamed() {
        assertThat(wrong(messages("a b", "", "c d", "")))
                .containsExactly("messages[0].role", "messages[1].role", "messages");
    }

    @Test
    void validate_tokensOutOfRange_areNamedOneByOne() {
        assertThat(violations(new Prompt.Tokens(new int[] {5, -1, 100, 99}), GenerationChange.NONE))
                .containsExactly(
                        new FieldViolation("tokens[1]", "is -1; allowed: 0 to 99"),
                        new FieldViolation("tokens[2]", "is 100; allowed: 0 to 99"));
    }

    @Test
    void validate_manyTokensOutOfRange_areNamedUpToEightAndThenCounted() {
        int[] eight = IntStream.range(0, 8).map(i -> -1).toArray();
        assertThat(wrong(new Prompt.Tokens(eight))).hasSize(8).endsWith("tokens[7]");
        int[] thousand = IntStream.range(0, 1000).map(i -> 100).toArray();
        assertThat(violations(new Prompt.Tokens(thousand), GenerationChange.NONE))
                .hasSize(9)
                .endsWith(new FieldViolation("tokens", "has 992 more ids out of range; allowed: 0 to 99"));
    }

    // --- stops and limits

    @Test
    void validate_stopTokens_areHeldToTheSameRule() {
        assertThat(wrong(HELLO, stops(List.of(), List.of(0, 99)))).isEmpty();
        assertThat(wrong(HELLO, stops(List.of(), List.of(0, 100, -1))))
                .containsExactly("stop_tokens[1]", "stop_tokens[2]");
    }

    @Test
    void validate_stopStrings_areSixteenAtMostAndNoneEmpty() {
        assertThat(wrong(HELLO, stops(Collections.nCopies(16, "x"), List.of()))).isEmpty();
        assertThat(violations(HELLO, stops(Collections.nCopies(17, "x"), List.of())))
                .containsExactly(new FieldViolation("stop_strings", "has 17 entries; allowed: at most 16"));
        assertThat(wrong(HELLO, stops(List.of("a", "", "b", ""), List.of())))
                .containsExactly("stop_strings[1]", "stop_strings[3]");
    }

    @Test
    void validate_seventeenStopStringsTheLastEmpty_namesTheCountOnly() {
        List<String> strings = new ArrayList<>(Collections.nCopies(16, "x"));
        strings.add("");
        assertThat(wrong(HELLO, stops(strings, List.of()))).containsExactly("stop_strings");
    }

    @ParameterizedTest
    @CsvSource({"0,-1,0", "1,0,-100", "2147483647,20,100"})
    void validate_limitsWithinTheirEdges_areValid(int maxTokens, int logProbabilities, int priority) {
        assertThat(wrong(HELLO, limits(maxTokens, logProbabilities, priority))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "-1,0,0,max_tokens",
        "-2147483648,0,0,max_tokens",
        "0,-2,0,log_probabilities",
        "0,21,0,log_probabilities",
        "0,0,-101,priority",
        "0,0,101,priority"
    })
    void validate_limitBeyondItsEdge_isNamed(int maxTokens, int logProbabilities, int priority, String field) {
        assertThat(wrong(HELLO, limits(maxTokens, logProbabilities, priority))).containsExactly(field);
    }

    // --- drafting

    @Test
    void validate_unknownMode_listsThoseThatThisServerHas() {
        DraftChoice choice = new DraftChoice("modle", null, null, null, null);
        assertThat(violations(HELLO, drafting(choice))).singleElement().satisfies(violation -> {
            assertThat(violation.field()).isEqualTo("draft.mode");
            assertThat(violation.description())
                    .contains("\"modle\"", "allowed: auto, off, ")
                    .doesNotContain("draft-verify");
        });
        assertThatThrownBy(() -> new TurnValidator(100, 1000, null, true)
                        .validate(
                                new TurnInput(HELLO, drafting(choice), List.of()),
                                DEFAULTS,
                                DEFAULTS,
                                Caller.ANONYMOUS))
                .hasMessageContaining("draft-verify");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model", "draft-verify"})
    void validate_modeThatNeedsADraftModel_isRefusedWhereNoneIsLoaded(String mode) {
        DraftChoice choice = new DraftChoice(mode, null, null, null, null);
        assertThat(violations(HELLO, drafting(choice))).singleElement().satisfies(violation -> {
            assertThat(violation.field()).isEqualTo("draft.mode");
            assertThat(violation.description()).contains(mode, "--draft-model", "--draft-self");
        });

        ValidTurn valid = new TurnValidator(100, 1000, null, true)
                .validate(new TurnInput(HELLO, drafting(choice), List.of()), DEFAULTS, DEFAULTS, Caller.ANONYMOUS);

        assertThat(valid.request().draft().mode()).hasToString(mode);
    }

    @Test
    void validate_drafterNamed_takesItsOwnBounds() {
        var before = new Generation(
                SamplingParameters.DEFAULT,
                Constraint.NONE,
                new DraftPolicy(Drafters.AUTO, 7, 6, 5, false),
                0,
                List.of(),
                List.of(),
                false,
                -1,
                false,
                0);
        var input = new TurnInput(HELLO, drafting(new DraftChoice("aded", null, 3, null, null)));
        assertThat(VALIDATOR
                        .validate(input, before, DEFAULTS, Caller.ANONYMOUS)
                        .request()
                        .draft())
                .isEqualTo(new DraftPolicy(Drafters.ADED, 12, 3, 8, false));
        var bound = new TurnInput(HELLO, drafting(new DraftChoice(null, 9, null, null, null)));
        assertThat(VALIDATOR
                        .validate(bound, before, DEFAULTS, Caller.ANONYMOUS)
                        .request()
                        .draft())
                .isEqualTo(new DraftPolicy(Drafters.AUTO, 9, 6, 5, false));
    }

    @ParameterizedTest
    @CsvSource({
        // what is cleared, what is named; then mode, nodes, depth, branches. Before: aded 9/8/7. Server: auto 20/32/8.
        "draft.max_nodes,,aded,12,8,7",
        "draft.max_nodes draft.max_depth draft.max_branches,,aded,12,32,8",
        "draft.mode,,auto,20,32,8",
        "draft.mode draft.max_depth,,auto,20,32,8",
        "draft.max_nodes,auto,auto,20,32,8",
        "draft.max_depth,aded-mcts,aded-mcts,64,4,32",
        ",auto,auto,64,32,8",
        ",,aded,9,8,7"
    })
    void validate_draftBoundCleared_isAsIfNobodyHadNamedIt(
            @Nullable String cleared, @Nullable String named, String mode, int nodes, int depth, int branches) {
        Generation before = Generation.of(SamplingParameters.DEFAULT, new DraftPolicy(Drafters.ADED, 9, 8, 7, false));
        Generation server = Generation.of(SamplingParameters.DEFAULT, DraftPolicy.AUTO.withMaxNodes(20));
        GenerationChange change = GenerationChange.builder()
                .cleared(cleared == null ? Set.of() : Set.of(cleared.split(" ")))
                .draft(new DraftChoice(named, null, null, null, null))
                .build();
        assertThat(VALIDATOR
                        .validate(new TurnInput(HELLO, change), before, server, Caller.ANONYMOUS)
                        .request()
                        .draft())
                .isEqualTo(new DraftPolicy(Drafters.named(mode), nodes, depth, branches, false));
    }

    @Test
    void validate_cleared_returnsToWhatTheServerHas() {
        var before = new Generation(
                SamplingParameters.GREEDY,
                new Constraint.Grammar("g"),
                new DraftPolicy(Drafters.ADED, 9, 8, 7, true),
                17,
                List.of("stop"),
                List.of(3),
                true,
                2,
                true,
                -5);
        GenerationChange change = GenerationChange.builder()
                .cleared(Set.of(
                        "constraint",
                        "draft.mode",
                        "draft.share_learned",
                        "max_tokens",
                        "stop_strings",
                        "stop_tokens",
                        "ignore_end",
                        "log_probabilities",
                        "report_rounds",
                        "priority"))
                .sampling((was, server) -> server)
                .build();
        TurnRequest turn = VALIDATOR
                .validate(new TurnInput(HELLO, change), before, DEFAULTS, Caller.ANONYMOUS)
                .request();
        assertThat(Generation.of(turn)).isEqualTo(DEFAULTS);
    }

    // --- constraints

    @Test
    void validate_constraintOfATurn_replacesTheConversations() {
        Generation before = Generation.of(SamplingParameters.DEFAULT.withJsonSchema("{}"), DraftPolicy.AUTO);
        assertThat(before.constraint()).isEqualTo(new Constraint.JsonSchema("{}"));
        record Case(
                Constraint said,
                @Nullable String grammar,
                @Nullable String schema) {}
        for (Case one : List.of(
                new Case(new Constraint.Grammar("g"), "g", null),
                new Case(new Constraint.JsonSchema("s"), null, "s"),
                new Case(new Constraint.RegularExpression("a"), "root ::= [a]\n", null),
                new Case(Constraint.JSON_OBJECT, null, "{\"type\":\"object\"}"),
                new Case(Constraint.NONE, null, null))) {
            GenerationChange change =
                    GenerationChange.builder().constraint(one.said()).build();
            SamplingParameters sampling = VALIDATOR
                    .validate(new TurnInput(HELLO, change), before, DEFAULTS, Caller.ANONYMOUS)
                    .request()
                    .sampling();
            assertThat(sampling.grammar()).isEqualTo(one.grammar());
            assertThat(sampling.jsonSchema()).isEqualTo(one.schema());
        }
    }

    @Test
    void validate_emptyConstraints_areNamed() {
        assertThat(wrong(
                        HELLO,
                        GenerationChange.builder()
                                .constraint(new Constraint.Grammar(" "))
                                .build()))
                .containsExactly("constraint.grammar");
        assertThat(wrong(
                        HELLO,
                        GenerationChange.builder()
                                .constraint(new Constraint.JsonSchema(""))
                                .build()))
                .containsExactly("constraint.json_schema");
    }

    @Test
    void validate_regularExpressionThatCannotBeKept_isNamedWithTheRest() {
        assertThat(wrong(
                        new Prompt.Text(""),
                        GenerationChange.builder()
                                .constraint(new Constraint.RegularExpression("(?=a)b"))
                                .build()))
                .containsExactly("text", "constraint.regular_expression");
        assertThat(wrong(
                        HELLO,
                        GenerationChange.builder()
                                .constraint(new Constraint.RegularExpression(""))
                                .build()))
                .containsExactly("constraint.regular_expression");
    }

    @Test
    void validate_completeTurnWithGrammarAndSchema_isRefused() {
        AdedException.InvalidRequest refused = catchThrowableOfType(
                AdedException.InvalidRequest.class,
                () -> VALIDATOR.validate(TurnRequest.of(
                        HELLO, SamplingParameters.GREEDY.withGrammar("g").withJsonSchema("{}"), DraftPolicy.AUTO, 5)));
        assertThat(refused.violations()).extracting(FieldViolation::field).containsExactly("constraint.json_schema");
    }

    @Test
    void validate_unknownDrafter_isNamedWithThoseThereAre() {
        assertThat(violations(HELLO, drafting(new DraftChoice("magic", null, null, null, null))))
                .singleElement()
                .satisfies(violation -> {
                    assertThat(violation.field()).isEqualTo("draft.mode");
                    assertThat(violation.description()).contains("\"magic\"", "auto", "off", "aded-mcts");
                });
    }

    @ParameterizedTest
    @CsvSource({"0,1,1", "256,64,64"})
    void validate_draftBoundsAtTheirEdges_areValid(int nodes, int depth, int branches) {
        assertThat(wrong(HELLO, drafting(new DraftChoice(null, nodes, depth, branches, null))))
                .isEmpty();
    }

    @Test
    void validate_draftBoundsBeyondTheirEdges_areNamed() {
        assertThat(wrong(HELLO, drafting(new DraftChoice("aded", -1, 0, 0, null))))
                .containsExactly("draft.max_nodes", "draft.max_depth", "draft.max_branches");
        assertThat(wrong(HELLO, drafting(new DraftChoice(null, 257, 65, 65, null))))
                .containsExactly("draft.max_nodes", "draft.max_depth", "draft.max_branches");
    }

    // --- sampling

    private static SamplingParameters parameters(float[] v, int topK, int window, Map<Integer, Float> bias) {
        return SamplingParameters.builder()
                .temperature(v[0])
                .topK(topK)
                .topP(v[1])
                .minP(v[2])
                .typicalP(v[3])
                .repeatPenalty(v[4])
                .frequencyPenalty(v[5])
                .presencePenalty(v[6])
                .penaltyWindow(window)
                .logitBias(bias)
                .build();
    }

    @Test
    void validate_samplingAtItsEdges_isValid() {
        Map<Integer, Float> bias = Map.of(0, -1000f, 99, 1000f, 50, Float.NEGATIVE_INFINITY);
        assertThat(wrong(HELLO, sampling(parameters(new float[] {0, 1, 0, 1, 100, -100, -100}, 0, 0, bias))))
                .isEmpty();
        float least = Float.MIN_VALUE;
        assertThat(wrong(
                        HELLO,
                        sampling(parameters(
                                new float[] {100, least, 1, least, least, 100, 100}, Integer.MAX_VALUE, 65536, bias))))
                .isEmpty();
    }

    @Test
    void validate_samplingBeyondItsEdges_namesEveryField() {
        Map<Integer, Float> bias = new HashMap<>();
        bias.put(100, 0f);
        bias.put(1, 1000.5f);
        String[] all = {
            "sampling.temperature",
            "sampling.top_k",
            "sampling.top_p",
            "sampling.min_p",
            "sampling.typical_p",
            "sampling.repeat_penalty",
            "sampling.frequency_penalty",
            "sampling.presence_penalty",
            "sampling.penalty_window",
            "sampling.logit_bias",
            "sampling.logit_bias"
        };
        float more = 100.01f;
        assertThat(wrong(HELLO, sampling(parameters(new float[] {-1, 0, -1, 0, 0, -more, -more}, -1, -1, bias))))
                .containsExactly(all);
        float[] notNumbers = new float[7];
        Arrays.fill(notNumbers, Float.NaN);
        assertThat(wrong(HELLO, sampling(parameters(notNumbers, -1, 65537, bias))))
                .containsExactly(all);
        float above = 1.01f;
        assertThat(wrong(
                        HELLO,
                        sampling(
                                parameters(new float[] {more, above, above, above, more, more, more}, 1, 1, Map.of()))))
                .containsExactly(
                        "sampling.temperature",
                        "sampling.top_p",
                        "sampling.min_p",
                        "sampling.typical_p",
                        "sampling.repeat_penalty",
                        "sampling.frequency_penalty",
                        "sampling.presence_penalty");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, -1000.5f, 1e30f})
    void validate_bias_isNamedIfItIsNoBias(float bias) {
        assertThat(wrong(HELLO, sampling(parameters(new float[] {1, 1, 0, 1, 1, 0, 0}, 0, 0, Map.of(1, bias)))))
                .containsExactly("sampling.logit_bias");
    }

    // --- together

    @Test
    void validate_everythingWrong_isNamedAtOnceInTheOrderOfTheFields() {
        GenerationChange change = GenerationChange.builder()
                .sampling((before, server) -> before.withTemperature(-1))
                .draft(new DraftChoice(null, 300, null, null, null))
                .maxTokens(-1)
                .stopStrings(List.of(""))
                .stopTokens(List.of(-1))
                .logProbabilities(21)
                .priority(101)
                .build();
        TurnInput input = new TurnInput(null, change, List.of(new FieldViolation("extra", "cannot be read")));
        AdedException.InvalidRequest refused = catchThrowableOfType(
                AdedException.InvalidRequest.class,
                () -> VALIDATOR.validate(input, DEFAULTS, DEFAULTS, Caller.ANONYMOUS));
        assertThat(refused.violations())
                .extracting(FieldViolation::field)
                .containsExactly(
                        "extra",
                        "prompt",
                        "sampling.temperature",
                        "draft.max_nodes",
                        "max_tokens",
                        "stop_strings[0]",
                        "stop_tokens[0]",
                        "log_probabilities",
                        "priority");
    }

    @Test
    void validate_nothingSaid_takesWhatIsInForce() {
        var before = new Generation(
                SamplingParameters.GREEDY,
                Constraint.NONE,
                DraftPolicy.OFF,
                17,
                List.of("stop"),
                List.of(3),
                true,
                2,
                true,
                -5);
        var caller = new Caller("anna", 123L, Context.root());
        TurnRequest turn = VALIDATOR
                .validate(new TurnInput(HELLO, GenerationChange.NONE), before, DEFAULTS, caller)
                .request();
        assertThat(turn)
                .isEqualTo(new TurnRequest(
                        HELLO,
                        SamplingParameters.GREEDY,
                        DraftPolicy.OFF,
                        17,
                        List.of("stop"),
                        List.of(3),
                        true,
                        2,
                        true,
                        -5,
                        "anna",
                        123L,
                        Context.root()));
    }

    @Test
    void validate_everythingSaid_replacesWhatIsInForce() {
        GenerationChange change = GenerationChange.builder()
                .sampling((before, server) -> before.withTemperature(2))
                .draft(new DraftChoice("off", null, null, null, true))
                .maxTokens(1)
                .stopStrings(List.of())
                .stopTokens(List.of())
                .ignoreEnd(false)
                .logProbabilities(-1)
                .reportRounds(false)
                .priority(4)
                .build();
        var before = new Generation(
                SamplingParameters.GREEDY,
                Constraint.NONE,
                DraftPolicy.AUTO,
                17,
                List.of("stop"),
                List.of(3),
                true,
                2,
                true,
                -5);
        TurnRequest turn = VALIDATOR
                .validate(new TurnInput(HELLO, change), before, DEFAULTS, Caller.ANONYMOUS)
                .request();
        assertThat(Generation.of(turn))
                .isEqualTo(new Generation(
                        SamplingParameters.GREEDY.withTemperature(2),
                        Constraint.NONE,
                        new DraftPolicy(Drafters.OFF, 0, 1, 1, true),
                        1,
                        List.of(),
                        List.of(),
                        false,
                        -1,
                        false,
                        4));
    }

    @Test
    void validate_completeTurn_isHeldToTheSameRules() {
        TurnRequest good = TurnRequest.of(HELLO, SamplingParameters.GREEDY, DraftPolicy.AUTO, 5);
        assertThat(VALIDATOR.validate(good).request()).isSameAs(good);
        AdedException.InvalidRequest refused = catchThrowableOfType(
                AdedException.InvalidRequest.class,
                () -> VALIDATOR.validate(TurnRequest.of(
                        new Prompt.Tokens(new int[] {100}),
                        SamplingParameters.GREEDY.withTemperature(101),
                        DraftPolicy.AUTO.withMaxNodes(257),
                        -1)));
        assertThat(refused.violations())
                .extracting(FieldViolation::field)
                .containsExactly("tokens[0]", "sampling.temperature", "draft.max_nodes", "max_tokens");
    }

    @Test
    void toString_ofAValidTurn_hasNoWordOfThePrompt() {
        TurnRequest turn = TurnRequest.of(new Prompt.Text("secret"), SamplingParameters.GREEDY, DraftPolicy.AUTO, 5);
        assertThat(VALIDATOR.validate(turn)).asString().doesNotContain("secret");
    }
}
