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
 * into flat arrays, so that no call leaves Java there; only splitting text goes down.
 */
final class LlamaVocabulary implements Vocabulary {
    private static final byte CONTROL = 1;
    private static final byte ENDS = 2;
    private static final byte WHOLE = 4;
    private static final int ATTRIBUTE_UNKNOWN = 1;
    private static final int ATTRIBUTE_CONTROL = 1 << 3;
    /** Tokens that llama.cpp leaves out of text unless it is asked to write them. */
    private static final int WITHOUT_TEXT = ATTRIBUTE_UNKNOWN | ATTRIBUTE_CONTROL;
    /** Tokens that llama.cpp looks for in a text before it splits the rest. */
    private static final int MATCHED_WHOLE = WITHOUT_TEXT | 1 << 4;

    private static final String[] KINDS = {"NONE", "SPM", "BPE", "WPM", "UGM", "RWKV", "PLAMO2"};

    private final long handle;
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

    private final TextCuts cuts;
    private final TextSplitter splitter;
    private volatile @Nullable CompiledGrammars grammars;

    /**
     * Reads the tokens of a model.
     *
     * @param life of the model, which outlasts every call into the vocabulary
     * @param tokeniser what the file calls its tokeniser, or null
     * @param pre what the file calls its pre-tokeniser, or null
     */
    LlamaVocabulary(Native natives, long handle, Lifetime life, @Nullable String tokeniser, @Nullable String pre) {
        this.handle = handle;
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
                        | (natives.vocabularies.endsGeneration(handle, token) ? ENDS : 0)
                        | ((attributes & MATCHED_WHOLE) != 0 ? WHOLE : 0));
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
        cuts = TextCuts.of(kind, tokeniser, pre, new Read());
        splitter = new TextSplitter(natives, handle, life, kind, cuts, pre, separator());
    }

    private TextSplitter.Separator separator() {
        return switch (kind) {
            case "SPM" -> new TextSplitter.Separator("\u0001", tokenOfByte(1));
            case "UGM" -> loneCharacter();
            default -> TextSplitter.Separator.NONE;
        };
    }

    /** One that is a token by itself and in no other, so that what follows it is split as if it stood alone. */
    private TextSplitter.Separator loneCharacter() {
        int[] occurrences = new int[128];
        for (byte b : pieces) {
            if (b > ' ') {
                occurrences[b]++;
            }
        }
        for (int c = '~'; c > ' '; c--) {
            int token = occurrences[c] == 1 && !Character.isLetterOrDigit(c) ? tokenOfByte(c) : -1;
            if (token >= 0) {
                return new TextSplitter.Separator(Character.toString(c), token);
            }
        }
        return TextSplitter.Separator.NONE;
    }

    private int tokenOfByte(int value) {
        for (int token = 0; token < size; token++) {
            if (plainLengths[token] == 1 && pieces[offsets[token]] == value) {
                return token;
            }
        }
        return -1;
    }

    /** The tokens as {@link TextCuts} looks at them. */
    private final class Read implements TextCuts.Tokens {
        @Override
        public int size() {
            return size;
        }

        @Override
        public boolean isMatchedWhole(int token) {
            return (flags[token] & WHOLE) != 0;
        }

        @Override
        public byte[] bytes() {
            return pieces;
        }

        @Override
        public int from(int token) {
            return offsets[token];
        }

        @Override
        public int to(int token) {
            return offsets[token + 1];
        }
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
        return splitter.tokenize(text, addSpecial, parseSpecial);
    }

    @Override
    public int[] tokenizeContinuation(String text, boolean parseSpecial) {
        return splitter.tokenizeContinuation(text, parseSpecial);
    }

    @Override
    public int piece(int token, byte[] destination, boolean special) {
        checkToken(token);
        int length = length(token, special);
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
        long length = 0;
        for (int token : tokens) {
            checkToken(token);
            length += length(token, special);
        }
        if (length > Integer.MAX_VALUE - 16) {
            throw new AdedException.InvalidRequest("tokens", "make a text of more than 2 GiB");
        }
        byte[] bytes = new byte[(int) length];
        int at = 0;
        for (int token : tokens) {
            int count = length(token, special);
            System.arraycopy(pieces, offsets[token], bytes, at, count);
            at += count;
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private int length(int token, boolean special) {
        return special ? offsets[token + 1] - offsets[token] : plainLengths[token];
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

    /** Where texts can be cut without changing their tokens. */
    TextCuts cuts() {
        return cuts;
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
