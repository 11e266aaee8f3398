package io.aded.model;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON texts as plain values: null, truth values, numbers, strings, lists, and maps in the order of their members. */
public final class JsonValues {
    private static final int DEEPEST = 64;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST)
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonValues() {}

    /** A character as it is escaped in a string: by its letter where it has one, else by its four digits. */
    public static String escaped(int c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\f' -> "\\f";
            case '\b' -> "\\b";
            default -> String.format(Locale.ROOT, "\\u%04x", c);
        };
    }

    /** The value of a text, or null if it is no JSON, or nested too deeply. The value null is null as well. */
    public static @Nullable Object parse(String text) {
        try {
            return MAPPER.readValue(text, Object.class);
        } catch (JacksonException e) {
            return null;
        }
    }

    /** The members of a text that is a JSON object, or null if it is none. */
    @SuppressWarnings("unchecked")
    public static @Nullable Map<String, @Nullable Object> object(String text) {
        return parse(text) instanceof Map<?, ?> map ? (Map<String, @Nullable Object>) map : null;
    }

    /** A value as JSON text, as Python's {@code json.dumps} lays it out: a blank after commas and colons. */
    public static String text(@Nullable Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text);
        return text.toString();
    }

    private static void write(@Nullable Object value, StringBuilder text) {
        switch (value) {
            case String string -> {
                text.append('"');
                escape(string, text);
                text.append('"');
            }
            case List<?> list -> {
                String between = "[";
                for (Object item : list) {
                    text.append(between);
                    write(item, text);
                    between = ", ";
                }
                text.append(list.isEmpty() ? "[]" : "]");
            }
            case Map<?, ?> map -> {
                String between = "{";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    text.append(between);
                    write(String.valueOf(entry.getKey()), text);
                    text.append(": ");
                    write(entry.getValue(), text);
                    between = ", ";
                }
                text.append(map.isEmpty() ? "{}" : "}");
            }
            case null, default -> text.append(value);
        }
    }

    /** Writes text as it stands inside the quotes of a JSON string. */
    public static void escape(CharSequence string, StringBuilder text) {
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (c < 0x20) {
                        text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
    }
}
