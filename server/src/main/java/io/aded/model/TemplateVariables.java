package io.aded.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a caller gives to the chat template beside messages, such as {@code enable_thinking}. Which of it is read is the
 * template's affair. Its texts are a caller's, as messages are: none becomes a control token.
 *
 * @param values by name: null, truth values, numbers, strings, and lists and maps of these
 */
public record TemplateVariables(Map<String, @Nullable Object> values) {
    /** None. */
    public static final TemplateVariables NONE = new TemplateVariables(Map.of());

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,63}");
    /** Variables. */
    public static final int MOST = 64;

    /** Levels of lists and maps in one. */
    public static final int DEEPEST = 16;

    /** Values and characters, all together. */
    public static final int LARGEST = 64 << 10;

    /** What every template is given, and what its language has: another value would change what messages become. */
    private static final Set<String> RESERVED = Set.of(
            "messages",
            "tools",
            "documents",
            "add_generation_prompt",
            "continue_final_message",
            "bos_token",
            "eos_token",
            "unk_token",
            "pad_token",
            "range",
            "dict",
            "lipsum",
            "cycler",
            "joiner",
            "namespace",
            "raise_exception",
            "strftime_now",
            "loop",
            "self",
            "caller",
            "varargs",
            "kwargs",
            "true",
            "false",
            "none",
            "True",
            "False",
            "None");

    /** In the order given. */
    public TemplateVariables {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Everything that is wrong with them. */
    public List<FieldViolation> violations(String field) {
        List<FieldViolation> wrong = new ArrayList<>();
        if (values.size() > MOST) {
            wrong.add(new FieldViolation(field, "has " + values.size() + " entries; allowed: at most " + MOST));
            return wrong;
        }
        for (String name : values.keySet()) {
            if (RESERVED.contains(name)) {
                wrong.add(new FieldViolation(field, "sets \"" + name + "\", which the server sets"));
            } else if (!NAME.matcher(name).matches()) {
                wrong.add(new FieldViolation(
                        field,
                        "has an entry that is no name; allowed: 1 to 64 of A-Z a-z 0-9 _, not beginning with 0-9"));
            }
        }
        long size = size(values, 0);
        if (size > LARGEST) {
            wrong.add(new FieldViolation(
                    field,
                    size == Long.MAX_VALUE
                            ? "nests deeper than " + DEEPEST + " levels"
                            : "has " + size + " values and characters; allowed: at most " + LARGEST));
        }
        return wrong;
    }

    /** Values and characters; the largest number if they nest too deeply. */
    private static long size(@Nullable Object value, int depth) {
        if (depth > DEEPEST) {
            return Long.MAX_VALUE;
        }
        long size = 1;
        switch (value) {
            case String text -> size += text.length();
            case List<?> list -> {
                for (Object item : list) {
                    size = sum(size, size(item, depth + 1));
                }
            }
            case Map<?, ?> map -> {
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    size = sum(size, sum(String.valueOf(entry.getKey()).length(), size(entry.getValue(), depth + 1)));
                }
            }
            case null, default -> {
                // One value.
            }
        }
        return size;
    }

    private static long sum(long a, long b) {
        return a == Long.MAX_VALUE || b == Long.MAX_VALUE ? Long.MAX_VALUE : a + b;
    }
}
