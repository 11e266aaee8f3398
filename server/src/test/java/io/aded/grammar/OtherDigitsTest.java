package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("it changes the language of the process")
class OtherDigitsTest {
    private final Locale before = Locale.getDefault();

    @BeforeEach
    void speakPersian() {
        Locale.setDefault(Locale.forLanguageTag("fa-IR"));
    }

    @AfterEach
    void speakAsBefore() {
        Locale.setDefault(before);
    }

    private static boolean accepts(TokenMasks masks, String text) {
        TokenMasks.Position position = masks.start();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            position = masks.after(position, b & 0xFF);
        }
        return position.accepts();
    }

    @Test
    void boundsOfNumbers_areInAsciiDigits() throws GrammarRefused {
        String schema = "{\"type\":\"number\",\"minimum\":-1.5,\"maximum\":2.25}";

        TokenMasks masks = TokenMasks.ofJsonSchema(schema, Bytes.trie());

        assertThat(accepts(masks, "-1.5")).isTrue();
        assertThat(accepts(masks, "2.249")).isTrue();
        assertThat(accepts(masks, "-1.51")).isFalse();
        assertThat(accepts(masks, "2.26")).isFalse();
    }
}
