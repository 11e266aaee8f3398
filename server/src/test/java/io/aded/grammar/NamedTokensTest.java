package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokens that a grammar names, by number and by name: {@code <[7]>}, {@code <think>}, and any but those. */
class NamedTokensTest {
    /** 0 to 5 are control tokens, 2 ends an answer, 6 has no text at all; letters follow, and longer texts. */
    private static final List<String> TEXTS = List.of(
            "<s>",
            "<unk>",
            "</s>",
            "<think>",
            "</think>",
            "<tool>",
            "",
            "a",
            "b",
            "<",
            "<think",
            ">",
            "ab",
            "é",
            "x".repeat(40),
            "a>");

    private static final int THINK = 3;
    private static final int THOUGHT = 4;
    private static final int A = 7;
    private static final int LONG = 14;

    private static final Vocabulary WORDS = new Vocabulary() {
        @Override
        public int size() {
            return TEXTS.size();
        }

        @Override
        public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
            int known = TEXTS.indexOf(text);
            return known >= 0 && parseSpecial ? new int[] {known} : new int[text.length()];
        }

        @Override
        public int piece(int token, byte[] destination, boolean special) {
            if (!special && isControl(token)) {
                return 0;
            }
            byte[] bytes = TEXTS.get(token).getBytes(StandardCharsets.UTF_8);
            System.arraycopy(bytes, 0, destination, 0, bytes.length);
            return bytes.length;
        }

        @Override
        public String detokenize(int[] tokens, boolean special) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int beginningOfSequence() {
            return 0;
        }

        @Override
        public int endOfSequence() {
            return 2;
        }

        @Override
        public boolean endsGeneration(int token) {
            return token == 2;
        }

        @Override
        public boolean isControl(int token) {
            return token <= 5;
        }

