package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.llama.abi.Exports;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/** Vocabularies: what tokens are, and text to them. Nothing is checked here: callers do that. */
final class VocabularyFunctions {
    private final MethodHandle vocabularySize;
    private final MethodHandle vocabularyType;
    private final MethodHandle beginningOfSequence;
    private final MethodHandle endOfSequence;
    private final MethodHandle addsBeginning;
    private final MethodHandle endsGeneration;
    private final MethodHandle tokenAttributes;
    private final MethodHandle tokenToPiece;
    private final MethodHandle tokenize;

    VocabularyFunctions(Exports exports) {
        vocabularySize = exports.bind("llama_vocab_n_tokens", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        vocabularyType = exports.bind("llama_vocab_type", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        beginningOfSequence = exports.bind("llama_vocab_bos", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        endOfSequence = exports.bind("llama_vocab_eos", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        addsBeginning = exports.bind("llama_vocab_get_add_bos", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
        endsGeneration = exports.bind("llama_vocab_is_eog", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG, JAVA_INT));
        tokenAttributes = exports.bind("llama_vocab_get_attr", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
        tokenToPiece = exports.bind(
                "llama_token_to_piece",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_BOOLEAN));
        tokenize = exports.bind(
                "llama_tokenize",
                FunctionDescriptor.of(
                        JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_BOOLEAN, JAVA_BOOLEAN));
    }

    int vocabularySize(long vocabulary) {
        try {
            return (int) vocabularySize.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int vocabularyType(long vocabulary) {
        try {
            return (int) vocabularyType.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int beginningOfSequence(long vocabulary) {
        try {
            return (int) beginningOfSequence.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int endOfSequence(long vocabulary) {
        try {
            return (int) endOfSequence.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    boolean addsBeginning(long vocabulary) {
        try {
            return (boolean) addsBeginning.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    boolean endsGeneration(long vocabulary, int token) {
        try {
            return (boolean) endsGeneration.invokeExact(vocabulary, token);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int tokenAttributes(long vocabulary, int token) {
        try {
            return (int) tokenAttributes.invokeExact(vocabulary, token);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int tokenToPiece(long vocabulary, int token, long buffer, int length, int leftStrip, boolean special) {
        try {
            return (int) tokenToPiece.invokeExact(vocabulary, token, buffer, length, leftStrip, special);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int tokenize(
            long vocabulary, long text, int length, long tokens, int most, boolean addSpecial, boolean parseSpecial) {
        try {
            return (int) tokenize.invokeExact(vocabulary, text, length, tokens, most, addSpecial, parseSpecial);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }
}
