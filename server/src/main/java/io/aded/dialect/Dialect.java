package io.aded.dialect;

import io.aded.model.ChatMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a model writes what is not the answer's text.
 *
 * @param calls how it calls tools; null if its template knows of none
 * @param reasoning how it marks reasoning; null if it does not
 */
public record Dialect(@Nullable CallForm calls, @Nullable ReasoningForm reasoning) {
    /** Mere text. */
    public static final Dialect PLAIN = new Dialect(null, null);

    /** Messages as the template is given them: with their calls as text, if it shows none by itself. */
    public List<ChatMessage> shown(List<ChatMessage> messages) {
        CallForm form = calls;
        if (form == null || form.shown() || !(form.body() instanceof CallForm.JsonBody body)) {
            return messages;
        }
        return messages.stream()
                .map(message -> message.calls().isEmpty()
                        ? message
                        : new ChatMessage(
                                message.role(),
                                message.content() + form.written(body, message.calls()),
                                message.reasoning(),
                                List.of(),
                                null))
                .toList();
    }

    /** One line, for people. */
    public String describe() {
        return "calls: " + (calls == null ? "none" : calls.describe()) + "; reasoning: "
                + (reasoning == null ? "none" : reasoning.describe());
    }

    static String quoted(String text) {
        return "\u00ab"
                + text.replace("\n", "\\n")
                        .replace(CallForm.ID, "ID")
                        .replace(CallForm.NAME, "NAME")
                        .replace(CallForm.KEY, "KEY")
                + "\u00bb";
    }
}
