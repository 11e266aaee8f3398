import io.aded.client.AdedClient;
import io.aded.client.AdedClientException;
import io.aded.client.Answer;
import io.aded.client.Conversation;
import io.aded.client.ConversationOptions;
import java.time.Duration;

/** A conversation that is left and resumed from another connection, with its history, KV cache and drafter. */
public final class Resume {
    private static final String NAME = "example-resume-java";

    private Resume() {}

    public static void main(String[] arguments) {
        try (AdedClient client =
                        AdedClient.builder(arguments[0]).clientId("examples").build();
                Conversation conversation = client.converse(ConversationOptions.builder()
                        .id(NAME)
                        .retention(Duration.ofMinutes(1))
                        .build())) {
            System.out.println(conversation
                    .chat("My name is Ada.")
                    .with(options -> options.maxTokens(32))
                    .answer()
                    .text());
        }
        try (AdedClient later =
                AdedClient.builder(arguments[0]).clientId("examples").build()) {
            ConversationOptions resume = ConversationOptions.builder()
                    .id(NAME)
                    .requireResume(true)
                    .retention(Duration.ZERO)
                    .build();
            try (Conversation conversation = later.converse(resume)) {
                System.out.println("[resumed " + conversation.info().id() + " with "
                        + conversation.info().historyTokens() + " tokens]");
                Answer answer = conversation
                        .chat("What is my name?")
                        .with(options -> options.maxTokens(32))
                        .answer();
                System.out.println(answer.text());
                System.out.println("[" + answer.usage().cachedPromptTokens() + " of "
                        + answer.usage().promptTokens() + " tokens needed no computing]");
            }
            try {
                later.converse(ConversationOptions.builder()
                        .id("never-there")
                        .requireResume(true)
                        .build());
            } catch (AdedClientException.NotFound gone) {
                System.out.println("[" + gone.getMessage() + "]");
            }
        }
    }
}
