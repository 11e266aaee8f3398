import io.aded.client.AdedClient;
import io.aded.client.AnswerEvent;
import io.aded.client.AnswerOptions;
import io.aded.client.Draft;
import io.aded.client.Prompt;
import io.aded.client.Sampling;
import io.aded.client.Speculation;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Shows every draft-and-verify round: in green what was guessed and accepted, in white the token that the model itself
 * added, in grey what was guessed in vain.
 */
public final class Rounds {
    private static final String GREEN = "\u001B[32m";
    private static final String GREY = "\u001B[90m";
    private static final String RESET = "\u001B[0m";

    private Rounds() {}

    public static void main(String[] arguments) {
        AnswerOptions options = AnswerOptions.builder()
                .reportRounds(true)
                .maxTokens(96)
                .sampling(Sampling.GREEDY)
                .draft(Draft.of("aded"))
                .build();
        Prompt prompt = Prompt.user("Repeat three times: the quick brown fox jumps over the lazy dog.");
        String text = "";
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            for (AnswerEvent event : client.generate(prompt, options)) {
                switch (event) {
                    case AnswerEvent.Delta delta -> text = delta.text();
                    case AnswerEvent.Round round -> {
                        show(round, text);
                        text = "";
                    }
                    case AnswerEvent.Finished finished -> summarise(finished);
                    default -> {}
                }
            }
        }
    }

    private static void show(AnswerEvent.Round round, String text) {
        List<String> accepted = new ArrayList<>();
        List<String> rejected = new ArrayList<>();
        for (AnswerEvent.DraftNode node : round.nodes()) {
            if (node.parent() >= 0) {
                (node.accepted() ? accepted : rejected).add(node.text());
            }
        }
        String guessed = String.join("", accepted);
        String own = text.startsWith(guessed) ? text.substring(guessed.length()) : "";
        System.out.printf(
                "%3d %2d of %2d  %5.2f + %6.2f ms  %s%s%s%s  %s%s%s%n",
                round.index(),
                accepted.size(),
                accepted.size() + rejected.size(),
                round.draftTime().toNanos() / 1e6,
                round.verifyTime().toNanos() / 1e6,
                GREEN,
                visible(guessed),
                RESET,
                visible(own),
                GREY,
                rejected.stream().map(Rounds::visible).collect(Collectors.joining("|")),
                RESET);
    }

    private static String visible(String text) {
        return text.replace("\n", "\\n");
    }

    private static void summarise(AnswerEvent.Finished finished) {
        Speculation speculation = finished.speculation();
        System.out.printf(
                "%n%d tokens in %d passes: %.2f tokens a draft, %.0f %% of the drafted tokens accepted%n",
                finished.usage().completionTokens(),
                speculation.numSteps(),
                speculation.meanAcceptanceLength(),
                100 * speculation.draftAcceptanceRate());
    }
}
