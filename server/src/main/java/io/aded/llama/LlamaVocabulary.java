package io.aded.llama;

import io.aded.grammar.CompiledGrammars;
import io.aded.grammar.VocabularyTrie;
import io.aded.model.AdedException;
import io.aded.model.Vocabulary;
import io.aded.template.SpecialTexts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The model's tokens. What the decode loop asks for every token (its bytes, whether it ends the answer) is read once
 * into flat arrays, so that no call leaves Java there; only splitting and joining text goes down.
 */
final class LlamaVocabulary implements Vocabulary {
    private static final byte CONTROL = 1;
    private static final byte ENDS = 2;
    private static final int ATTRIBUTE_UNKNOWN = 1;
    private static final int ATTRIBUTE_CONTROL = 1 << 3;
    /** Tokens that llama.cpp leaves out of text unless it is asked to write them. */
    private static final int WITHOUT_TEXT = ATTRIBUTE_UNKNOWN | ATTRIBUTE_CONTROL;

    private static final String[] KINDS = {"NONE", "SPM", "BPE", "WPM", "UGM", "RWKV", "PLAMO2"};

    /** About four times the longest context: a text beyond this is never a prompt, and its length must fit an int. */
    private static final int LONGEST_TEXT = 64 << 20;

    private final Native natives;
    private final long handle;
    private final Lifetime life;
    private final int size;
    private final int beginning;
    private final int end;
    private final boolean addsBeginning;
    private final String kind;
    private final byte[] flags;
    private final int[] ends;
    /** Token i's bytes are pieces[offsets[i]] to pieces[offsets[i + 1]], exclusive; control tokens written out. */
    private final byte[] pieces;

    private final int[] offsets;
    private final int longest;

    /** The same with control tokens left out, which is the same bytes but for those tokens. */
    private final int[] plainLengths;

    private volatile @Nullable CompiledGrammars grammars;

