package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class ChatTest {
    private final ScriptedTurns server = new ScriptedTurns();

    private record City(String name) {}

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void as_wholeAnswer_isAValueAndTheSchemaWasSent() {
        server.says("{\"name\":", " \"Rome\"}");
        Typed<City> typed = server.client
                .chat("Describe Rome.")
                .with(options -> options.maxTokens(50))
                .typed(City.class);
        assertThat(typed.value()).isEqualTo(new City("Rome"));
        assertThat(typed.answer().text()).isEqualTo("{\"name\": \"Rome\"}");
        var sent = server.generated.getFirst().getOptions();
        assertThat(sent.getMaxTokens()).isEqualTo(50);
        assertThat(sent.getConstraint().getJsonSchema())
                .isEqualTo(JsonType.of(City.class).schema());
    }

    @Test
    void as_answerCutShort_isABadAnswerWithItsText() {
        server.isCutAfter("{\"name\": \"Ro");
        assertThatExceptionOfType(AdedClientException.BadAnswer.class)
                .isThrownBy(() -> server.client.chat("Describe Rome.").as(City.class))
                .withMessage("the answer was cut short (LENGTH)")
                .satisfies(bad -> assertThat(bad.text()).isEqualTo("{\"name\": \"Ro"));
    }

    @Test
    void as_inAConversation_isItsNextTurn() {
        server.says("Ciao.").says("{\"name\":\"Rome\"}").says("Addio.");
        try (Conversation conversation = server.client.converse()) {
            assertThat(conversation.chat("Hello").answer().text()).isEqualTo("Ciao.");
            assertThat(conversation.chat("Describe Rome.").as(City.class)).isEqualTo(new City("Rome"));
            assertThat(conversation.ask("Bye").texts()).containsExactly("Addio.");
        }
        assertThat(server.calls).hasSize(1);
    }

    @Test
    void texts_areTheTextAndNothingElse() {
        server.says("a", "", "b");
        assertThat(server.client.chat("Hello").stream().texts()).containsExactly("a", "b");
    }

    @Test
    void with_options_leavesTheQuestionAsItWas() {
        server.says("a").says("b");
        Chat plain = server.client.chat("Hello");
        plain.with(options -> options.maxTokens(3).timeout(Duration.ofSeconds(9)))
                .answer();
        plain.answer();
        assertThat(server.generated)
                .extracting(request -> request.getOptions().getMaxTokens())
                .isEqualTo(List.of(3, 0));
    }
}
