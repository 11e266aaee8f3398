import io.aded.client.AdedClient;
import io.aded.client.Answer;
import io.aded.client.AnswerEvent;
import io.aded.client.AnswerOptions;
import io.aded.client.AnswerStream;
import io.aded.client.Conversation;
import io.aded.client.Prompt;
import java.util.List;

/** Asks a sidecar one question, then holds a short conversation with it. */
public final class Hello {
    private Hello() {}

    public static void main(String[] arguments) {
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            AnswerOptions brief = AnswerOptions.builder().maxTokens(64).build();

            Answer whole = client.generate(Prompt.user("Name three colours of the rainbow."), brief)
                    .await();
            System.out.println(whole.text());
            report(whole.finished());

            try (Conversation conversation = client.converse()) {
                System.out.println(conversation.info().model() + ", "
                        + conversation.info().contextTokens() + " tokens of context");
                for (String question : List.of("My name is Ada. Say hello to me.", "What is my name?")) {
                    System.out.println("> " + question);
                    try (AnswerStream answer = conversation.ask(Prompt.user(question), brief)) {
                        answer.forEach(Hello::show);
                    }
                }
            }
        }
    }

    private static void show(AnswerEvent event) {
        if (event instanceof AnswerEvent.Delta delta) {
            System.out.print(delta.text());
        } else if (event instanceof AnswerEvent.Finished finished) {
            System.out.println();
            report(finished);
        }
    }

    private static void report(AnswerEvent.Finished finished) {
        System.out.println("[" + finished.reason() + ": " + finished.usage().completionTokens() + " tokens in "
                + finished.speculation().numSteps() + " passes]\n");
    }
}