    LlamaVocabulary(Native natives, long handle, Lifetime life) {
        this.natives = natives;
        this.handle = handle;
        this.life = life;
        size = natives.vocabularies.vocabularySize(handle);
        beginning = natives.vocabularies.beginningOfSequence(handle);
        end = natives.vocabularies.endOfSequence(handle);
        addsBeginning = beginning >= 0 && natives.vocabularies.addsBeginning(handle);
        int type = natives.vocabularies.vocabularyType(handle);
        kind = type >= 0 && type < KINDS.length ? KINDS[type] : "UNKNOWN";
        flags = new byte[size];
        offsets = new int[size + 1];
        plainLengths = new int[size];

        byte[] all = new byte[size * 8];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(256);
            for (int token = 0; token < size; token++) {
                int attributes = natives.vocabularies.tokenAttributes(handle, token);
                flags[token] = (byte) (((attributes & ATTRIBUTE_CONTROL) != 0 ? CONTROL : 0)
                        | (natives.vocabularies.endsGeneration(handle, token) ? ENDS : 0));
                int length = natives.vocabularies.tokenToPiece(
                        handle, token, buffer.address(), (int) buffer.byteSize(), 0, true);
                if (length < 0) {
                    buffer = arena.allocate(-length);
                    length = natives.vocabularies.tokenToPiece(
                            handle, token, buffer.address(), (int) buffer.byteSize(), 0, true);
                }
                length = Math.max(length, 0);
                int start = offsets[token];
                if (start + length > all.length) {
                    all = Arrays.copyOf(all, Math.max(all.length * 2, start + length));
                }
                MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, all, start, length);
                offsets[token + 1] = start + length;
                plainLengths[token] = (attributes & WITHOUT_TEXT) != 0 ? 0 : length;
            }
        }
        pieces = Arrays.copyOf(all, offsets[size]);
        longest = IntStream.range(0, size)
                .map(token -> offsets[token + 1] - offsets[token])
                .max()
                .orElse(1);
        ends = IntStream.range(0, size).filter(this::endsGeneration).toArray();
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LONGEST_TEXT) {
            throw new AdedException.InvalidRequest(
                    "text", "is " + bytes.length + " bytes long; allowed: up to " + LONGEST_TEXT);
        }
        life.enter();
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
                    return tokens;
                }
                if (count == Integer.MIN_VALUE || -count <= most) {
                    throw new AdedException.InvalidRequest("text", "cannot be split into tokens: it is too long");
                }
                most = -count;
            }
        } finally {
            life.exit();
        }
    }

    /** A character that merges with nothing: it stands between the blank that the tokeniser adds and the text. */
    private static final String SEPARATOR = "\u0001";

    @Override
    public int[] tokenizeContinuation(String text, boolean parseSpecial) {
        if (text.isEmpty() || !"SPM".equals(kind)) {
            return tokenize(text, false, parseSpecial);
        }
        int[] separated = tokenize(SEPARATOR + text, false, parseSpecial);
        for (int i = 0; i < Math.min(2, separated.length); i++) {
            int token = separated[i];
            if (offsets[token + 1] - offsets[token] == 1 && pieces[offsets[token]] == SEPARATOR.charAt(0)) {
                return Arrays.copyOfRange(separated, i + 1, separated.length);
            }
        }
        return tokenize(text, false, parseSpecial); // a vocabulary without bytes of their own
    }

    @Override
    public int piece(int token, byte[] destination, boolean special) {
        checkToken(token);
        int length = special ? offsets[token + 1] - offsets[token] : plainLengths[token];
        if (length > destination.length) {
            return -length;
        }
        System.arraycopy(pieces, offsets[token], destination, 0, length);
        return length;
    }

    @Override
    public int longestPiece() {
        return Math.max(1, longest);
    }

    @Override
    public String detokenize(int[] tokens, boolean special) {
        long needed = 1;
        for (int token : tokens) {
            checkToken(token);
            needed += offsets[token + 1] - offsets[token];
        }
        if (needed > Integer.MAX_VALUE - 16) {
            throw new AdedException.InvalidRequest("tokens", "make a text of more than 2 GiB");
        }
        if (tokens.length == 0) {
            return "";
        }
        life.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment input = arena.allocateFrom(ValueLayout.JAVA_INT, tokens);
            int most = (int) needed + 8;
            MemorySegment output = arena.allocate(most);
            int length = natives.vocabularies.detokenize(
                    handle, input.address(), tokens.length, output.address(), most, !special, special);
            if (length < 0) {
                most = -length;
                output = arena.allocate(most);
                length = natives.vocabularies.detokenize(
                        handle, input.address(), tokens.length, output.address(), most, !special, special);
            }
            byte[] bytes = new byte[Math.max(0, length)];
            MemorySegment.copy(output, ValueLayout.JAVA_BYTE, 0, bytes, 0, bytes.length);
            return new String(bytes, StandardCharsets.UTF_8);
        } finally {
            life.exit();
        }
    }

    @Override
    public int beginningOfSequence() {
        return beginning;
    }

    @Override
    public int endOfSequence() {
        return end;
    }

    @Override
    public boolean endsGeneration(int token) {
        return (flags[token] & ENDS) != 0;
    }

    @Override
    public boolean isControl(int token) {
        return (flags[token] & CONTROL) != 0;
    }

    @Override
    public String kind() {
        return kind;
    }

    /** Grammars over these tokens; made when they are first needed. */
    CompiledGrammars grammars() {
        CompiledGrammars known = grammars;
        if (known == null) {
            // Two threads may both make it; the other's is forgotten.
            known = new CompiledGrammars(VocabularyTrie.of(this));
            grammars = known;
        }
        return known;
    }

    /** The tokens that end an answer, by rising ids. */
    int[] ends() {
        return ends;
    }

    /** The texts that chat templates name. */
    SpecialTexts specialTexts() {
        return new SpecialTexts(textOrEmpty(beginning), textOrEmpty(end), addsBeginning);
    }

    private String textOrEmpty(int token) {
        return token < 0
                ? ""
                : new String(pieces, offsets[token], offsets[token + 1] - offsets[token], StandardCharsets.UTF_8);
    }

    long handle() {
        return handle;
    }

    private void checkToken(int token) {
        if (token < 0 || token >= size) {
            throw new AdedException.InvalidRequest(
                    "tokens", "token " + token + " is outside the vocabulary; allowed: 0 to " + (size - 1));
        }
    }
}
