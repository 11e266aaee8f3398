package io.aded.grammar;

/**
 * Splits a range of code points into sequences of byte ranges whose product is exactly the UTF-8 of that range, as RE2
 * and Rust's {@code utf8-ranges} do. Surrogates, which UTF-8 does not have, are left out.
 */
final class Utf8Ranges {

    /** Takes one sequence: {@code length} pairs of first and last byte, inclusive, as numbers from 0 to 255. */
    @FunctionalInterface
    interface Receiver {
        void sequence(int[] bounds, int length);
    }

    private static final int[] LAST_OF_LENGTH = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};

    private final Receiver receiver;
    private final int[] bounds = new int[8];

    private Utf8Ranges(Receiver receiver) {
        this.receiver = receiver;
    }

    /** Splits the code points from {@code first} to {@code last}, both inclusive. */
    static void split(int first, int last, Receiver receiver) {
        Utf8Ranges split = new Utf8Ranges(receiver);
        split.range(first, Math.min(last, Character.MIN_SURROGATE - 1));
        split.range(Math.max(first, Character.MAX_SURROGATE + 1), Math.min(last, Character.MAX_CODE_POINT));
    }

    private void range(int first, int last) {
        int from = first;
        for (int length = 1; length <= 4 && from <= last; length++) {
            int to = Math.min(last, LAST_OF_LENGTH[length - 1]);
            if (from <= to) {
                sameLength(from, to, length);
                from = to + 1;
            }
        }
    }

    /** A range whose characters all have so many bytes: cut where a prefix would not go with every suffix. */
    private void sameLength(int first, int last, int length) {
        for (int i = 1; i < length; i++) {
            int suffix = (1 << 6 * i) - 1;
            if ((first & ~suffix) != (last & ~suffix)) {
                if ((first & suffix) != 0) {
                    sameLength(first, first | suffix, length);
                    sameLength((first | suffix) + 1, last, length);
                    return;
                }
                if ((last & suffix) != suffix) {
                    sameLength(first, (last & ~suffix) - 1, length);
                    sameLength(last & ~suffix, last, length);
                    return;
                }
            }
        }
        for (int i = 0; i < length; i++) {
            bounds[2 * i] = octet(first, i, length);
            bounds[2 * i + 1] = octet(last, i, length);
        }
        receiver.sequence(bounds, length);
    }

    private static int octet(int c, int index, int length) {
        if (length == 1) {
            return c;
        }
        int shift = 6 * (length - 1 - index);
        int bits = c >> shift & 0x3F;
        if (index > 0) {
            return 0x80 | bits;
        }
        return (0xF00 >> length & 0xFF) | c >> shift;
    }
}
