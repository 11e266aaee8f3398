package io.aded.dialect;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a model marks reasoning.
 *
 * @param open what stands before it, with the white space that the template writes
 * @param close what stands behind it, likewise
 * @param byPrompt whether only prompts open it: a model that is not asked to reason does not begin by itself
 */
public record ReasoningForm(String open, String close, boolean byPrompt) {
    /** Reasoning that the model opens, where the prompt does not. */
    public ReasoningForm(String open, String close) {
        this(open, close, false);
    }

    /** The mark that opens it, without white space around. */
    public String opening() {
        return open.strip();
    }

    private static final Pattern FIRST_MARK = Pattern.compile("<[^<>\\s]+>");

    /** The mark that closes it, without white space around: the first, if the template writes several. */
    public String closing() {
        String whole = close.strip();
        Matcher first = FIRST_MARK.matcher(whole);
        return first.lookingAt() ? first.group() : whole;
    }

    /** Marks that the template writes between the one that closes reasoning and the answer's text; mostly empty. */
    public String lead() {
        return close.strip().substring(closing().length()).strip();
    }

    /** What of the lead stands before an answer without reasoning: from the mark that reasoning opens with. */
    String leadAlone() {
        Matcher first = FIRST_MARK.matcher(opening());
        int at = first.lookingAt() ? lead().lastIndexOf(first.group()) : -1;
        return at < 0 ? "" : lead().substring(at);
    }

    String describe() {
        return Dialect.quoted(open) + "…" + Dialect.quoted(close);
    }
}
