package io.aded.serving;

/**
 * What fields of a request may hold at most. {@link TurnValidator} refuses more and names the field.
 *
 * @param promptBytes of a prompt's text
 * @param messages of a prompt
 * @param stopStrings how many
 * @param stopStringCharacters of each
 * @param stopTokens how many
 * @param alternatives to each token
 * @param priority the highest; its negative is the lowest
 * @param variables of the chat template
 * @param grammar a grammar's size
 * @param schema a JSON schema's size
 * @param expression a regular expression's size
 */
public record FieldBounds(
        long promptBytes,
        int messages,
        int stopStrings,
        int stopStringCharacters,
        int stopTokens,
        int alternatives,
        int priority,
        Variables variables,
        Size grammar,
        Size schema,
        Size expression) {

    /**
     * Of template variables.
     *
     * @param count how many
     * @param depth levels of lists and maps in one
     * @param size values and characters of all together
     */
    public record Variables(int count, int depth, int size) {}

    /**
     * Of a constraint's text.
     *
     * @param characters UTF-16 code units
     * @param depth levels of nesting
     */
    public record Size(int characters, int depth) {}
}
