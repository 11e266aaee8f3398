package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TokenTrieTest {
    private static final long SEED = Long.getLong("aded.seed", 20260101L);
    private static final int NONE = -1;

    /** Tokens by their texts; those of {@code ends} end an answer. */
    private record Texts(List<String> texts, List<Integer> ends) implements Vocabulary {
        @Override
        public int size() {
            return texts.size();
        }

        @Override
        public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int piece(int token, byte[] destination, boolean special) {
            byte[] bytes = texts.get(token).getBytes(StandardCharsets.UTF_8);
            if (bytes.length > destination.length) {
                return -bytes.length;
            }
            System.arraycopy(bytes, 0, destination, 0, bytes.length);
            return bytes.length;
        }

        @Override
        public String detokenize(int[] tokens, boolean special) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int beginningOfSequence() {
            return NONE;
        }

        @Override
        public int endOfSequence() {
            return NONE;
        }

        @Override
        public boolean endsGeneration(int token) {
            return ends.contains(token);
        }

        @Override
        public boolean isControl(int token) {
            return false;
        }

        @Override
        public @Nullable String kind() {
            return null;
        }
    }

    @Test
    void of_fewTokens_putsEachBelowItsLongestPrefix() {
        // a, ab, abc and abd hang together; "" has no text; "end" ends answers although it begins with "en".
        Texts texts = new Texts(List.of("abc", "a", "b", "ab", "abd", "", "en", "end"), List.of(7));
        TokenTrie trie = TokenTrie.of(texts);
        assertThat(roots(trie, 8)).containsExactlyInAnyOrder(1, 2, 6, 7);
        assertThat(children(trie, 1, 8)).containsExactly(3);
        assertThat(children(trie, 3, 8)).containsExactlyInAnyOrder(0, 4);
        assertThat(children(trie, 0, 8)).isEmpty();
        assertThat(children(trie, 6, 8)).isEmpty();
    }

    @Test
    void of_textLongerThanThePieceBuffer_isWhole() {
        String most = "x".repeat(300);
        TokenTrie trie = TokenTrie.of(new Texts(List.of(most + "y", most), List.of()));
        assertThat(roots(trie, 2)).containsExactly(1);
        assertThat(children(trie, 1, 2)).containsExactly(0);
    }

    @Test
    void of_randomVocabularies_agreesWithTheDefinition() {
        for (int round = 0; round < 300; round++) {
            Random random = new Random(SEED * 1_000_003 + round);
            int size = 1 + random.nextInt(40);
            List<String> texts = new ArrayList<>();
            List<Integer> ends = new ArrayList<>();
            for (int token = 0; token < size; token++) {
                StringBuilder text = new StringBuilder();
                for (int length = random.nextInt(6); length > 0; length--) {
                    text.append("abé".charAt(random.nextInt(3)));
                }
                // Texts are unique in the reference; a vocabulary's usually are.
                texts.add(texts.contains(text.toString()) ? "" : text.toString());
                if (random.nextInt(8) == 0) {
                    ends.add(token);
                }
            }
            TokenTrie trie = TokenTrie.of(new Texts(texts, ends));
            for (int token = NONE; token < size; token++) {
                List<Integer> expected = new ArrayList<>();
                for (int child = 0; child < size; child++) {
                    if (!texts.get(child).isEmpty() && parent(child, texts, ends) == token) {
                        expected.add(child);
                    }
                }
                assertThat(token == NONE ? roots(trie, size) : children(trie, token, size))
                        .as("below %s of %s, ends %s, round %s of seed %s", token, texts, ends, round, SEED)
                        .containsExactlyInAnyOrderElementsOf(expected);
            }
        }
    }

    /** The longest other token that this one begins with, neither of them an end. */
    private static int parent(int token, List<String> texts, List<Integer> ends) {
        int parent = NONE;
        for (int other = 0; other < texts.size() && !ends.contains(token); other++) {
            String text = texts.get(other);
            if (other != token
                    && !text.isEmpty()
                    && !ends.contains(other)
                    && texts.get(token).startsWith(text)
                    && (parent == NONE || text.length() > texts.get(parent).length())) {
                parent = other;
            }
        }
        return parent;
    }

    private static List<Integer> roots(TokenTrie trie, int size) {
        int[] found = new int[size];
        return listed(found, trie.appendRoots(found, 0));
    }

    private static List<Integer> children(TokenTrie trie, int token, int size) {
        int[] found = new int[size];
        return listed(found, trie.appendChildren(token, found, 0));
    }

    private static List<Integer> listed(int[] found, int end) {
        return Arrays.stream(found, 0, end).boxed().toList();
    }
}
