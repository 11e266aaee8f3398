import io.aded.client.AdedClient;
import io.aded.client.AnswerEvent;
import io.aded.client.AnswerOptions;
import io.aded.client.AnswerStream;
import io.aded.client.Conversation;
import io.aded.client.Prompt;

/** Stops an answer midway, in the two ways there are, and goes on with the conversation. */
public final class Cancellation {
    private static final Prompt LONG = Prompt.user("Tell me a very long story about a lighthouse.");

    private Cancellation() {}

    public static void main(String[] arguments) {
        try (AdedClient client = AdedClient.connect(arguments[0]);
                Conversation conversation = client.converse()) {

            // cancel(): the server is asked to stop, and says what the part that came has cost.
            AnswerStream story = conversation.ask(LONG, AnswerOptions.DEFAULT);
            int deltas = 0;
            for (AnswerEvent event : story) {
                switch (event) {
                    case AnswerEvent.Delta delta -> {
                        System.out.print(delta.text());
                        if (++deltas == 10) {
                            story.cancel();
                        }
                    }
                    case AnswerEvent.Finished finished ->
                        System.out.println("\n[" + finished.reason() + " after "
                                + finished.usage().completionTokens() + " tokens]\n");
                    default -> {}
                }
            }

            // close(): no longer interested. Leaving the block early is enough; the rest is dropped in the background.
            try (AnswerStream another = conversation.ask(LONG, AnswerOptions.DEFAULT)) {
                AnswerEvent first = another.iterator().next();
                System.out.println("[closed after " + first + "]\n");
            }

            AnswerOptions brief = AnswerOptions.builder().maxTokens(32).build();
            System.out.println(conversation
                    .ask(Prompt.user("What was the story about?"), brief)
                    .await()
                    .text());
        }
    }
}
