package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.model.ForwardingContext;
import io.aded.model.SamplingParameters;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.testing.Seeds;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class LlamaSamplerTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";
    private static final String PROMPT = "the cat and the dog";

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void sample_sameSeed_drawsTheSameTokensAndAnotherSeedOthers(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            SamplingParameters hot = SamplingParameters.DEFAULT.withTemperature(1f);
            int[] first = generate(tiny, hot.withSeed(7), 48);
            assertThat(generate(tiny, hot.withSeed(7), 48)).isEqualTo(first);
            assertThat(generate(tiny, hot.withSeed(8), 48)).isNotEqualTo(first);
            // llama.cpp takes this seed for "any".
            assertThat(generate(tiny, hot.withSeed(-1), 48)).isEqualTo(generate(tiny, hot.withSeed(-1), 48));
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void sample_contextForwards_drawsFromTheRowsOfTheOriginal(LlamaLibrary library) {
        SamplingParameters hot = SamplingParameters.DEFAULT.withTemperature(1f).withSeed(7);
        try (Tiny tiny = new Tiny(library, directory);
                TokenSampler direct = tiny.model.newSampler(hot);
                TokenSampler forwarded = tiny.model.newSampler(hot)) {
            tiny.feed(0, tiny.model.vocabulary().tokenize(PROMPT, true, false));
            int drawn = forwarded.sample(new ForwardingContext(tiny.context) {}, 0);
            assertThat(drawn).isNotNegative().isEqualTo(direct.sample(tiny.context, 0));
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void sample_greedyChainWithoutEffect_equalsPlainGreedy(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            int[] plain = generate(tiny, SamplingParameters.GREEDY, 48);
            SamplingParameters biased = with(SamplingParameters.GREEDY, 64, 1f, Map.of(0, -1f));
            assertThat(generate(tiny, biased, 48)).isEqualTo(plain);
        }
    }

    /** The k best of the touched and the best raw tokens are what the chain would keep of the whole vocabulary. */
    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void sample_fromSelectedCandidates_equalsTheWholeVocabulary(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            for (float repeat : new float[] {1f, 1.3f, 0.7f}) {
                Map<Integer, Float> bias = Map.of(270, 2f, 300, -3f, 271, Float.NEGATIVE_INFINITY);
                SamplingParameters few = SamplingParameters.builder()
                        .temperature(0.9f)
                        .topK(12)
                        .minP(0.02f)
                        .repeatPenalty(repeat)
                        .frequencyPenalty(0.1f)
                        .presencePenalty(0.1f)
                        .penaltyWindow(32)
                        .seed(5)
                        .logitBias(bias)
                        .build();
                // A bias of nothing on 300 tokens touches so many that all are handed over.
                Map<Integer, Float> wide = new HashMap<>(bias);
                for (int token = 0; token < 300; token++) {
                    wide.putIfAbsent(token, 0f);
                }
                SamplingParameters all = few.toBuilder().logitBias(wide).build();
                assertThat(generate(tiny, few, 64)).as("repeat " + repeat).isEqualTo(generate(tiny, all, 64));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void sample_forbiddenToken_neverComes(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            int[] plain = generate(tiny, SamplingParameters.GREEDY, 16);
            int forbidden = plain[3];
            SamplingParameters biased =
                    with(SamplingParameters.GREEDY, 64, 1f, Map.of(forbidden, Float.NEGATIVE_INFINITY));
            int[] made = generate(tiny, biased, 32);
            assertThat(made).doesNotContain(forbidden).startsWith(Arrays.copyOf(plain, 3));
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void remember_tokensOfThePrompt_arePenalised(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            SamplingParameters strong = with(SamplingParameters.GREEDY, 64, 50f, Map.of());
            int first = generate(tiny, SamplingParameters.GREEDY, 1)[0];
            try (TokenSampler sampler = tiny.model.newSampler(strong)) {
                sampler.remember(first);
                assertThat(tiny.generate(PROMPT, 1, sampler)[0]).isNotEqualTo(first);
                assertThatThrownBy(() -> sampler.remember(100_000)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void sample_withGrammar_makesOnlyWhatItAllows(LlamaLibrary library) {
        String grammar = """
            # numbers, then a word or two
            root ::= number ("," number){2,3} ws ("cat" | "dog")+ "!"
            number ::= [0-5]+ "." [0-5]{1,3}
            ws ::= " "?
            """;
        try (Tiny tiny = new Tiny(library, directory)) {
            for (SamplingParameters base : List.of(
                    SamplingParameters.GREEDY,
                    SamplingParameters.DEFAULT.withSeed(3),
                    SamplingParameters.GREEDY.withTemperature(1f).withSeed(4))) {
                int[] made = generate(tiny, base.withGrammar(grammar), 400);
                String text = tiny.text(Arrays.copyOf(made, made.length));
                if (tiny.model.vocabulary().endsGeneration(made[made.length - 1])) {
                    assertThat(text).matches("[0-5]+\\.[0-5]{1,3}(,[0-5]+\\.[0-5]{1,3}){2,3} ?(cat|dog)+!");
                } else {
                    assertThat(text).matches("[0-5.,catdog ]+");
                }
            }
        }
    }

    /** What is tried first, and by first bytes, must not change what is drawn. */
    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void sample_grammarThatAllowsEverything_changesNothing(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            SamplingParameters free =
                    with(SamplingParameters.DEFAULT.withSeed(11), 32, 1.2f, Map.of(2, -100f, 4, -100f));
            assertThat(generate(tiny, free.withGrammar("root ::= .*"), 64)).isEqualTo(generate(tiny, free, 64));
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void findAllowed_atEveryState_findsWhatAskingAboutEachTokenFinds(LlamaLibrary library) {
        String grammar = "root ::= [a-e ]{2,4} \"\\u00e9\" (\"cat\" | \"ca\" [r-t] | .)* \"</s>\"? \"!\"";
        try (Tiny tiny = new Tiny(library, directory);
                Arena arena = Arena.ofConfined()) {
            LlamaVocabulary vocabulary = (LlamaVocabulary) tiny.model.vocabulary();
            Candidates all = new Candidates(arena, vocabulary.size());
            SamplingParameters parameters = SamplingParameters.GREEDY.withGrammar(grammar);
            Grammar state = Grammar.compile(vocabulary, parameters);
            Random random = new Random(Seeds.orElse(5));
            for (int step = 0; step < 24; step++) {
                all.clear();
                for (int token = 0; token < vocabulary.size(); token++) {
                    all.add(token, 0f);
                }
                state.filter(all);
                Set<Integer> expected = new HashSet<>();
                for (int i = 0; i < all.size(); i++) {
                    expected.add(all.token(i));
                }
                Set<Integer> found = new HashSet<>();
                int count = state.findAllowed();
                for (int i = 0; i < count; i++) {
                    found.add(state.allowed(i));
                }
                assertThat(found).as("step " + step).isNotEmpty().isEqualTo(expected);
                int next = all.token(random.nextInt(all.size()));
                if (vocabulary.endsGeneration(next)) {
                    break;
                }
                state.accept(next);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void sample_withJsonSchema_makesJsonOfThatShape(LlamaLibrary library) {
        String schema = """
            {"type": "object",
             "properties": {"name": {"type": "string", "maxLength": 5},
                            "kind": {"enum": ["cat", "dog"]},
                            "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2}},
             "required": ["name", "kind", "list"], "additionalProperties": false}\
            """;
        try (Tiny tiny = new Tiny(library, directory)) {
            SamplingParameters parameters = SamplingParameters.builder()
                    .topP(1f)
                    .minP(0f)
                    .seed(2)
                    .jsonSchema(schema)
                    .build();
            int[] made = generate(tiny, parameters, 300);
            assertThat(tiny.model.vocabulary().endsGeneration(made[made.length - 1]))
                    .isTrue();
            JsonNode json = JsonMapper.shared().readTree(tiny.text(made));
            assertThat(json.get("name").asString()).hasSizeLessThanOrEqualTo(5);
            assertThat(json.get("kind").asString()).isIn("cat", "dog");
            assertThat(json.get("list").size()).isBetween(1, 2);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void newSampler_invalidGrammarOrSchema_namesTheField(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            for (String grammar :
                    List.of("", "root ::= (", "start ::= \"a\"", "root ::= nope", "root ::= root \"a\"")) {
                refused(tiny, SamplingParameters.GREEDY.withGrammar(grammar), "sampling.grammar");
            }
            for (String schema : List.of("", "{", "[]", "5", "{\"type\":\"foo\"}", "{\"$ref\":\"#/nope\"}")) {
                refused(tiny, SamplingParameters.GREEDY.withJsonSchema(schema), "sampling.json_schema");
            }
        }
    }

    private static void refused(Tiny tiny, SamplingParameters parameters, String field) {
        assertThatThrownBy(() -> tiny.model.newSampler(parameters))
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        e -> assertThat(e.violations()).extracting("field").containsExactly(field));
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void prune_treeWithForbiddenNodes_keepsWhatTheGrammarAllowsAndItsOwnState(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            int a = TinyModels.FIRST_BYTE + 'a';
            int b = TinyModels.FIRST_BYTE + 'b';
            int c = TinyModels.FIRST_BYTE + 'c';
            SamplingParameters parameters =
                    SamplingParameters.GREEDY.withGrammar("root ::= \"a\" (\"b\" \"c\" | \"c\" \"b\") \"a\"");
            try (TokenSampler sampler = tiny.model.newSampler(parameters)) {
                assertThat(sampler.constrains()).isTrue();
                assertThat(tiny.text(tiny.generate(PROMPT, 1, sampler))).isEqualTo("a");
                TokenTree tree = new TokenTree(16);
                tree.reset(a);
                int nb = tree.add(0, b, 0.9f);
                int nc = tree.add(0, c, 0.8f);
                int na = tree.add(0, a, 0.7f);
                int nbc = tree.add(nb, c, 0.6f);
                tree.add(nb, b, 0.5f);
                int ncb = tree.add(nc, b, 0.4f);
                tree.add(na, b, 0.3f);
                tree.add(nbc, a, 0.2f);
                tree.add(ncb, c, 0.1f);
                for (int round = 0; round < 2; round++) {
                    sampler.prune(tree);
                    assertThat(paths(tree)).containsExactly("b", "c", "b c", "c b", "b c a");
                }
            }
        }
    }

    private static List<String> paths(TokenTree tree) {
        String[] paths = new String[tree.size()];
        paths[0] = "";
        for (int node = 1; node < tree.size(); node++) {
            char letter = (char) (tree.token(node) - TinyModels.FIRST_BYTE);
            paths[node] = (paths[tree.parent(node)] + " " + letter).strip();
        }
        return Arrays.asList(paths).subList(1, paths.length);
    }

    private static int[] generate(Tiny tiny, SamplingParameters parameters, int count) {
        try (TokenSampler sampler = tiny.model.newSampler(parameters)) {
            return tiny.generate(PROMPT, count, sampler);
        }
    }

    private static SamplingParameters with(
            SamplingParameters base, int window, float repeat, Map<Integer, Float> bias) {
        return base.toBuilder()
                .penaltyWindow(window)
                .repeatPenalty(repeat)
                .logitBias(bias)
                .build();
    }
}
