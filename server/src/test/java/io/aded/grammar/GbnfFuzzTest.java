package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Seeds;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A sound grammar, damaged at random: it is parsed or refused with a reason, and nothing else happens. */
final class GbnfFuzzTest {
    private static final String SOUND =
            "root ::= (\"a\" | [^b-d\\n]{2,5} word?)+ # end\nword ::= \"\\x41\\u00e9\" ws\nws ::= [ \\t]*\n";
    private static final String CHARACTERS = "root wd\"[]{}()|*+?.\\-^,:=#\n\r\t09xuU\u00e9\ud83d\ude00\u0000";

    @Test
    void parse_damagedGrammars_areParsedOrRefusedWithAReason() {
        assertThat(refusal(SOUND)).isNull();
        Seeds.with(random -> {
            for (int round = 0; round < 5_000; round++) {
                StringBuilder text = new StringBuilder(SOUND);
                for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                    int at = random.nextInt(text.length());
                    char other = CHARACTERS.charAt(random.nextInt(CHARACTERS.length()));
                    switch (random.nextInt(3)) {
                        case 0 -> text.deleteCharAt(at);
                        case 1 -> text.insert(at, other);
                        default -> text.setCharAt(at, other);
                    }
                }
                String refused = refusal(text.toString());
                if (refused != null) {
                    assertThat(refused).isNotBlank();
                }
            }
        });
    }

    private static @Nullable String refusal(String text) {
        try {
            Gbnf.parse(text);
            return null;
        } catch (GrammarRefused e) {
            return String.valueOf(e.getMessage());
        }
    }
}
