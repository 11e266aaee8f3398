package io.aded.grammar;

/** A grammar that is refused; the message says where and why, and does not quote it. */
public class GrammarRefused extends Exception {
    private static final long serialVersionUID = 1L;

    /** With what is wrong, as a clause without its subject. */
    public GrammarRefused(String message) {
        super(message);
    }
}
