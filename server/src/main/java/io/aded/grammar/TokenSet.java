package io.aded.grammar;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Some of a vocabulary's tokens: listed while they are few, a bit each where they are many. Immutable. */
final class TokenSet {
    /** A list is taken below one token in so many. */
    private static final int FEW = 32;

    /** No tokens. */
    static final TokenSet NONE = new TokenSet(new long[0], new int[0]);

    private final long[] bits;
    private final int[] list;

    private TokenSet(long[] bits, int[] list) {
        this.bits = bits;
        this.list = list;
    }

    /** The tokens whose bits are set; the array is copied. */
    static TokenSet of(long[] bits) {
        int count = 0;
        for (long word : bits) {
            count += Long.bitCount(word);
        }
        if (count > bits.length * Long.SIZE / FEW) {
            return new TokenSet(bits.clone(), new int[0]);
        }
        int[] list = new int[count];
        int at = 0;
        for (int word = 0; word < bits.length; word++) {
            for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                list[at++] = (word << 6) + Long.numberOfTrailingZeros(rest);
            }
        }
        return new TokenSet(new long[0], list);
    }

    /** Sets the bits of its tokens and leaves the others. */
    void addTo(long[] mask) {
        for (int word = 0; word < bits.length; word++) {
            mask[word] |= bits[word];
        }
        for (int token : list) {
            mask[token >> 6] |= 1L << token;
        }
    }

    boolean contains(int token) {
        if (bits.length > 0) {
            return (bits[token >> 6] & 1L << token) != 0;
        }
        return Arrays.binarySearch(list, token) >= 0;
    }

    /** Clears the bits of its tokens and leaves the others. */
    void takeFrom(long[] mask) {
        for (int word = 0; word < bits.length; word++) {
            mask[word] &= ~bits[word];
        }
        for (int token : list) {
            mask[token >> 6] &= ~(1L << token);
        }
    }

    boolean isEmpty() {
        return bits.length + list.length == 0;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TokenSet set && Arrays.equals(set.bits, bits) && Arrays.equals(set.list, list);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(bits) + Arrays.hashCode(list);
    }

    /** What it takes of memory, in bytes. */
    int size() {
        return 64 + 8 * bits.length + 4 * list.length;
    }
}
