package io.aded.dialect;

import io.aded.model.ChatMessage;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a model calls tools: {@code sectionOpen (callOpen body callClose) separated by separator, sectionClose}. Every
 * text may be empty, and has the white space that the template writes.
 *
 * @param sectionOpen before all calls of an answer
 * @param callOpen before each call
 * @param callClose behind each call
 * @param separator between two calls
 * @param sectionClose behind all calls
 * @param several whether one answer may have several calls
 * @param shown whether the template writes the calls of earlier messages; if not, they are given to it as text
 * @param body what says which tool is called, and with what
 */
public record CallForm(
        String sectionOpen,
        String callOpen,
        String callClose,
        String separator,
        String sectionClose,
        boolean several,
        boolean shown,
        Body body) {

    /** What a call consists of. */
    public sealed interface Body {}

    /**
     * A JSON object with the tool's name and the arguments among its members.
     *
     * @param nameKey the member that is the name
     * @param argumentsKey the member that is the arguments
     * @param head from the opening brace to the name's opening quote, inclusive; {@link #ID} stands for an id in it
     * @param middle from the name's closing quote to the arguments
     * @param tail from the end of the arguments to the closing brace, inclusive; {@link #ID} stands for an id in it
     */
    public record JsonBody(String nameKey, String argumentsKey, String head, String middle, String tail)
            implements Body {}

    /**
     * The name as it stands, and then the arguments as a JSON object.
     *
     * @param between the name and the arguments; {@link #ID} stands for an id in it
     */
    public record NamedBody(String between) implements Body {}

    /**
     * The name as it stands, and then each argument by itself: {@code argumentOpen key equals value argumentClose}.
     *
     * @param open between the name and the first argument
     * @param argumentOpen before each key
     * @param argumentClose behind each value
     * @param separator between two arguments
     * @param text how strings are written
     * @param other how values that are no strings are written
     * @param quote stands around strings; empty if nothing does
     * @param equals between the key and a value that is a string
     * @param otherEquals between the key and any other value
     */
    public record KeyedBody(
            String open,
            String argumentOpen,
            String argumentClose,
            String separator,
            TextValues text,
            OtherValues other,
            String quote,
            String equals,
            String otherEquals)
            implements Body {}

    /** How strings are written as arguments. */
    public enum TextValues {
        /** As they stand, up to what closes the argument. */
        RAW,
        /** As JSON writes them, quotes included. */
        JSON,
        /** As Python writes them, quotes included. */
        PYTHON,
        /** As they stand, between two marks that stand for quotes. */
        QUOTED
    }

    /** How values that are no strings are written as arguments. */
    public enum OtherValues {
        /** As JSON. */
        JSON,
        /** As Python prints them. */
        PYTHON
    }

    private static final Pattern FIRST_MARK = Pattern.compile("<[^<>\\s=]+>|\\[[A-Z_]+]");

    /** Stands where a template writes the call's id or its number. */
    public static final String ID = "\u0001";

    /** Stands where a template writes the tool's name once more. */
    public static final String NAME = "\u0002";

    /** Stands where a template writes an argument's key once more. */
    public static final String KEY = "\u0003";

    /** Calls as the model writes them. */
    String written(JsonBody json, List<ChatMessage.ToolCall> calls) {
        StringBuilder text = new StringBuilder(sectionOpen);
        String between = "";
        for (ChatMessage.ToolCall call : calls) {
            text.append(between).append(callOpen).append(json.head()).append(call.name());
            text.append(json.middle())
                    .append(call.arguments())
                    .append(json.tail())
                    .append(callClose);
            between = separator;
        }
        return text.append(sectionClose).toString();
    }

    /** What stands before the first call. */
    String opening() {
        return sectionOpen + callOpen;
    }

    /** What tells that calls begin: the first mark, without white space; empty if the first call itself tells. */
    public String trigger() {
        String mark = opening().strip();
        Matcher first = FIRST_MARK.matcher(mark);
        if (first.lookingAt()) {
            return first.group();
        }
        return mark.chars().allMatch(c -> "[{(".indexOf(c) >= 0) ? "" : mark;
    }

    String describe() {
        String layout = switch (body) {
            case JsonBody json ->
                "json " + Dialect.quoted(json.head()) + "name" + Dialect.quoted(json.middle()) + "arguments"
                        + Dialect.quoted(json.tail());
            case NamedBody named -> "name" + Dialect.quoted(named.between()) + "arguments";
            case KeyedBody keyed ->
                "name" + Dialect.quoted(keyed.open()) + "(" + Dialect.quoted(keyed.argumentOpen()) + "key"
                        + Dialect.quoted(keyed.equals() + keyed.quote()) + keyed.text() + "|"
                        + Dialect.quoted(keyed.otherEquals())
                        + keyed.other()
                        + Dialect.quoted(keyed.argumentClose()) + Dialect.quoted(keyed.separator()) + ")";
        };
        return Dialect.quoted(sectionOpen) + "(" + Dialect.quoted(callOpen) + layout + Dialect.quoted(callClose) + ")"
                + (several ? "* by " + Dialect.quoted(separator) + " " : "") + Dialect.quoted(sectionClose);
    }
}
