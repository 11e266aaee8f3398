package io.aded.dialect;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatMessage.ToolCall;
import io.aded.model.ChatTemplate;
import io.aded.model.TemplateVariables;
import io.aded.model.ToolDefinition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds out how a model writes calls and reasoning, by rendering conversations with marked ones through its template
 * and reading off what stands around the marks. Nothing here knows a model by its name.
 */
public final class DialectProbe {
    static final String NAME = "aded_mark_tool";
    private static final String OTHER_NAME = "aded_else_tool";
    static final String KEY = "mark_key";
    private static final String OTHER_KEY = "next_key";
    static final String VALUE = "markvalue";
    private static final String OTHER_VALUE = "elsevalue";
    private static final String PLAIN = "MARKEDANSWER";
    private static final String QUESTION = "MARKEDQUESTION";

    /** Nine letters and digits, which is the only form that Mistral's templates take. */
    private static final String ID = "mkidAAAA1";

    private static final String OTHER_ID = "mkidBBBB2";

    private static final String SCHEMA = "{\"type\": \"object\", \"properties\": {\"" + KEY
            + "\": {\"type\": \"string\"}, \"" + OTHER_KEY + "\": {\"type\": \"string\"}}}";
    private static final List<ToolDefinition> TOOLS = List.of(
            new ToolDefinition(NAME, "Does it.", SCHEMA, true),
            new ToolDefinition(OTHER_NAME, "Does it.", SCHEMA, true));

    private final ChatTemplate template;
    private final Predicate<String> endsAnswer;

    private DialectProbe(ChatTemplate template, Predicate<String> endsAnswer) {
        this.template = template;
        this.endsAnswer = endsAnswer;
    }

    /**
     * Probes a template. One that costs too much, or that makes no sense of what it is given, is one that knows neither
     * calls nor reasoning: it never keeps a model from being loaded.
     *
     * @param endsAnswer whether a text is that of a token which ends an answer
     */
    public static Dialect probe(ChatTemplate template, Predicate<String> endsAnswer) {
        ChatTemplate bounded = new BoundedTemplate(template);
        DialectProbe probe = new DialectProbe(bounded, endsAnswer);
        CallForm calls = orNone(probe::calls);
        if (calls == null) {
            calls = Instructions.read(rendered(bounded, TOOLS, TemplateVariables.NONE, true, user()));
        }
        return new Dialect(calls, orNone(new ReasoningProbe(bounded, calls)::find));
    }

    /** What a template writes need not have the order that is looked for. */
    private static <T> @Nullable T orNone(Supplier<@Nullable T> finding) {
        try {
            return finding.get();
        } catch (IndexOutOfBoundsException outOfOrder) {
            return null;
        }
    }

    // --- rendering

    private @Nullable String rendered(boolean opening, ChatMessage... messages) {
        return rendered(template, TOOLS, TemplateVariables.NONE, opening, messages);
    }

    static @Nullable String rendered(
            ChatTemplate template,
            List<ToolDefinition> tools,
            TemplateVariables variables,
            boolean opening,
            ChatMessage... messages) {
        try {
            return template.render(List.of(messages), tools, variables, opening).text();
        } catch (AdedException refused) {
            return null;
        }
    }

    static ChatMessage user() {
        return new ChatMessage("user", QUESTION);
    }

    private static ChatMessage calling(String content, ToolCall... calls) {
        return new ChatMessage("assistant", content, "", List.of(calls), null);
    }

    private static ChatMessage result(ToolCall call) {
        return new ChatMessage(
                "tool", "MARKEDRESULT", "", List.of(), new ChatMessage.Answered(call.id(), call.name(), false));
    }

    private static ToolCall call(String id, String name, String arguments) {
        return new ToolCall(id, name, arguments);
    }

    private static String one(String key, String json) {
        return "{\"" + key + "\": " + json + "}";
    }

    // --- calls

    private @Nullable CallForm calls() {
        // Kimi's ids hold the name, which then stands nowhere else.
        CallForm form = calls(ID, OTHER_ID);
        return form != null ? form : calls("functions." + NAME + ":0", "functions." + OTHER_NAME + ":1");
    }

