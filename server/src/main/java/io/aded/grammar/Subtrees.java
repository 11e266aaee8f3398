package io.aded.grammar;

/**
 * What is read below each node of a {@link VocabularyTrie}: which characters, and how many in a row at most. Where a
 * grammar reads all of them alike, the whole subtree is allowed without a look at each node. Immutable.
 *
 * <p>A set of characters is two words, a bit for each of ASCII. The first two of these, control characters that hardly
 * any token has, stand for others: all characters beyond ASCII, and what is no character.
 */
final class Subtrees {
    /** In the lower word: any character beyond ASCII, or the beginning of one. */
    static final long BEYOND_ASCII = 1;

    /** In the lower word: what is no UTF-8, or goes on within a character. */
    private static final long NO_CHARACTER = 2;

    /** So many, or more. */
    static final int MANY = Byte.MAX_VALUE;

    private final long[] low;
    private final long[] high;

    /** The longest text below each node, in characters and in bytes, up to {@link #MANY}. */
    private final byte[] characters;

    private final byte[] bytes;

    Subtrees(VocabularyTrie trie) {
        int nodes = trie.nodes();
        low = new long[nodes];
        high = new long[nodes];
        characters = new byte[nodes];
        bytes = new byte[nodes];
        byte[] before = places(trie);
        // By depth, of the nodes there that have the same parent: what their subtrees have.
        int depths = trie.deepest() + 2;
        long[] lowBelow = new long[depths];
        long[] highBelow = new long[depths];
        int[] mostBelow = new int[depths];
        int[] longestBelow = new int[depths];
        for (int node = nodes - 1; node >= 0; node--) {
            int depth = trie.depth(node);
            int label = trie.label(node) & 0xFF;
            boolean begins = before[node] == BETWEEN;
            long lower = lowBelow[depth + 1];
            long upper = highBelow[depth + 1];
            int most = mostBelow[depth + 1] + (begins ? 1 : 0);
            int longest = longestBelow[depth + 1] + 1;
            lowBelow[depth + 1] = 0;
            highBelow[depth + 1] = 0;
            mostBelow[depth + 1] = 0;
            longestBelow[depth + 1] = 0;
            if (after(before[node], label) == NOWHERE || label <= 1) {
                lower |= NO_CHARACTER;
            } else if (begins && label >= 0x80) {
                lower |= BEYOND_ASCII;
            } else if (begins && label >= Long.SIZE) {
                upper |= 1L << label;
            } else if (begins) {
                lower |= 1L << label;
            }
            low[node] = begins ? lower : lower | NO_CHARACTER;
            high[node] = upper;
            characters[node] = (byte) Math.min(most, MANY);
            bytes[node] = (byte) Math.min(longest, MANY);
            lowBelow[depth] |= lower;
            highBelow[depth] |= upper;
            mostBelow[depth] = Math.max(mostBelow[depth], most);
            longestBelow[depth] = Math.max(longestBelow[depth], longest);
        }
    }

    /** By node: where in a character its label is read. */
    private static byte[] places(VocabularyTrie trie) {
        byte[] before = new byte[trie.nodes()];
        byte[] path = new byte[trie.deepest() + 1];
        for (int node = 0; node < before.length; node++) {
            int depth = trie.depth(node);
            before[node] = path[depth];
            path[depth + 1] = after(path[depth], trie.label(node) & 0xFF);
        }
        return before;
    }

    // --- where in a character one is: how many bytes are missing, or that the next has bounds of its own

    private static final byte NOWHERE = -1;
    private static final byte BETWEEN = 0;
    private static final byte AFTER_E0 = 4;
    private static final byte AFTER_ED = 5;
    private static final byte AFTER_F0 = 6;
    private static final byte AFTER_F4 = 7;

    /** The same after one more byte (The Unicode Standard 16.0, table 3-7). */
    private static byte after(byte place, int octet) {
        boolean goesOn = (octet & 0xC0) == 0x80;
        return switch (place) {
            case BETWEEN -> afterFirst(octet);
            case 1, 2, 3 -> goesOn ? (byte) (place - 1) : NOWHERE;
            case AFTER_E0 -> goesOn && octet >= 0xA0 ? 1 : NOWHERE;
            case AFTER_ED -> goesOn && octet < 0xA0 ? 1 : NOWHERE;
            case AFTER_F0 -> goesOn && octet >= 0x90 ? 2 : NOWHERE;
            case AFTER_F4 -> goesOn && octet < 0x90 ? 2 : NOWHERE;
            default -> NOWHERE;
        };
    }

    private static byte afterFirst(int octet) {
        if (octet < 0x80) {
            return BETWEEN;
        }
        if (octet < 0xC2 || octet > 0xF4) {
            return NOWHERE;
        }
        if (octet < 0xE0) {
            return 1;
        }
        return switch (octet) {
            case 0xE0 -> AFTER_E0;
            case 0xED -> AFTER_ED;
            case 0xF0 -> AFTER_F0;
            case 0xF4 -> AFTER_F4;
            default -> (byte) (octet < 0xF0 ? 2 : 3);
        };
    }

    /** Whether every text below a node, its own label included, has none but a run's characters. */
    boolean haveOnly(Run run, int node) {
        return (low[node] & ~run.low() | high[node] & ~run.high()) == 0;
    }

    /** Whether every text below a node is as short as a run is for certain. */
    boolean areAsShort(Run run, int node) {
        return characters[node] <= run.characters() && bytes[node] <= run.bytes();
    }

    /** Whether every text below a node is ASCII, if it is of characters at all. */
    boolean areAscii(int node) {
        return (low[node] & BEYOND_ASCII) == 0;
    }
}
