package io.aded.dialect;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a template tells the model about calling tools. It is read where a template tells of tools but shows no calls of
 * earlier messages, as those of SmolLM3 and Granite 3.
 */
final class Instructions {
    /** {@code <tool_call>}, an object of a name and arguments, {@code </tool_call>}. */
    private static final Pattern OBJECT = Pattern.compile("(<([a-z_]{1,32})>\\n"
            + "?)(\\{\"name\": ?\"?)<[^<>]{1,64}>(\"?, ?\"(arguments|parameters)\": ?)<[^<>]{1,64}>}(\\n"
            + "?</\\2>)");

    /** {@code <|tool_call|>} and a list of calls. */
    private static final Pattern LIST = Pattern.compile("(<\\|tool_call\\|>) followed by a JSON list of tools");

    private Instructions() {}

    static @Nullable CallForm read(@Nullable String prompt) {
        if (prompt == null) {
            return null;
        }
        Matcher object = OBJECT.matcher(prompt);
        if (object.find()) {
            String key = object.group(5);
            return new CallForm("", object.group(1), object.group(6), "\n", "", true, false, body(key));
        }
        Matcher list = LIST.matcher(prompt);
        return list.find()
                ? new CallForm(list.group(1) + "[", "", "", ", ", "]", true, false, body("arguments"))
                : null;
    }

    private static CallForm.JsonBody body(String argumentsKey) {
        return new CallForm.JsonBody("name", argumentsKey, "{\"name\": \"", "\", \"" + argumentsKey + "\": ", "}");
    }
}
