import io.aded.client.AdedClient;
import io.aded.client.AnswerStream;
import io.aded.client.Conversation;

/** Streaming, cancelling and a typed answer, in ten lines. */
public final class TenLines {
    private TenLines() {}

    public static void main(String[] arguments) {
        // --- begin
        record Verdict(boolean right) {}
        try (AdedClient client = AdedClient.connect(arguments[0]);
                Conversation conversation = client.converse()) {
            AnswerStream story = conversation.ask("Tell me a long story.");
            for (String text : story.texts()) {
                System.out.print(text);
                if (story.text().length() > 60) {
                    story.cancel(); // what had come stands, and the conversation goes on
                }
            }
            System.out.println(conversation.chat("Is Rome in Italy?").as(Verdict.class));
        }
        // --- end
    }
}