        @Override
        public @Nullable String kind() {
            return null;
        }
    };

    private static final VocabularyTrie TRIE = VocabularyTrie.of(WORDS);

    private static List<Integer> allowed(TokenMasks masks, TokenMasks.Position position) {
        long[] mask = new long[1];
        masks.fill(position, mask);
        List<Integer> tokens = new ArrayList<>();
        for (int token = 0; token < TEXTS.size(); token++) {
            boolean may = (mask[0] & 1L << token) != 0;
            assertThat(!masks.after(position, token).isDead())
                    .as("after %s", TEXTS.get(token))
                    .isEqualTo(may);
            assertThat(masks.allows(position, token)).isEqualTo(may);
            if (may) {
                tokens.add(token);
            }
        }
        return tokens;
    }

    /** A text of names in brackets and of letters, each a token. */
    private static boolean accepts(String grammar, String tokens) throws GrammarRefused {
        TokenMasks masks = TokenMasks.ofGbnf(grammar.replace('⏎', '\n'), TRIE);
        TokenMasks.Position position = masks.start();
        for (String token : tokens.isEmpty() ? new String[0] : tokens.split(" ")) {
            if (!allowed(masks, position).contains(TEXTS.indexOf(token))) {
                return false;
            }
            position = masks.after(position, TEXTS.indexOf(token));
        }
        return position.accepts();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "root ::= <[3]> \"ab\" <[4]>~<think> ab </think>~<think ab </think>",
                "root ::= <think> thought </think>⏎thought ::= !</think>*~<think> a <tool> b </think>~<think> a",
                "root ::= <think> thought </think>⏎thought ::= !</think>*~<think> </think>~<think> </think> </think>",
                "root ::= <[3]> (!<[4]>)* <[4]> .*~<think> <s> <unk> </think> a ab~<s> </think>",
                "root ::= <tool>{2} | \"a\" <tool>~a <tool>~<tool>",
                "root ::= (\"a\" | <tool>)+~a <tool> a~a b",
                "root ::= <think>? [a-z]+~<think> ab~ab <think>",
                "root ::= !<think>+ \"b\"~a b b~a <think> b",
                "root ::= <[7]>~a~b",
                "root ::= \"<think\" <[11]>~<think >~<think>",
                "root ::= !<[12]> | \"ab\"~ab~</s>"
            })
    void after_namedTokens_acceptsExactlyThese(String grammar, String good, String bad) throws GrammarRefused {
        assertThat(accepts(grammar, good)).as("accepts %s", good).isTrue();
        assertThat(accepts(grammar, bad)).as("accepts %s", bad).isFalse();
    }

    @Test
    void fill_anyOtherToken_isAllButThatAndWhatEndsAnAnswer() throws GrammarRefused {
        TokenMasks masks = TokenMasks.ofGbnf("root ::= !</think> \"b\"", TRIE);
        assertThat(allowed(masks, masks.start())).containsExactly(0, 1, THINK, 5, A, 8, 9, 10, 11, 12, 13, LONG, 15);
        TokenMasks both = TokenMasks.ofGbnf("root ::= !</think> \"b\" | !<think> \"a\"", TRIE);
        assertThat(allowed(both, both.start()))
                .contains(THINK, THOUGHT)
                .doesNotContain(2, 6)
                .hasSize(14);
        TokenMasks text = TokenMasks.ofGbnf("root ::= !<[7]> \"b\" | \"a\"", TRIE);
        assertThat(allowed(text, text.start())).contains(A).doesNotContain(2, 6).hasSize(14);
    }

    @Test
    void fill_countedTokensAndLongTexts_isWhatEachTokenWouldDo() throws GrammarRefused {
        TokenMasks masks = TokenMasks.ofGbnf("root ::= (!<[4]>){0,60} <[4]> [ax]{40,90}", TRIE);
        TokenMasks.Position position = masks.start();
        for (int i = 0; i < 62 && !position.isDead(); i++) {
            allowed(masks, position);
            position = masks.after(position, i % 7 == 0 ? LONG : i == 40 ? THOUGHT : A);
        }
        TokenMasks.Position text = masks.after(masks.start(), THOUGHT);
        assertThat(allowed(masks, text)).containsExactly(A, LONG);
    }

    @Test
    void allows_controlTokenThatIsNotNamed_neverMeetsText() throws GrammarRefused {
        TokenMasks masks = TokenMasks.ofGbnf("root ::= \"<think>\" [a-z>]* <tool>", TRIE);
        assertThat(allowed(masks, masks.start())).containsExactly(9, 10);
        assertThat(masks.after(masks.start(), THINK).isDead()).isTrue();
    }

    @Test
    void expected_onlyANamedTokenCanFollow_isThatForCertain() throws GrammarRefused {
        TokenMasks masks = TokenMasks.ofGbnf("root ::= <think> \"a\" </think>?", TRIE);
        TokenMasks.Position start = masks.start();
        assertThat(masks.isForced(start)).isTrue();
        assertThat(masks.forced(start, new byte[8])).as("of text").isZero();
        assertThat(masks.expected(start)).isOne();
        assertThat(masks.expected(start, 0)).isEqualTo(THINK);
        assertThat(masks.probability(start, 0)).isEqualTo(1);
        TokenMasks.Position end = masks.after(masks.after(start, THINK), A);
        assertThat(end.accepts()).isTrue();
        assertThat(masks.isForced(end)).as("the text may end").isFalse();
        assertThat(masks.isForced(masks.after(end, THOUGHT))).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "root ::= <[16]>~the vocabulary has no token 16; allowed: 0 to 15",
                "root ::= <[99999999999]>~the vocabulary has no token 99999999999",
                "root ::= <[x]>~expected the number of a token",
                "root ::= <[3>~expected the number of a token",
                "root ::= <[]>~expected the number of a token",
                "root ::= <thinking>~<thinking> is not one token",
                "root ::= <think~expected > after the number or the name",
                "root ::= !\"a\"~expected < after !",
                "root ::= \"a\" </s>~the token </s> ends an answer"
            })
    void ofGbnf_noToken_isRefusedWithItsPlace(String grammar, String message) {
        assertThatThrownBy(() -> TokenMasks.ofGbnf(grammar, TRIE))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining("line 1, column")
                .hasMessageContaining(message);
    }
}
