import io.aded.client.AdedClient;
import io.aded.client.AdedClientException;
import io.aded.client.AnswerOptions;
import io.aded.client.Conversation;
import io.aded.client.ConversationOptions;
import io.aded.client.Prompt;
import io.aded.client.Sampling;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Provokes failures and decides, kind by kind, what to do about each. */
public final class Errors {
    private static final int ATTEMPTS = 5;

    private Errors() {}

    public static void main(String[] arguments) throws Exception {
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            attempt(
                    "values out of range",
                    () -> client.generate(
                                    Prompt.user("Hello"),
                                    AnswerOptions.builder()
                                            .sampling(Sampling.builder()
                                                    .temperature(-1)
                                                    .topP(7)
                                                    .build())
                                            .maxTokens(-5)
                                            .build())
                            .await());
            attempt("a model that is not there", () -> {
                try (Conversation conversation = client.converse(
                        ConversationOptions.builder().model("no-such-model").build())) {
                    return conversation.info();
                }
            });
            attempt(
                    "an ordinary question",
                    () -> client.generate(
                                    Prompt.user("Hello"),
                                    AnswerOptions.builder().maxTokens(8).build())
                            .await()
                            .text());
        }
        try (AdedClient nobody = AdedClient.connect("localhost:1")) {
            attempt("a server that is not there", nobody::model);
        }
    }

    private static void attempt(String what, Callable<?> call) throws Exception {
        System.out.println(what + ":");
        for (int left = ATTEMPTS; left > 0; left--) {
            try {
                System.out.println("  answered: " + call.call());
                return;
            } catch (AdedClientException failure) {
                System.out.println("  " + failure.getClass().getSimpleName() + ": " + failure.getMessage());
                Duration pause = pauseBeforeRetry(failure);
                if (pause.isZero()) {
                    return;
                }
                System.out.println("  again in " + pause.toMillis() + " ms");
                TimeUnit.NANOSECONDS.sleep(pause.toNanos());
            }
        }
    }

    /** How long to wait before the same request makes sense again; zero if it never will. */
    private static Duration pauseBeforeRetry(AdedClientException failure) {
        return switch (failure) {
            case AdedClientException.InvalidRequest invalid -> {
                invalid.violations()
                        .forEach(wrong -> System.out.println("    " + wrong.field() + " " + wrong.description()));
                yield Duration.ZERO;
            }
            case AdedClientException.ResourceExhausted busy -> busy.retryAfter().orElse(Duration.ofSeconds(1));
            case AdedClientException.Unavailable away -> Duration.ofMillis(200);
            case AdedClientException.NotFound missing -> Duration.ZERO;
            case AdedClientException.FailedPrecondition wrongMoment -> Duration.ZERO;
            case AdedClientException.DeadlineExceeded late -> Duration.ZERO;
            case AdedClientException.Cancelled cancelled -> Duration.ZERO;
            case AdedClientException.Denied denied -> Duration.ZERO;
            case AdedClientException.Unsupported unsupported -> Duration.ZERO;
            case AdedClientException.Internal fault -> Duration.ZERO;
            case AdedClientException.BadAnswer useless -> Duration.ZERO;
        };
    }
}
