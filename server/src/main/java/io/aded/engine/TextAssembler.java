package io.aded.engine;

import io.aded.dialect.Marks;
import io.aded.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns emitted tokens into text that may be shown.
 *
 * <p>Tokens are bytes, and bytes are not text yet: a character may be split over several tokens, and what looks like
 * text may turn out to be the beginning of a stop string. Both are held back until they are decided. What {@link #take}
 * returns is therefore always valid UTF-8 and never part of a stop string.
 *
 * <p>Bytes that can never become valid UTF-8 are replaced by U+FFFD, as the WHATWG decoder does.
 */
final class TextAssembler {
    private final Vocabulary vocabulary;
    private final @Nullable Marks marks;
    private final byte[][] stops;
    private byte[] piece = new byte[256];
    private byte[] held = new byte[256];
    private int length;
    private boolean stopped;

    TextAssembler(Vocabulary vocabulary, List<String> stopStrings) {
        this(vocabulary, stopStrings, null);
    }

    /**
     * One for an answer with marks in it.
     *
     * @param marks control tokens whose names are written out; null for none
     */
    TextAssembler(Vocabulary vocabulary, List<String> stopStrings, @Nullable Marks marks) {
        this.vocabulary = vocabulary;
        this.marks = marks;
        stops = new byte[stopStrings.size()][];
        for (int i = 0; i < stops.length; i++) {
            stops[i] = stopStrings.get(i).getBytes(StandardCharsets.UTF_8);
        }
    }

    /**
     * Adds a token's bytes.
     *
     * @return true if a stop string is now complete: the text before it stands, the rest is dropped
     */
    boolean append(int token) {
        boolean named = marks != null && marks.contains(token);
        int count = vocabulary.piece(token, piece, named);
        if (count < 0) {
            piece = new byte[-count];
            count = vocabulary.piece(token, piece, named);
        }
        if (length + count > held.length) {
            held = Arrays.copyOf(held, Math.max(held.length * 2, length + count));
        }
        int before = length;
        System.arraycopy(piece, 0, held, length, count);
        length += count;
        // The stop string that is complete first wins, and of those that end at one place the longest: the same text
        // then stands whatever their order, and however the text was split into tokens.
        for (int end = before + 1; end <= length && !stopped; end++) {
            int longest = 0;
            for (byte[] stop : stops) {
                // It may begin before the new bytes, but not in text already taken.
                if (stop.length > longest && stop.length <= end && matches(stop, end - stop.length, stop.length)) {
                    longest = stop.length;
                }
            }
            if (longest > 0) {
                length = end - longest;
                stopped = true;
            }
        }
        return stopped;
    }

    /** Takes the text that is decided; the rest stays. */
    String take() {
        int end = stopped ? length : wholeCharacters(length - undecidedStop());
        return cut(end);
    }

    /** Takes all text, at the end of an answer. */
    String takeAll() {
        return cut(length);
    }

    private String cut(int end) {
        if (end == 0) {
            return "";
        }
        String text = new String(held, 0, end, StandardCharsets.UTF_8);
        System.arraycopy(held, end, held, 0, length - end);
        length -= end;
        return text;
    }

    /** The longest suffix of the held bytes that is a proper prefix of a stop string. */
    private int undecidedStop() {
        int longest = 0;
        for (byte[] stop : stops) {
            for (int count = Math.min(stop.length - 1, length); count > longest; count--) {
                if (matches(stop, length - count, count)) {
                    longest = count;
                }
            }
        }
        return longest;
    }

    private boolean matches(byte[] stop, int at, int count) {
        return Arrays.equals(held, at, at + count, stop, 0, count);
    }

    /** {@code end}, or less if a character that could still become whole is cut there (RFC 3629: at most 4 bytes). */
    private int wholeCharacters(int end) {
        for (int back = 1; back <= Math.min(3, end); back++) {
            int lead = held[end - back] & 0xff;
            if (lead < 0x80) {
                return end;
            }
            if (lead >= 0xC0) {
                int needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
                return back < needed ? end - back : end;
            }
        }
        return end;
    }
}
