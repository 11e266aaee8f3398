package io.aded.grammar;

import io.aded.model.Vocabulary;
import org.jspecify.annotations.Nullable;

/** A token for each byte, and one that ends. */
record ByteVocabulary() implements Vocabulary {
    private static final int END = 256;

    @Override
    public int size() {
        return END + 1;
    }

    @Override
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int piece(int token, byte[] destination, boolean special) {
        destination[0] = (byte) token;
        return token < END ? 1 : 0;
    }

    @Override
    public String detokenize(int[] tokens, boolean special) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int beginningOfSequence() {
        return -1;
    }

    @Override
    public int endOfSequence() {
        return END;
    }

    @Override
    public boolean endsGeneration(int token) {
        return token == END;
    }

    @Override
    public boolean isControl(int token) {
        return token == END;
    }

    @Override
    public @Nullable String kind() {
        return null;
    }
}
