package io.aded.grammar;

/** A grammar that cannot be followed further within its bounds; the turn that uses it ends. */
public final class GrammarExhausted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GrammarExhausted(String message) {
        super(message, null, false, false);
    }
}
