package io.aded.llama;

import io.aded.model.AdedException;
import io.aded.model.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Splits texts into tokens by the library, in pieces that are {@linkplain TextCuts cut} where that changes nothing, on
 * {@linkplain TextThread threads} whose stack is large enough.
 *
 * <p>Pieces bound what one native call takes: the library's search for tokens that it matches whole grows with the
 * square of how many it finds, and a call cannot be stopped. Between two pieces the work looks whether its caller still
 * waits.
 */
final class TextSplitter {
    /** Characters after which the next place to cut is taken. */
    static final int SMALL_PIECE = 4096;
    /** The same for BPE, where every call compiles the pre-tokeniser's expression, which takes up to 10 ms. */
    private static final int PIECE = 16_384;

    /** A text beyond this is never a prompt, and its length must fit an int: about four times the longest context. */
    private static final int LONGEST_TEXT = 64 << 20;

    /**
     * The longest line, or run of text that cannot be cut, in characters, where the library splits by words. At
     * {@link TextThread#BYTES_A_CHARACTER} that is a stack of 257 MiB.
     */
    static final int LONGEST_RUN = 1 << 18;

    /** Digits in a row that {@code superbpe} may have: its search looks at all that follow, from every one. */
    private static final int LONGEST_SUPER_BPE_NUMBER = 1000;

    private final Native natives;
    private final long handle;
    private final Lifetime life;
    private final String kind;
    private final TextCuts cuts;
    private final int piece;
    private final boolean limitsNumbers;
    private final Separator separator;

    /**
     * A character that merges with nothing: it stands between the blank that a tokeniser adds and the text.
     *
     * @param text the character; empty if there is none, or no need of one
     * @param token what it becomes by itself, or -1
     */
    record Separator(String text, int token) {
        static final Separator NONE = new Separator("", -1);
    }

    /**
     * Creates one.
     *
     * @param kind the tokeniser's, such as {@code SPM}
     * @param cuts where texts may be cut
     * @param pre the pre-tokeniser's name, or null
     * @param separator what keeps a blank away from the text that it is put before
     */
    TextSplitter(
            Native natives,
            long handle,
            Lifetime life,
            String kind,
            TextCuts cuts,
            @Nullable String pre,
            Separator separator) {
        this.natives = natives;
        this.handle = handle;
        this.life = life;
        this.kind = kind;
        this.cuts = cuts;
        piece = kind.equals("BPE") ? PIECE : SMALL_PIECE;
        limitsNumbers = "superbpe".equals(pre);
        this.separator = separator;
    }

