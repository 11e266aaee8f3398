package io.aded.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a unigram tokeniser replaces characters by before it looks for tokens, as SentencePiece compiles it: a trie in a
 * double array, and the replacements, each of which ends in a byte 0.
 *
 * <pre>{@code
 * bytes of the trie u32 | nodes u32[] | replacements
 * node: label in bits 0 to 7, 31 set if it is a value | 8 set if a text ends here | 9 set if times 256 | base from 10
 * }</pre>
 *
 * <p>llama.cpp throws at a place beyond either, when some text of a caller leads there, and that ends the process. So
 * every path is walked once before.
 */
final class CharacterMap {
    static final String KEY = "tokenizer.ggml.precompiled_charsmap";

    /** Published ones have some 300,000. */
    private static final int MOST_BYTES = 4 << 20;

    /** The longest of Unicode's own has 33. */
    private static final int LONGEST_REPLACEMENT = 256;

    private final ByteBuffer bytes;
    private final long nodes;
    private final int replacements;

    private CharacterMap(ByteBuffer bytes, long trieBytes) {
        this.bytes = bytes;
        nodes = trieBytes / 4;
        replacements = (int) (4 + trieBytes);
    }

    /** What is wrong with one; null if nothing is. An empty one says that nothing is replaced. */
    static @Nullable String problem(ByteBuffer map) {
        ByteBuffer bytes = map.order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.capacity() == 0) {
            return null;
        }
        if (bytes.capacity() > MOST_BYTES) {
            return "has " + bytes.capacity() + " bytes; allowed: up to " + MOST_BYTES;
        }
        long trie = bytes.capacity() < 4 ? 0 : bytes.getInt(0) & 0xffffffffL;
        if (trie % 4 != 0 || trie + 4 >= bytes.capacity() || bytes.get(bytes.capacity() - 1) != 0) {
            return "is cut short";
        }
        return new CharacterMap(bytes, trie).walk() ? null : "leads out of itself";
    }

    private boolean walk() {
        if (nodes == 0) {
            return true;
        }
        Set<Long> known = new HashSet<>();
        Deque<Long> open = new ArrayDeque<>();
        open.add(base(0));
        while (!open.isEmpty()) {
            long from = open.remove();
            for (int label = 1; label < 256; label++) {
                long at = from ^ label;
                if (at >= nodes) {
                    return false;
                }
                if ((node(at) & 0x800000ffL) != label) {
                    continue;
                }
                long next = at ^ base(at);
                if ((node(at) & 0x100) != 0 && !isReplacement(next)) {
                    return false;
                }
                if (known.add(next)) {
                    open.add(next);
                }
            }
        }
        return true;
    }

    private long node(long index) {
        return bytes.getInt((int) (4 + 4 * index)) & 0xffffffffL;
    }

    private long base(long index) {
        long node = node(index);
        return ((node >> 10) << ((node & 0x200) >> 6)) & 0xffffffffL;
    }

    /** Whether a node tells where a replacement stands that ends. */
    private boolean isReplacement(long index) {
        if (index >= nodes) {
            return false;
        }
        long start = replacements + (node(index) & 0x7fffffffL);
        for (int i = 0; i <= LONGEST_REPLACEMENT; i++) {
            if (start + i >= bytes.capacity()) {
                return false;
            }
            if (bytes.get((int) start + i) == 0) {
                return true;
            }
        }
        return false;
    }
}