    private @Nullable CallForm calls(String id, String otherId) {
        ToolCall marked = call(id, NAME, one(KEY, "\"" + VALUE + "\""));
        String single = written(marked);
        if (single == null) {
            return null;
        }
        ToolCall other = call(otherId, OTHER_NAME, one(OTHER_KEY, "\"" + OTHER_VALUE + "\""));
        String two = written(marked, other);
        Places first = Places.find(single, NAME, KEY, VALUE);
        if (first == null) {
            return null;
        }
        String before = single.substring(0, first.start());
        String after = withoutEnd(single.substring(first.end()));
        Places a = two == null ? null : Places.find(two, NAME, KEY, VALUE);
        Places b = two == null || a == null ? null : Places.findAfter(two, a.end(), OTHER_NAME, OTHER_KEY, OTHER_VALUE);
        boolean several = a != null && b != null && a.start() == first.start();
        CallForm.Body body = body(single, first, id, before, after);
        if (body == null) {
            return null;
        }
        if (body instanceof CallForm.KeyedBody keyed) {
            String close = written(keyed);
            after = after.startsWith(close) ? after.substring(close.length()) : after;
        }
        if (!several) {
            return new CallForm("", ided(before, id), ided(after, id), "", "", false, true, body);
        }
        String between = Objects.requireNonNull(two)
                .substring(
                        Objects.requireNonNull(a).end(),
                        Objects.requireNonNull(b).start());
        if (body instanceof CallForm.KeyedBody keyed) {
            String close = written(keyed);
            between = between.startsWith(close) ? between.substring(close.length()) : between;
        }
        Seams seams = Seams.of(ided(before, id), ided(between, otherId), ided(after, id));
        return new CallForm(
                seams.outerOpen(),
                seams.open(),
                seams.close(),
                seams.separator(),
                seams.outerClose(),
                true,
                true,
                body);
    }

    /** What closes the marked argument. */
    private static String written(CallForm.KeyedBody keyed) {
        String quote = keyed.text() == CallForm.TextValues.RAW ? "" : keyed.quote();
        return quote + keyed.argumentClose().replace(CallForm.KEY, KEY);
    }

    private static String ided(String text, String id) {
        return text.replace(id, CallForm.ID).replace(NAME, CallForm.NAME).replace(OTHER_NAME, CallForm.NAME);
    }

    /** What a template writes for calls: from where an answer begins to where it ends. */
    private @Nullable String written(ToolCall... calls) {
        String prompt = rendered(true, user());
        List<ChatMessage> withResults = new ArrayList<>(List.of(user(), calling("", calls)));
        String last = lastKey(calls);
        String whole = rendered(false, withResults.toArray(ChatMessage[]::new));
        if (prompt == null || whole == null || whole.indexOf(last, common(prompt, whole)) < 0) {
            for (ToolCall call : calls) {
                withResults.add(result(call));
            }
            whole = rendered(false, withResults.toArray(ChatMessage[]::new));
        }
        int from = prompt == null || whole == null ? 0 : common(prompt, whole);
        if (whole == null || whole.indexOf(last, from) < 0) {
            return null;
        }
        String answer = whole.substring(from);
        String plain = rendered(false, user(), new ChatMessage("assistant", PLAIN));
        String end = plain == null || !plain.contains(PLAIN)
                ? ""
                : plain.substring(plain.lastIndexOf(PLAIN) + PLAIN.length());
        int at = answer.lastIndexOf(end);
        boolean ends = !end.isEmpty() && at > answer.lastIndexOf(last);
        return withoutEmptyReasoning(ends ? answer.substring(0, at) : answer);
    }

    private static String lastKey(ToolCall... calls) {
        return calls[calls.length - 1].arguments().contains(OTHER_KEY) ? OTHER_KEY : KEY;
    }

    /** What the prompt and a whole conversation have in common, ending between two marks. */
    static int common(String prompt, String whole) {
        int from = Seams.commonPrefix(prompt, whole);
        if (from == prompt.length()) {
            return from;
        }
        while (from > 0 && ">\n]".indexOf(whole.charAt(from - 1)) < 0) {
            from--;
        }
        return from;
    }

