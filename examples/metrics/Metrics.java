import io.aded.client.AdedClient;
import io.aded.client.DraftStatistics;
import io.aded.client.ServerDetails;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/**
 * What a server is worth watching for: its load, how drafting fares, and its Prometheus page. That is {@code ./aded
 * serve --metrics 9464}; another page is named by ADED_METRICS, such as localhost:9464.
 */
public final class Metrics {
    private static final int MOST_LINES = 20;

    private Metrics() {}

    public static void main(String[] arguments) throws InterruptedException {
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            client.chat("Name three rivers.")
                    .with(options -> options.maxTokens(32))
                    .answer();
            ServerDetails.Load load = client.server().load();
            System.out.println(load.running() + " running, " + load.waiting() + " waiting, " + load.cellsUsed() + " of "
                    + load.cells() + " cells, " + load.tokensTotal() + " tokens");
            DraftStatistics statistics = client.draftStatistics();
            System.out.printf(
                    "%.2f tokens per round with a draft%n", statistics.totals().meanAcceptanceLength());
            statistics
                    .drafters()
                    .forEach((drafter, told) -> System.out.println("  " + drafter + ": " + told.numAcceptedDraftTokens()
                            + " of " + told.numDraftTokens() + " guesses were right"));
        }
        String page = System.getenv().getOrDefault("ADED_METRICS", "localhost:9464");
        try {
            HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://" + page + "/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .filter(line -> line.startsWith("aded_") && !line.contains("bucket"))
                    .limit(MOST_LINES)
                    .forEach(System.out::println);
        } catch (IOException nobody) {
            System.out.println("no metrics page on " + page + ": " + nobody);
        }
    }
}
