import io.aded.client.AdedClient;
import io.aded.client.AdedClientException;
import io.aded.client.AnswerStream;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** Many callers at once, a virtual thread each: what they wait for their first token, and what all get together. */
public final class Load {
    private static final int CALLERS = 16;
    private static final int CALLS = 3;

    private final Queue<Long> waits = new ConcurrentLinkedQueue<>();
    private final AtomicLong tokens = new AtomicLong();

    private Load() {}

    public static void main(String[] arguments) {
        Load load = new Load();
        long began = System.nanoTime();
        try (AdedClient client = AdedClient.connect(arguments[0]);
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            IntStream.range(0, CALLERS).forEach(number -> callers.execute(() -> load.call(client, number)));
        }
        double took = (System.nanoTime() - began) / 1e9;
        List<Long> sorted = load.waits.stream().sorted().toList();
        System.out.printf(
                "%d answers of %d callers in %.2f s, %.0f tokens/s%n",
                sorted.size(), CALLERS, took, load.tokens.get() / took);
        if (!sorted.isEmpty()) {
            System.out.printf("first token after %.0f ms (median)%n", sorted.get(sorted.size() / 2) / 1e6);
        }
    }

    private void call(AdedClient client, int number) {
        for (int call = 0; call < CALLS; call++) {
            long began = System.nanoTime();
            try (AnswerStream answer = client
                    .chat("Caller " + number + ", question " + call + ".")
                    .with(options -> options.maxTokens(48))
                    .stream()) {
                long first = 0;
                for (String text : answer.texts()) {
                    first = first == 0 ? System.nanoTime() - began : first;
                    tokens.incrementAndGet(); // a token or more a piece; finished.usage() has them to the one
                }
                waits.add(first);
            } catch (AdedClientException failed) { // a full queue was tried again before
                System.out.println("caller " + number + ": " + failed.getMessage());
            }
        }
    }
}