    /** Some templates put empty reasoning in front of every answer that has none. */
    private static String withoutEmptyReasoning(String answer) {
        Matcher empty = Pattern.compile("\\A\\s*+(?:<[^</>\\s]{0,40}think>\\s*+)?</[^</>\\s]{0,40}think>\\s*+")
                .matcher(answer);
        return empty.find() ? answer.substring(empty.end()) : answer;
    }

    /** What is left of the end when calls end an answer in another way than text does. */
    private String withoutEnd(String after) {
        String rest = after;
        Matcher mark = Pattern.compile("<[^<>\\s]{1,40}>|\\[[A-Z_/]{2,40}]").matcher(after);
        while (mark.find()) {
            if (endsAnswer.test(mark.group())) {
                rest = after.substring(0, mark.start());
                break;
            }
        }
        int result = rest.indexOf("MARKEDRESULT");
        return result < 0 ? rest : rest.substring(0, result);
    }

    private CallForm.@Nullable Body body(String single, Places at, String id, String before, String after) {
        return switch (at) {
            case Places.Json json -> json.body(single, id);
            case Places.Named named ->
                new CallForm.NamedBody(ided(single.substring(named.nameEnd(), named.json()), id));
            case Places.Keyed keyed -> keyed(single, keyed, id);
        };
    }

    private CallForm.@Nullable Body keyed(String single, Places.Keyed at, String id) {
        String open = ided(single.substring(at.nameEnd(), at.key()), id);
        String equals = single.substring(at.key() + KEY.length(), at.value());
        Map<String, String> arguments = new LinkedHashMap<>();
        arguments.put(KEY, VALUE);
        arguments.put(OTHER_KEY, OTHER_VALUE);
        String two = written(
                call(id, NAME, "{\"" + KEY + "\": \"" + VALUE + "\", \"" + OTHER_KEY + "\": \"" + OTHER_VALUE + "\"}"));
        int otherKey = two == null ? -1 : two.indexOf(OTHER_KEY, at.value());
        if (two == null || otherKey < 0) {
            return null;
        }
        String between = two.substring(two.indexOf(VALUE, at.key()) + VALUE.length(), otherKey);
        // What closes an argument may name it once more.
        String after = single.substring(at.end()).replace(KEY, CallForm.KEY);
        Seams seams = Seams.of(open, between.replace(KEY, CallForm.KEY), after);
        String close = seams.close();
        // Numbers show how values that are no strings are written, and the quotes of those that are.
        String number = written(call(id, NAME, one(KEY, "73519")));
        String truth = written(call(id, NAME, one(KEY, "true")));
        String quoted = written(call(id, NAME, one(KEY, "\"mark\\\"value\"")));
        String otherEquals = equals;
        if (number != null && number.contains("73519")) {
            otherEquals = number.substring(number.indexOf(KEY) + KEY.length(), number.indexOf("73519"));
        }
        CallForm.OtherValues other =
                truth != null && truth.contains("True") ? CallForm.OtherValues.PYTHON : CallForm.OtherValues.JSON;
        CallForm.TextValues text = CallForm.TextValues.RAW;
        String quote = quote(equals, otherEquals, close);
        if (!quote.isEmpty()) {
            text = !quote.equals("\"") && !quote.equals("'")
                    ? CallForm.TextValues.QUOTED
                    : quote.equals("\"") && quoted != null && quoted.contains("mark\\\"value")
                            ? CallForm.TextValues.JSON
                            : CallForm.TextValues.PYTHON;
            equals = equals.substring(0, equals.length() - quote.length());
            close = close.substring(quote.length());
        }
        return new CallForm.KeyedBody(
                seams.outerOpen(), seams.open(), close, seams.separator(), text, other, quote, equals, otherEquals);
    }

    /** What stands around strings, and around no other values: quotes, or a mark in their place. */
    private static String quote(String equals, String otherEquals, String close) {
        String quote = equals.startsWith(otherEquals) ? equals.substring(otherEquals.length()) : "";
        if (quote.isEmpty() && (equals.endsWith("'") && close.startsWith("'"))) {
            quote = "'"; // Python's str() of anything but a string has them too, in a template that quotes by itself
        }
        return close.startsWith(quote) ? quote : "";
    }
}
