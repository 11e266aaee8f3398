package io.aded.template;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatterBuilder;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A chat template as the model's makers wrote it, run by a Jinja interpreter set up as Hugging Face's library sets up
 * its own: blocks trimmed, {@code raise_exception} and {@code strftime_now} there, Python's string methods by their
 * Java names.
 *
 * <p>What a caller wrote is data. The interpreter's habit of evaluating expressions that occur in <i>values</i> is
 * switched off: a message that says {@code {{ 7 * 7 }}} is that text.
 */
final class JinjaTemplate implements ChatTemplate {
    /** Marks of training data, which mean nothing here. */
    private static final Pattern TRAINING_MARKS = Pattern.compile("\\{%-?\\s*(end)?generation\\s*-?%}");

    private static final Map<String, String> METHODS = Map.of(
            ".startswith(", ".startsWith(",
            ".endswith(", ".endsWith(",
            ".lstrip()", ".stripLeading()",
            ".rstrip()", ".stripTrailing()",
            ".upper()", ".toUpperCase()",
            ".lower()", ".toLowerCase()");

    private final Jinjava jinjava;
    private final String source;
    private final String beginning;
    private final String end;

    JinjaTemplate(String source, SpecialTexts special) {
        String adapted = TRAINING_MARKS.matcher(source).replaceAll("");
        for (Map.Entry<String, String> method : METHODS.entrySet()) {
            adapted = adapted.replace(method.getKey(), method.getValue());
        }
        this.source = adapted;
        this.beginning = special.beginning();
        this.end = special.end();
        this.jinjava = new Jinjava(JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withNestedInterpretationEnabled(false)
                .withMaxOutputSize(64 << 20)
                .build());
        jinjava.getGlobalContext()
                .registerFunction(
                        new ELFunctionDefinition("", "raise_exception", JinjaTemplate.class, "raise", String.class));
        jinjava.getGlobalContext()
                .registerFunction(
                        new ELFunctionDefinition("", "strftime_now", JinjaTemplate.class, "now", String.class));
    }

    /** For templates: refuses the conversation. */
    public static String raise(String message) {
        throw new AdedException.InvalidRequest("messages", message);
    }

    /** For templates: the time, in the few of C's formats that templates use. */
    public static String now(String format) {
        DateTimeFormatterBuilder formatter = new DateTimeFormatterBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c == '%' && i + 1 < format.length()) {
                formatter.appendPattern(
                        switch (format.charAt(++i)) {
                            case 'd' -> "dd";
                            case 'm' -> "MM";
                            case 'b' -> "MMM";
                            case 'B' -> "MMMM";
                            case 'Y' -> "yyyy";
                            case 'y' -> "yy";
                            case 'H' -> "HH";
                            case 'M' -> "mm";
                            case 'S' -> "ss";
                            case 'A' -> "EEEE";
                            case 'a' -> "EEE";
                            default -> "";
                        });
            } else {
                formatter.appendLiteral(c);
            }
        }
        return formatter.toFormatter(Locale.ENGLISH).format(LocalDateTime.now());
    }

    @Override
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        Map<String, Object> bindings = new HashMap<>();
        bindings.put(
                "messages",
                messages.stream()
                        .map(message -> Map.of("role", message.role(), "content", message.content()))
                        .toList());
        bindings.put("add_generation_prompt", addGenerationPrompt);
        bindings.put("bos_token", beginning);
        bindings.put("eos_token", end);
        RenderResult result = jinjava.renderForResult(source, bindings);
        if (result.hasErrors()) {
            throw new AdedException.InvalidRequest("messages", "the model's chat template refuses them");
        }
        return result.getOutput();
    }

    @Override
    public String description() {
        return "the model's own, by Jinja";
    }
}
