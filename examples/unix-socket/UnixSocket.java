import io.aded.client.AdedClient;
import java.time.Duration;

/**
 * The sidecar over a Unix socket: nobody else on the machine can talk to it. {@code ./aded serve
 * --listen unix:/tmp/s}
 */
public final class UnixSocket {
    private UnixSocket() {}

    public static void main(String[] arguments) {
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            client.awaitReady(Duration.ofMinutes(1)); // also while the model is still loading
            System.out.println(arguments[0] + ": " + client.model().name());
            System.out.println(client.chat("Name three rivers.")
                    .with(options -> options.maxTokens(32))
                    .answer()
                    .text());
        }
    }
}
