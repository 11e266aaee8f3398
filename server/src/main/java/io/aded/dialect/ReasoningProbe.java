package io.aded.dialect;

import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import io.aded.model.TemplateVariables;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds out how a model marks reasoning. */
final class ReasoningProbe {
    private static final String THOUGHT = "MARKEDTHOUGHT";
    private static final String PLAIN = "MARKEDANSWER";

    /** A mark at the end of a prompt: what opens reasoning where the template writes it. */
    private static final Pattern LAST_MARK = Pattern.compile("(<[^<>\\n]{1,40}>|\\[[A-Z_]{2,40}])\\s*\\z");

    private static final TemplateVariables THINKING =
            new TemplateVariables(Map.of("enable_thinking", true, "thinking", true));

    private final ChatTemplate template;
    private final @Nullable CallForm calls;

    ReasoningProbe(ChatTemplate template, @Nullable CallForm calls) {
        this.template = template;
        this.calls = calls;
    }

    @Nullable
    ReasoningForm find() {
        for (TemplateVariables variables : List.of(TemplateVariables.NONE, THINKING)) {
            ReasoningForm shown = shown(variables);
            if (shown != null) {
                return shown;
            }
        }
        ReasoningForm beforeCall = beforeCall();
        if (beforeCall != null) {
            return beforeCall;
        }
        for (TemplateVariables variables : List.of(TemplateVariables.NONE, THINKING)) {
            ReasoningForm opened = opened(variables);
            if (opened != null) {
                return opened;
            }
        }
        ReasoningForm told = told();
        return told == null ? dropped() : told;
    }

    private @Nullable String rendered(TemplateVariables variables, boolean opening, ChatMessage... messages) {
        return DialectProbe.rendered(template, List.of(), variables, opening, messages);
    }

    /** By what a template writes around reasoning that it is given. */
    private @Nullable ReasoningForm shown(TemplateVariables variables) {
        String prompt = rendered(variables, true, DialectProbe.user());
        String whole = rendered(
                variables, false, DialectProbe.user(), new ChatMessage("assistant", PLAIN, THOUGHT, List.of(), null));
        if (prompt == null || whole == null) {
            return null;
        }
        int thought = whole.lastIndexOf(THOUGHT);
        int plain = whole.indexOf(PLAIN, Math.max(0, thought));
        if (thought < 0 || plain < 0) {
            return null;
        }
        String close = whole.substring(thought + THOUGHT.length(), plain);
        int from = DialectProbe.common(prompt, whole);
        String open = from <= thought ? whole.substring(from, thought) : "";
        if (open.isBlank() && from < prompt.length()) {
            open = prompt.substring(from); // the prompt opens it by other words than earlier answers show
        }
        if (open.isBlank()) {
            Matcher mark = LAST_MARK.matcher(whole.substring(0, thought));
            open = mark.find() ? mark.group() : "";
        }
        if (open.startsWith("</")) { // closed at once, where none was asked for
            open = "<" + open.substring(2);
        }
        return open.isBlank() || close.isBlank() ? null : new ReasoningForm(open, close);
    }

    /** By what a template writes around reasoning that leads to a call, where it leaves out all other. */
    private @Nullable ReasoningForm beforeCall() {
        if (calls == null || calls.trigger().isEmpty()) {
            return null;
        }
        ChatMessage.ToolCall call = new ChatMessage.ToolCall(
                "mkidAAAA1", DialectProbe.NAME, "{\"" + DialectProbe.KEY + "\": \"" + DialectProbe.VALUE + "\"}");
        String prompt = rendered(THINKING, true, DialectProbe.user());
        String whole = rendered(
                THINKING, false, DialectProbe.user(), new ChatMessage("assistant", "", THOUGHT, List.of(call), null));
        int thought = prompt == null || whole == null ? -1 : whole.lastIndexOf(THOUGHT);
        int opening = thought < 0 || whole == null ? -1 : whole.indexOf(calls.trigger(), thought);
        if (prompt == null || whole == null || opening < 0) {
            return null;
        }
        int from = DialectProbe.common(prompt, whole);
        String open = from <= thought ? whole.substring(from, thought) : "";
        String close = whole.substring(thought + THOUGHT.length(), opening);
        return open.isBlank() || close.isBlank() ? null : new ReasoningForm(open, close);
    }

    /** By marks that the template's own words tell the model to use. */
    private @Nullable ReasoningForm told() {
        String prompt = rendered(TemplateVariables.NONE, true, DialectProbe.user());
        if (prompt != null && prompt.contains("[THINK]") && prompt.contains("[/THINK]")) {
            return new ReasoningForm("[THINK]", "[/THINK]");
        }
        return prompt != null && prompt.contains("<think>") && prompt.contains("</think>")
                ? new ReasoningForm("<think>\n", "\n</think>\n")
                : null;
    }

    /** By the mark at the end of a prompt, if a template splits earlier answers at the mark that closes it. */
    private @Nullable ReasoningForm opened(TemplateVariables variables) {
        String prompt = rendered(variables, true, DialectProbe.user());
        Matcher mark = prompt == null ? null : LAST_MARK.matcher(prompt);
        if (mark == null || !mark.find()) {
            return null;
        }
        String opening = mark.group(1);
        if (opening.startsWith("</")) { // a template that closes it at once, where none is asked for
            String opened = "<" + opening.substring(2);
            return drops(opened, opening) || opened.toLowerCase(Locale.ROOT).contains("think")
                    ? new ReasoningForm(opened, opening, true)
                    : null;
        }
        String closing = opening.startsWith("<")
                ? "</" + opening.substring(1)
                : opening.startsWith("[") ? "[/" + opening.substring(1) : "";
        return drops(opening, closing) || opening.toLowerCase(Locale.ROOT).contains("think")
                ? new ReasoningForm(mark.group(), closing, true)
                : null;
    }

    /** By what a template leaves out of earlier answers. */
    private @Nullable ReasoningForm dropped() {
        return drops("<think>", "</think>") ? new ReasoningForm("<think>\n", "\n</think>\n\n") : null;
    }

    private boolean drops(String opening, String closing) {
        String whole = rendered(
                TemplateVariables.NONE,
                false,
                DialectProbe.user(),
                new ChatMessage("assistant", opening + THOUGHT + closing + PLAIN),
                DialectProbe.user());
        return whole != null && whole.contains(PLAIN) && !whole.contains(THOUGHT);
    }
}
