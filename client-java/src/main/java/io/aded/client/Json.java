package io.aded.client;

import java.lang.reflect.Array;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * JSON (RFC 8259) as values of Java: {@code null}, {@link Boolean}, {@link BigDecimal}, {@link String}, {@link List}
 * and {@link Map}. Small on purpose: a library for it would be the largest dependency of the client.
 */
final class Json {
    /** Text that is no JSON. */
    static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1;

        Malformed(String message) {
            super(message);
        }
    }

    /** Levels of lists and objects; more are refused instead of overflowing the stack. */
    private static final int MOST_LEVELS = 256;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /**
     * The one value that a text is.
     *
     * @throws Malformed if it is none, or has something after it
     */
    static @Nullable Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value(0);
        json.space();
        if (json.at < text.length()) {
            throw json.malformed("there is something after the value");
        }
        return value;
    }

    private @Nullable Object value(int level) {
        if (level > MOST_LEVELS) {
            throw malformed("it has more than " + MOST_LEVELS + " levels");
        }
        space();
        switch (peek()) {
            case '{':
                return object(level);
            case '[':
                return list(level);
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, @Nullable Object> object(int level) {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        at++;
        space();
        if (peek() == '}') {
            at++;
            return members;
        }
        while (true) {
            space();
            if (peek() != '"') {
                throw malformed("a name is missing");
            }
            String name = string();
            space();
            expect(':');
            if (members.containsKey(name)) {
                throw malformed("\"" + name + "\" is there twice");
            }
            members.put(name, value(level + 1));
            space();
            if (peek() == '}') {
                at++;
                return members;
            }
            expect(',');
        }
    }

    private List<@Nullable Object> list(int level) {
        List<@Nullable Object> elements = new ArrayList<>();
        at++;
        space();
        if (peek() == ']') {
            at++;
            return elements;
        }
        while (true) {
            elements.add(value(level + 1));
            space();
            if (peek() == ']') {
                at++;
                return elements;
            }
            expect(',');
        }
    }

    private String string() {
        StringBuilder read = new StringBuilder();
        at++;
        while (true) {
            char next = peek();
            at++;
            if (next == '"') {
                return read.toString();
            }
            if (next < ' ') {
                throw malformed("a text has a control character");
            }
            read.append(next == '\\' ? escaped() : next);
        }
    }

    private char escaped() {
        char kind = peek();
        at++;
        switch (kind) {
            case '"', '\\', '/':
                return kind;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                int end = at + 4;
                if (end > text.length() || !text.substring(at, end).matches("[0-9a-fA-F]{4}")) {
                    throw malformed("\\u wants four hexadecimal digits");
                }
                char read = (char) Integer.parseInt(text, at, end, 16);
                at = end;
                return read;
            default:
                throw malformed("\\" + kind + " is no escape");
        }
    }

    /** As the grammar of RFC 8259 has it: neither {@code 01} nor {@code 1.} nor {@code +1}. */
    private BigDecimal number() {
        int start = at;
        if (at < text.length() && text.charAt(at) == '-') {
            at++;
        }
        boolean zero = at < text.length() && text.charAt(at) == '0';
        int whole = digits();
        boolean good = whole == 1 || (whole > 1 && !zero);
        if (at < text.length() && text.charAt(at) == '.') {
            at++;
            good &= digits() > 0;
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            at++;
            if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
                at++;
            }
            good &= digits() > 0;
        }
        String written = text.substring(start, at);
        if (!good) {
            at = start;
            throw malformed("a value is missing");
        }
        try {
            return new BigDecimal(written);
        } catch (NumberFormatException exponent) {
            throw malformed("the exponent of a number is too large");
        }
    }

    private int digits() {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at - start;
    }

    private @Nullable Object word(String word, @Nullable Object meant) {
        if (!text.startsWith(word, at)) {
            throw malformed("a value is missing");
        }
        at += word.length();
        return meant;
    }

    private void space() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw malformed("it ends too soon");
        }
        return text.charAt(at);
    }

    private void expect(char wanted) {
        if (peek() != wanted) {
            throw malformed("'" + wanted + "' is missing");
        }
        at++;
    }

    private Malformed malformed(String what) {
        return new Malformed(what + ", at character " + at);
    }

    /**
     * A value as JSON text: what {@link #parse} gives, and records, enums, arrays, optionals, numbers of all kinds.
     * What is none of these is written as the text of its {@code toString}.
     *
     * @throws IllegalArgumentException if a number is not finite, or there are too many levels, as in a value that
     *     contains itself
     */
    static String write(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out, 0);
        return out.toString();
    }

    private static void write(@Nullable Object value, StringBuilder out, int level) {
        if (level > MOST_LEVELS) {
            throw new IllegalArgumentException("a value has more than " + MOST_LEVELS + " levels");
        }
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Number number) {
            write(number, out);
        } else if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> named = new LinkedHashMap<>();
            map.forEach((name, member) -> named.put(String.valueOf(name), member));
            members(named, out, level);
        } else if (value instanceof Record record) {
            members(components(record), out, level);
        } else if (value instanceof Optional<?> optional) {
            write(optional.orElse(null), out, level);
        } else if (value instanceof Enum<?> constant) {
            write(constant.name(), out);
        } else if (value instanceof Iterable<?> elements) {
            elements(elements, out, level);
        } else if (value.getClass().isArray()) {
            Object[] boxed = new Object[Array.getLength(value)];
            Arrays.setAll(boxed, i -> Array.get(value, i));
            elements(Arrays.asList(boxed), out, level);
        } else {
            write(value.toString(), out);
        }
    }

    private static void write(Number number, StringBuilder out) {
        if (!Double.isFinite(number.doubleValue()) && (number instanceof Double || number instanceof Float)) {
            throw new IllegalArgumentException("JSON has no " + number);
        }
        out.append(number);
    }

    private static void members(Map<String, @Nullable Object> members, StringBuilder out, int level) {
        String separator = "{";
        for (Map.Entry<String, @Nullable Object> member : members.entrySet()) {
            out.append(separator);
            write(member.getKey(), out);
            out.append(':');
            write(member.getValue(), out, level + 1);
            separator = ",";
        }
        out.append(members.isEmpty() ? "{}" : "}");
    }

    private static void elements(Iterable<?> elements, StringBuilder out, int level) {
        out.append('[');
        String separator = "";
        for (Object element : elements) {
            out.append(separator);
            write(element, out, level + 1);
            separator = ",";
        }
        out.append(']');
    }

    /** Those of a record by name; an empty optional is left out, as it is when read. */
    private static Map<String, @Nullable Object> components(Record record) {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            try {
                component.getAccessor().setAccessible(true);
                Object value = component.getAccessor().invoke(record);
                if (!Optional.empty().equals(value)) {
                    members.put(component.getName(), value);
                }
            } catch (ReflectiveOperationException | RuntimeException failed) {
                throw new IllegalArgumentException(
                        "cannot read " + component.getName() + " of "
                                + record.getClass().getName(),
                        failed);
            }
        }
        return members;
    }

    private static void write(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char next = text.charAt(i);
            switch (next) {
                case '"', '\\' -> out.append('\\').append(next);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (next < ' ') {
                        out.append(String.format("\\u%04x", (int) next));
                    } else {
                        out.append(next);
                    }
                }
            }
        }
        out.append('"');
    }
}
