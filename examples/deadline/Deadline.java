import io.aded.client.AdedClient;
import io.aded.client.AdedClientException;
import io.aded.client.AnswerEvent;
import io.aded.client.AnswerOptions;
import io.aded.client.Prompt;
import java.time.Duration;

/** Gives an answer a time limit and keeps what came until then. */
public final class Deadline {
    private Deadline() {}

    public static void main(String[] arguments) {
        AnswerOptions options =
                AnswerOptions.builder().timeout(Duration.ofMillis(500)).build();
        StringBuilder text = new StringBuilder();
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            for (AnswerEvent event : client.generate(Prompt.user("Count from one to one thousand."), options)) {
                if (event instanceof AnswerEvent.Delta delta) {
                    text.append(delta.text());
                }
            }
            System.out.println("complete within " + options.timeout() + ": " + text);
        } catch (AdedClientException.DeadlineExceeded late) {
            // The server knows the limit too: it stops by itself, and what came until then is ours.
            System.out.println("cut off after " + options.timeout() + ": " + text);
        }
    }
}
