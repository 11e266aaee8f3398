package io.aded.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class AdedExceptionTest {
    /** A colour, a bell, a line begun again, a text from right to left, a mark that nobody sees, an erased line. */
    @Test
    void message_whatCommandsATerminal_isSpelled() {
        Map<String, String> shown = Map.of(
                "\033[31mred", "\\u001b[31mred",
                "a\007b", "a\\u0007b",
                "a\rb", "a\\u000db",
                "x\u202eelif", "x\\u202eelif",
                "m\u200bodel", "m\\u200bodel",
                "\u009b2J", "\\u009b2J");
        shown.forEach(
                (name, spelled) -> assertThat(new AdedException.NotFound("MODEL_NOT_FOUND", "there is no " + name))
                        .hasMessage("there is no " + spelled));
    }

    @Test
    void message_textOfAnyScript_staysAsItIs() {
        String text = "d\u00e9j\u00e0 \u4f60\u597d \ud83d\ude00\n\tx";
        assertThat(new AdedException.Cancelled(text)).hasMessage(text);
    }
}
