import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.Prompt;
import io.aded.engine.Session;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.telemetry.EngineTelemetry;
import java.util.concurrent.CompletableFuture;

/** A drafter of one's own in the engine: the same text in fewer passes. */
public final class CustomDrafter {

    /**
     * Remembers what came after each pair of tokens the last time, and guesses that it comes again. Wrong guesses cost
     * time and nothing else: the model has the last word on every token.
     */
    private static final class PairDrafter implements Drafter {
        private static final int SLOTS = 1 << 16;
        private static final float TRUST = 0.8f;

        /** By pair: the token that came next, and 1; 0 where nothing is known. Of one size: drafts never allocate. */
        private final int[] after = new int[SLOTS];

        private int before = -1;
        private int last = -1;

        @Override
        public String name() {
            return "pairs";
        }

        @Override
        public void learnPrompt(int[] tokens, int from, int to) {
            for (int i = from; i < to; i++) {
                append(tokens[i]);
            }
        }

        @Override
        public void draft(TokenTree tree, DraftLimits limits) {
            int room = Math.min(Math.min(limits.maxNodes(), limits.maxDepth()), tree.maxDraftNodes());
            int first = before;
            int second = last;
            int node = 0; // the root: the last token of the stream
            for (int guess = after[slot(first, second)] - 1; room > 0 && guess >= 0; room--) {
                node = tree.add(node, guess, tree.probability(node) * TRUST);
                first = second;
                second = guess;
                guess = after[slot(first, second)] - 1;
            }
        }

        @Override
        public void observe(TokenTree tree, int node, TopTokens target) {
            // What the model itself thinks of each node: of use to drafters that estimate probabilities.
        }

        @Override
        public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
            for (int node = 1; node <= lastAccepted; node++) { // a chain: its nodes stand in order
                append(tree.token(node));
            }
            append(bonusToken);
        }

        @Override
        public void rewind(int length) {
            before = -1; // what was learned stands; the stream goes on somewhere else
            last = -1;
        }

        private void append(int token) {
            after[slot(before, last)] = token + 1;
            before = last;
            last = token;
        }

        private static int slot(int first, int second) {
            return ((first * 31 + second) * 0x9E3779B9) >>> 16;
        }

        @Override
        public long stateBytes() {
            return 4L * SLOTS;
        }
    }

    /** An answer's text, and what it took. */
    private record Told(String text, TurnResult result) {}

    private CustomDrafter() {}

    public static void main(String[] arguments) {
        // A model without weights. For a real one: LocalModel.load(…).model(), see docs/embedding.md.
        TargetModel model = new ScriptedModel(ScriptedModel.babble(1, 2));
        try (Engine engine = Engine.start(
                model,
                EngineOptions.ofCells(4096),
                EngineTelemetry.NONE,
                LoopProposer.factory(label -> new PairDrafter()))) {
            Told plain = answer(engine, DraftPolicy.OFF);
            // Whichever mode a turn names, "aded" here, the factory above has said what drafts.
            Told drafted = answer(engine, DraftPolicy.of(Drafters.ADED));
            System.out.println(drafted.text());
            report("off", plain);
            report("pairs", drafted);
            if (!plain.text().equals(drafted.text())) {
                throw new IllegalStateException("a drafter must not change the text");
            }
        }
    }

    private static void report(String drafter, Told told) {
        System.out.println(drafter + ": " + told.result().completionTokens() + " tokens in "
                + told.result().speculation().numSteps() + " passes");
    }

    private static Told answer(Engine engine, DraftPolicy policy) {
        StringBuilder text = new StringBuilder();
        CompletableFuture<TurnResult> end = new CompletableFuture<>();
        try (Session session = engine.openSession()) {
            TurnRequest request =
                    TurnRequest.of(new Prompt.Text("Once upon a time"), SamplingParameters.GREEDY, policy, 256);
            session.submit(request, new TurnListener() {
                @Override
                public void onDelta(Delta delta) {
                    text.append(delta.text());
                }

                @Override
                public void onFinished(TurnResult result) {
                    end.complete(result);
                }

                @Override
                public void onFailed(AdedException failure) {
                    end.completeExceptionally(failure);
                }
            });
            TurnResult result = end.join();
            return new Told(text.toString(), result);
        }
    }
}
