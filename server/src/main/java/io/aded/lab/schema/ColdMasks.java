package io.aded.lab.schema;

import io.aded.grammar.GrammarRefused;
import io.aded.grammar.TokenMasks;
import io.aded.grammar.VocabularyTrie;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/**
 * What masks cost that nobody asked for before: walks answers through grammars that have just been compiled, and asks
 * for all tokens at each position.
 *
 * <p>Each walk is repeated with the same tokens, and of a position's times the least counts: it is the same work, and
 * what a busy machine adds is no part of it.
 */
public final class ColdMasks {
    /** Tokens after which an answer is led to its end, and after which it is given up. */
    private static final int LONG = 60;

    private static final int LONGEST = 120;

    private static final String[] CLOSING = {"\"", "}", "]", "\n", "0"};

    private final VocabularyTrie trie;
    private final int[] closing;
    private final long[] mask;
    private final int answers;
    private final int repeats;
    private final LongSupplier clock;

    /**
     * Prepares measurements.
     *
     * @param answers to walk through each grammar, one after the other
     * @param repeats of each, at least 1
     * @param clock in nanoseconds
     */
    public ColdMasks(VocabularyTrie trie, int answers, int repeats, LongSupplier clock) {
        this.trie = trie;
        this.answers = answers;
        this.repeats = repeats;
        this.clock = clock;
        mask = new long[trie.vocabularySize() + 63 >> 6];
        closing = new int[CLOSING.length];
        for (int i = 0; i < closing.length; i++) {
            closing[i] = trie.longestPrefix(CLOSING[i].getBytes(StandardCharsets.UTF_8), 0, 1);
        }
    }

    /**
     * One mask.
     *
     * @param work that it took
     * @param nanos that it took, the least of all repeats
     */
    public record Cost(TokenMasks.Work work, long nanos) {}

    /**
     * A grammar's masks.
     *
     * @param compiling what the compilation took, the same way
     */
    public record Costs(String name, List<Cost> masks, Cost compiling) {}

    /**
     * Walks through a grammar.
     *
     * @throws GrammarRefused if it is none
     */
    public Costs measure(SampleGrammars.Sample sample) throws GrammarRefused {
        SplittableRandom random = new SplittableRandom(sample.name().hashCode());
        long start = clock.getAsLong();
        TokenMasks masks = sample.compile(trie);
        long compiling = clock.getAsLong() - start;
        TokenMasks.Work compiled = masks.work();
        List<List<Integer>> texts = new ArrayList<>();
        List<TokenMasks.Work> works = new ArrayList<>();
        for (int i = 0; i < answers; i++) {
            texts.add(draw(masks, random, works));
        }
        long[] best = new long[works.size()];
        Arrays.fill(best, Long.MAX_VALUE);
        for (int repeat = 0; repeat < repeats; repeat++) {
            start = clock.getAsLong();
            masks = sample.compile(trie);
            compiling = Math.min(compiling, clock.getAsLong() - start);
            walk(masks, texts, best);
        }
        List<Cost> costs = new ArrayList<>();
        for (int i = 0; i < best.length; i++) {
            costs.add(new Cost(works.get(i), best[i]));
        }
        return new Costs(sample.name(), costs, new Cost(compiled, compiling));
    }

    private List<Integer> draw(TokenMasks masks, SplittableRandom random, List<TokenMasks.Work> works) {
        List<Integer> text = new ArrayList<>();
        TokenMasks.Position position = masks.start();
        while (!position.isComplete() && text.size() < LONGEST) {
            TokenMasks.Work from = masks.work();
            masks.fill(position, mask);
            TokenMasks.Work to = masks.work();
            works.add(new TokenMasks.Work(to.visits() - from.visits(), to.steps() - from.steps()));
            int token = text.size() >= LONG || random.nextInt(8) == 0 ? end() : -1;
            token = token < 0 ? any(random) : token;
            if (token < 0) {
                break;
            }
            text.add(token);
            position = masks.after(position, token);
        }
        return text;
    }

    private void walk(TokenMasks masks, List<List<Integer>> texts, long[] best) {
        int at = 0;
        for (List<Integer> text : texts) {
            TokenMasks.Position position = masks.start();
            for (int i = 0; i <= text.size() && i < LONGEST && !position.isComplete(); i++) {
                long start = clock.getAsLong();
                masks.fill(position, mask);
                best[at] = Math.min(best[at], clock.getAsLong() - start);
                at++;
                if (i < text.size()) {
                    position = masks.after(position, text.get(i));
                }
            }
        }
    }

    private int end() {
        for (int token : closing) {
            if (token >= 0 && (mask[token >> 6] & 1L << token) != 0) {
                return token;
            }
        }
        return -1;
    }

    /** Some token that may come, found from a random place on. */
    private int any(SplittableRandom random) {
        int from = random.nextInt(mask.length);
        for (int i = 0; i < mask.length; i++) {
            int word = (from + i) % mask.length;
            if (mask[word] != 0) {
                long bits = mask[word];
                for (int skip = random.nextInt(Long.bitCount(bits)); skip > 0; skip--) {
                    bits &= bits - 1;
                }
                return (word << 6) + Long.numberOfTrailingZeros(bits);
            }
        }
        return -1;
    }
}
