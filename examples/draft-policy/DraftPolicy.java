import io.aded.client.AdedClient;
import io.aded.client.Answer;
import io.aded.client.Draft;
import io.aded.client.Sampling;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** One question, answered under several draft policies: the same tokens, in more or fewer forward passes. */
public final class DraftPolicy {
    private static final String QUESTION = "Repeat three times: the quick brown fox jumps over the lazy dog.";

    private DraftPolicy() {}

    public static void main(String[] arguments) {
        Set<List<Integer>> answers = new HashSet<>();
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            for (Draft draft : List.of(
                    Draft.OFF,
                    Draft.AUTO,
                    Draft.of("prompt-lookup"),
                    Draft.of("aded").withMaxNodes(12))) {
                Answer answer = client.chat(QUESTION)
                        .with(options ->
                                options.sampling(Sampling.GREEDY).maxTokens(96).draft(draft))
                        .answer();
                System.out.printf(
                        "%-14s %s %3d tokens in %3d passes, %6.3f s%n",
                        draft.mode(),
                        draft.maxNodes() == null ? "        " : draft.maxNodes() + " nodes",
                        answer.tokens().size(),
                        answer.finished().speculation().numSteps(),
                        answer.usage().totalTime().toNanos() / 1e9);
                answers.add(answer.tokens());
            }
        }
        System.out.println(answers.size() == 1 ? "the same answer" : "answers differ (near ties of a quantised model)");
    }
}
