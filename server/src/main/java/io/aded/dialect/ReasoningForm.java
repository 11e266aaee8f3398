package io.aded.dialect;

/**
 * How a model marks reasoning.
 *
 * @param open what stands before it, with the white space that the template writes
 * @param close what stands behind it, likewise
 */
public record ReasoningForm(String open, String close) {
    /** The mark that opens it, without white space around. */
    public String opening() {
        return open.strip();
    }

    /** The mark that closes it, without white space around. */
    public String closing() {
        return close.strip();
    }

    String describe() {
        return Dialect.quoted(open) + "…" + Dialect.quoted(close);
    }
}
