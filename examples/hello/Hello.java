import io.aded.client.AdedClient;
import io.aded.client.Answer;
import io.aded.client.AnswerEvent;
import io.aded.client.AnswerOptions;
import io.aded.client.AnswerStream;
import io.aded.client.Conversation;
import io.aded.client.Prompt;
import io.aded.client.Sampling;
import java.util.List;

/** Asks a sidecar to edit a function, then asks about a text: answers that repeat much of what was said before. */
public final class Hello {
    private static final String EDIT = """
        Rename the variable total to price, and repeat the whole function:

        def invoice(items, rate):
            total = 0
            for item in items:
                total += item.count * item.unit_price
            total += total * rate
            return round(total, 2)
        """;

    private static final String TEXT = """
        The harbour office will replace the floating pontoon at the east quay between the 4th and the 22nd of March. \
        Boats that lie there must be moved by the evening of the 3rd. The crane works on weekdays from seven to four. \
        Write to the office to book it.
        """;

    private Hello() {}

    public static void main(String[] arguments) {
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            AnswerOptions options = AnswerOptions.builder()
                    .maxTokens(128)
                    .sampling(Sampling.GREEDY)
                    .build();

            Answer whole = client.generate(Prompt.user(EDIT), options).await();
            System.out.println(whole.text());
            report(whole.finished());

            try (Conversation conversation = client.converse()) {
                System.out.println(conversation.info().model() + ", "
                        + conversation.info().contextTokens() + " tokens of context");
                for (String question :
                        List.of(TEXT + "Quote the sentence that says when boats must be moved.", "Repeat the text.")) {
                    System.out.println("> " + question);
                    try (AnswerStream answer = conversation.ask(Prompt.user(question), options)) {
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

    /** A forward pass without a draft yields one token; what is above that was drafted and accepted. */
    private static void report(AnswerEvent.Finished finished) {
        long tokens = finished.usage().completionTokens();
        long passes = finished.speculation().numSteps();
        System.out.println("[" + finished.reason() + ": " + tokens + " tokens in " + passes + " passes"
                + (tokens > passes ? "" : "; no draft pays here: \"aded doctor\" says why") + "]\n");
    }
}
