import io.aded.client.AdedClient;
import io.aded.client.AnswerStream;
import io.aded.client.Draft;
import java.util.concurrent.TimeUnit;

/** A slow reader: the server waits for it and computes no further, and nothing piles up in between. */
public final class FlowControl {
    private FlowControl() {}

    public static void main(String[] arguments) throws InterruptedException {
        try (AdedClient client = AdedClient.connect(arguments[0]);
                AnswerStream answer = client
                        .chat("Count to a thousand.")
                        .with(options -> options.maxTokens(60).draft(Draft.OFF))
                        .stream()) {
            long began = System.nanoTime();
            int number = 0;
            for (String text : answer.texts()) {
                System.out.printf("%5.1f s  \"%s\"%n", (System.nanoTime() - began) / 1e9, text);
                if (++number % 20 == 0) {
                    TimeUnit.SECONDS.sleep(1); // something slow; what is not read stays with the server
                }
            }
            // A reader who stops for longer than 20 s (aded serve --unread) loses the answer: NOT_READ.
        }
    }
}