    /** Splits a text that stands at the beginning. */
    int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
        return split(text, abandoned -> {
            if (cuts.next(text, piece) >= text.length()) {
                return whole(text, addSpecial, parseSpecial);
            }
            IntList tokens = new IntList(text.length() / 3 + 16);
            int[] around = addSpecial ? whole("", true, parseSpecial) : new int[0];
            int before = Math.min(around.length, addsBeginning() ? 1 : 0);
            tokens.add(around, 0, before);
            pieces(text, true, parseSpecial, tokens, abandoned);
            tokens.add(around, before, around.length);
            return tokens.toArray();
        });
    }

    /** Splits a text that goes on after another. */
    int[] tokenizeContinuation(String text, boolean parseSpecial) {
        return split(text, abandoned -> {
            IntList tokens = new IntList(text.length() / 3 + 16);
            pieces(text, false, parseSpecial, tokens, abandoned);
            return tokens.toArray();
        });
    }

    /** The model stays for as long as the work goes on, which may be longer than somebody waits for it. */
    private int[] split(String text, TextThread.Work<int[]> work) {
        int longestWord = check(text);
        return TextThread.run(text.length(), longestWord, abandoned -> {
            life.enter();
            try {
                return work.run(abandoned);
            } finally {
                life.exit();
            }
        });
    }

    private boolean addsBeginning() {
        return natives.vocabularies.beginningOfSequence(handle) >= 0 && natives.vocabularies.addsBeginning(handle);
    }

    private void pieces(String text, boolean begins, boolean parseSpecial, IntList tokens, AtomicBoolean abandoned) {
        int from = 0;
        while (from < text.length() && !abandoned.get()) {
            Patience.check();
            int to = cuts.next(text, from + piece);
            String part = text.substring(from, to);
            int[] more = begins && from == 0 ? whole(part, false, parseSpecial) : continuing(part, parseSpecial);
            tokens.add(more, 0, more.length);
            from = to;
        }
    }

    /** Without the blank that tokenisers of SentencePiece put in front of a text. */
    private int[] continuing(String text, boolean parseSpecial) {
        if (text.isEmpty() || separator.token() < 0) {
            return whole(text, false, parseSpecial);
        }
        int[] separated = whole(separator.text() + text, false, parseSpecial);
        for (int i = 0; i < Math.min(2, separated.length); i++) {
            if (separated[i] == separator.token()) {
                return Arrays.copyOfRange(separated, i + 1, separated.length);
            }
        }
        return whole(text, false, parseSpecial);
    }

    private int[] whole(String text, boolean addSpecial, boolean parseSpecial) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment input = arena.allocate(bytes.length + 1L);
            MemorySegment.copy(bytes, 0, input, ValueLayout.JAVA_BYTE, 0, bytes.length);
            // A token covers at least a byte or is one of at most three added ones, except that SPM may put a space
            // in front; if even that is not enough, the library says how much is.
            int most = bytes.length + 8;
            while (true) {
                MemorySegment output = arena.allocate(ValueLayout.JAVA_INT, most);
                int count = natives.vocabularies.tokenize(
                        handle, input.address(), bytes.length, output.address(), most, addSpecial, parseSpecial);
                if (count >= 0) {
                    int[] tokens = new int[count];
                    MemorySegment.copy(output, ValueLayout.JAVA_INT, 0, tokens, 0, count);
                    return complete(tokens);
                }
                if (count == Integer.MIN_VALUE || -count <= most) {
                    throw new AdedException.InvalidRequest("text", "cannot be split into tokens: it is too long");
                }
                most = -count;
            }
        }
    }

    /** Some files lack a token for what is unknown, and the library says so by an id that is none. */
    private static int[] complete(int[] tokens) {
        for (int token : tokens) {
            if (token < 0) {
                throw new AdedException.InvalidRequest(
                        "text", "cannot be split into tokens: this model has none for a part of it");
            }
        }
        return tokens;
    }

    /** Refuses what the tokeniser cannot take. Tells the longest word that it may recurse over, in characters. */
    private int check(String text) {
        // A UTF-16 unit is at most three bytes of UTF-8.
        if (text.length() > LONGEST_TEXT / 3 && text.getBytes(StandardCharsets.UTF_8).length > LONGEST_TEXT) {
            throw new AdedException.InvalidRequest(
                    "text", "is longer than " + LONGEST_TEXT + " bytes; allowed: up to that many");
        }
        if (limitsNumbers && longestNumber(text) > LONGEST_SUPER_BPE_NUMBER) {
            throw new AdedException.InvalidRequest(
                    "text",
                    "has a number of " + longestNumber(text) + " digits; this model's tokeniser takes up to "
                            + LONGEST_SUPER_BPE_NUMBER);
        }
        if (!kind.equals("BPE") && !kind.equals("SPM")) {
            return 0;
        }
        int line = kind.equals("BPE") ? longestLine(text) : 0;
        if (line > LONGEST_RUN) {
            throw new AdedException.InvalidRequest(
                    "text",
                    "has a line of " + line + " characters; this model's tokeniser takes up to " + LONGEST_RUN
                            + " without a line's end");
        }
        int from = 0;
        while (text.length() - from > LONGEST_RUN) {
            int to = cuts.next(text, from + piece);
            if (to - from > LONGEST_RUN + piece) {
                throw new AdedException.InvalidRequest(
                        "text",
                        "has " + (to - from) + " characters without a place at which this model's tokeniser could"
                                + " work on a part, such as the end of a word; allowed: up to " + LONGEST_RUN);
            }
            from = to;
        }
        return line;
    }

    /** No pre-tokeniser has words that go on after the blanks at a line's end. */
    static int longestLine(String text) {
        int longest = 0;
        int start = 0;
        for (int i = 1; i < text.length(); i++) {
            if (text.charAt(i - 1) == '\n' && !Character.isWhitespace(text.charAt(i))) {
                longest = Math.max(longest, i - start);
                start = i;
            }
        }
        return Math.max(longest, text.length() - start);
    }

    private static int longestNumber(String text) {
        int longest = 0;
        int run = 0;
        for (int i = 0; i < text.length(); i++) {
            run = Character.isDigit(text.charAt(i)) ? run + 1 : 0;
            longest = Math.max(longest, run);
        }
        return longest;
    }

    /** Tokens as they come. */
    private static final class IntList {
        private int[] values;
        private int size;

        IntList(int room) {
            values = new int[room];
        }

        void add(int[] more, int from, int to) {
            int needed = size + to - from;
            if (needed > values.length) {
                values = Arrays.copyOf(values, Math.max(needed, values.length * 2));
            }
            System.arraycopy(more, from, values, size, to - from);
            size = needed;
        }

        int[] toArray() {
            return Arrays.copyOf(values, size);
        }
    }
}
