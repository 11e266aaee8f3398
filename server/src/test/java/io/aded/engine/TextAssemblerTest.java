package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ListedVocabulary;
import io.aded.model.ScriptedModel;
import io.aded.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Over the scripted vocabulary every token is one byte, the hardest case. */
class TextAssemblerTest {
    private static final Vocabulary BYTES = new ScriptedModel(ScriptedModel.babble(1, 1)).vocabulary();

    private static List<String> feed(TextAssembler assembler, byte[] bytes) {
        List<String> taken = new ArrayList<>();
        for (byte b : bytes) {
            boolean stopped = assembler.append(3 + (b & 0xff));
            taken.add(assembler.take());
            if (stopped) {
                break;
            }
        }
        taken.removeIf(String::isEmpty);
        return taken;
    }

    @Test
    void take_charactersSplitOverTokens_comeWhole() {
        TextAssembler assembler = new TextAssembler(BYTES, List.of());
        assertThat(feed(assembler, "aé€😀".getBytes(StandardCharsets.UTF_8))).containsExactly("a", "é", "€", "😀");
    }

    @Test
    void takeAll_cutCharacterAtTheEnd_becomesTheReplacement() {
        TextAssembler assembler = new TextAssembler(BYTES, List.of());
        assertThat(feed(assembler, new byte[] {'a', (byte) 0xE2, (byte) 0x82})).containsExactly("a");
        assertThat(assembler.takeAll()).isEqualTo("\uFFFD");
    }

    @Test
    void take_bytesThatAreNoUtf8_doNotBlock() {
        TextAssembler assembler = new TextAssembler(BYTES, List.of());
        List<String> taken = feed(assembler, new byte[] {(byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, 'b'});
        assertThat(String.join("", taken)).isEqualTo("\uFFFD\uFFFD\uFFFD\uFFFDb");
    }

    @Test
    void take_beginningOfAStopString_isHeldUntilDecided() {
        TextAssembler assembler = new TextAssembler(BYTES, List.of("</s>", "END"));
        assertThat(String.join("", feed(assembler, "a </b> E".getBytes(StandardCharsets.UTF_8))))
                .isEqualTo("a </b> ");
        assertThat(feed(assembler, "N".getBytes(StandardCharsets.UTF_8))).isEmpty();
        assertThat(feed(assembler, "x".getBytes(StandardCharsets.UTF_8))).containsExactly("ENx");
        assertThat(feed(assembler, "yEND of it".getBytes(StandardCharsets.UTF_8)))
                .containsExactly("y");
        assertThat(assembler.takeAll()).isEmpty();
    }

    /** The answer of tokens of several bytes, so that one may complete several stop strings at once. */
    private static String answered(List<String> stops, String... words) {
        List<byte[]> pieces = Stream.of(words)
                .map(word -> word.getBytes(StandardCharsets.UTF_8))
                .toList();
        TextAssembler assembler = new TextAssembler(new ListedVocabulary(pieces, Set.of(), -1), stops);
        StringBuilder text = new StringBuilder();
        for (int token = 0; token < words.length; token++) {
            boolean stopped = assembler.append(token);
            text.append(assembler.take());
            if (stopped) {
                return text.toString();
            }
        }
        return text + assembler.takeAll();
    }

    @Test
    void append_severalStopStringsAtOnce_earliestWinsWhateverTheirOrder() {
        for (List<String> stops : List.of(List.of("tle girl", "girl"), List.of("girl", "tle girl"))) {
            assertThat(answered(stops, "a lit", "tle", " girl", " sat")).isEqualTo("a lit");
            assertThat(answered(stops, "a little girl sat")).isEqualTo("a lit");
            assertThat(answered(stops, "a big", " girl")).isEqualTo("a big ");
        }
    }

    @Test
    void append_stopStringsThatOverlap_endAtTheOneThatIsCompleteFirstHoweverTheTextIsSplit() {
        for (List<String> stops : List.of(List.of("abcd", "bc"), List.of("bc", "abcd"))) {
            assertThat(answered(stops, "xabcd")).isEqualTo("xa");
            assertThat(answered(stops, "x", "a", "b", "c", "d")).isEqualTo("xa");
            assertThat(answered(stops, "xab", "cd")).isEqualTo("xa");
        }
    }
}
