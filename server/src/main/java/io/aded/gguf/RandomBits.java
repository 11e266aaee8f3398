package io.aded.gguf;

/** Random bits faster than any disk takes them: xorshift64 (Marsaglia, Journal of Statistical Software 8, 2003). */
final class RandomBits {
    private long state;

    /** Begins anew; near seeds give unlike bits. */
    void seed(long seed) {
        long mixed = (seed + 0x9E3779B97F4A7C15L) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 30) * 0x94D049BB133111EBL;
        state = (mixed ^ mixed >>> 31) | 1;
    }

    /** The next 64. */
    long next() {
        state ^= state << 13;
        state ^= state >>> 7;
        state ^= state << 17;
        return state;
    }
}
