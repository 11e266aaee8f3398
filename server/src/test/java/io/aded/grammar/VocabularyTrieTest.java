package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ListedVocabulary;
import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Against what it is an index of: a sorted list of texts. */
class VocabularyTrieTest {
    /** Few bytes, so that many texts begin alike; among them those whose sign matters. */
    private static final byte[] BYTES = {0, 'a', 'b', (byte) 0x7F, (byte) 0x80, (byte) 0xFF};

    /** The tokens that have a text of 1 to 255 bytes, in the order of the texts, equal ones by id. */
    private static int[] sorted(ListedVocabulary texts) {
        List<byte[]> all = texts.pieces();
        return IntStream.range(texts.end() + 1, all.size())
                .filter(token -> all.get(token).length > 0 && all.get(token).length <= 255)
                .boxed()
                .sorted((a, b) -> Arrays.compareUnsigned(all.get(a), all.get(b)))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static byte[] randomText(SplittableRandom random, int longest) {
        byte[] text = new byte[random.nextInt(longest + 1)];
        for (int i = 0; i < text.length; i++) {
            text[i] = BYTES[random.nextInt(BYTES.length)];
        }
        return text;
    }

    private static ListedVocabulary randomTexts(SplittableRandom random) {
        List<byte[]> all = new ArrayList<>();
        int size = 2 + random.nextInt(60);
        for (int i = 0; i < size; i++) {
            all.add(randomText(random, 4));
            if (random.nextInt(30) == 0) {
                // Around what is far, and what is left out.
                byte[] text = new byte[random.nextBoolean() ? 31 + random.nextInt(4) : 254 + random.nextInt(4)];
                Arrays.fill(text, (byte) 'a');
                all.add(text);
            }
        }
        // With a control token or without; the token after it ends.
        int control = random.nextInt(2);
        return new ListedVocabulary(all, control == 0 ? Set.of() : Set.of(0), control);
    }

    private static boolean startsWith(byte[] text, byte[] prefix) {
        return text.length >= prefix.length && Arrays.equals(text, 0, prefix.length, prefix, 0, prefix.length);
    }

    @Test
    void of_randomVocabularies_nodesAreTheSortedPrefixes() {
        Seeds.with(random -> {
            for (int round = 0; round < 200; round++) {
                ListedVocabulary texts = randomTexts(random);
                VocabularyTrie trie = VocabularyTrie.of(texts);
                int[] sorted = sorted(texts);
                TreeSet<byte[]> prefixes = new TreeSet<>(Arrays::compareUnsigned);
                for (int token : sorted) {
                    byte[] text = texts.pieces().get(token);
                    for (int length = 1; length <= text.length; length++) {
                        prefixes.add(Arrays.copyOf(text, length));
                    }
                }
                List<byte[]> nodes = List.copyOf(prefixes);
                assertThat(trie.vocabularySize()).isEqualTo(texts.size());
                assertThat(trie.nodes()).isEqualTo(nodes.size());
                for (int node = 0; node < nodes.size(); node++) {
                    byte[] prefix = nodes.get(node);
                    assertThat(trie.label(node)).isEqualTo(prefix[prefix.length - 1]);
                    assertThat(trie.depth(node)).isEqualTo(prefix.length - 1);
                    int end = node;
                    while (end < nodes.size() && startsWith(nodes.get(end), prefix)) {
                        end++;
                    }
                    assertThat(trie.end(node)).isEqualTo(end);
                    int before = 0;
                    int equal = 0;
                    for (int token : sorted) {
                        int order = Arrays.compareUnsigned(texts.pieces().get(token), prefix);
                        before += order < 0 ? 1 : 0;
                        equal += order == 0 ? 1 : 0;
                    }
                    assertThat(trie.firstToken(node)).isEqualTo(before);
                    assertThat(trie.ownTokens(node)).isEqualTo(equal);
                }
                assertThat(trie.firstToken(nodes.size())).isEqualTo(sorted.length);
                for (int i = 0; i < sorted.length; i++) {
                    assertThat(trie.token(i)).isEqualTo(sorted[i]);
                }
            }
        });
    }

    @Test
    void of_randomVocabularies_textsAreTheTokens() {
        Seeds.with(random -> {
            for (int round = 0; round < 200; round++) {
                ListedVocabulary texts = randomTexts(random);
                VocabularyTrie trie = VocabularyTrie.of(texts);
                int[] sorted = sorted(texts);
                int deepest = 0;
                List<Integer> far = new ArrayList<>();
                int[] lengths = new int[texts.size()];
                for (int token : sorted) {
                    byte[] text = texts.pieces().get(token);
                    lengths[token] = text.length;
                    deepest = Math.max(deepest, text.length);
                    if (text.length > 32) {
                        far.add(token);
                    }
                    for (int i = 0; i < text.length; i++) {
                        assertThat(trie.at(token, i)).isEqualTo(text[i]);
                    }
                    int other = sorted[random.nextInt(sorted.length)];
                    int mismatch = Arrays.mismatch(text, texts.pieces().get(other));
                    assertThat(trie.sharedPrefix(token, other)).isEqualTo(mismatch < 0 ? text.length : mismatch);
                }
                for (int token = 0; token < lengths.length; token++) {
                    assertThat(trie.length(token)).isEqualTo(lengths[token]);
                }
                assertThat(trie.deepest()).isEqualTo(deepest);
                assertThat(trie.longTokens())
                        .containsExactly(far.stream().mapToInt(i -> i).toArray());
            }
        });
    }

    @Test
    void longestPrefix_randomTexts_isTheLongestTokenThatBeginsThem() {
        Seeds.with(random -> {
            for (int round = 0; round < 200; round++) {
                ListedVocabulary texts = randomTexts(random);
                VocabularyTrie trie = VocabularyTrie.of(texts);
                for (int i = 0; i < 30; i++) {
                    byte[] text = randomText(random, 9);
                    int from = random.nextInt(text.length + 1);
                    int to = from + random.nextInt(text.length - from + 1);
                    byte[] part = Arrays.copyOfRange(text, from, to);
                    int longest = -1;
                    for (int token : sorted(texts)) {
                        byte[] candidate = texts.pieces().get(token);
                        if (startsWith(part, candidate)
                                && (longest < 0
                                        || candidate.length > texts.pieces().get(longest).length)) {
                            longest = token;
                        }
                    }
                    assertThat(trie.longestPrefix(text, from, to)).isEqualTo(longest);
                }
            }
        });
    }
}
