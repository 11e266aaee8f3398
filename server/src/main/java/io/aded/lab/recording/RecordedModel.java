package io.aded.lab.recording;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.ModelInfo;
import io.aded.model.RenderedChat;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.model.Vocabulary;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A target model that says what was recorded, and charges for each pass: the real engine can be run on it in virtual
 * time. One stream at a time.
 *
 * <p>A token of a pass is on the recorded path if it is the recorded one and stands in a sequence of the one before. Of
 * those, what the model thought is known; of all others nothing is, and their rows are empty.
 */
public final class RecordedModel implements TargetModel {
    private static final int VOCABULARY_SIZE = 32_000;
    private static final int END = 2;

    private final IntConsumer charge;
    private RecordedAnswer recorded = new RecordedAnswer("none", new int[] {1}, new int[0], new int[0], new float[0]);

    /**
     * A model of which each pass is charged.
     *
     * @param charge is told the tokens of each pass
     */
    public RecordedModel(IntConsumer charge) {
        this.charge = charge;
    }

    /** What is said from the next turn on. */
    public void play(RecordedAnswer answer) {
        recorded = answer;
    }

    private int recordedToken(int position) {
        int[] prompt = recorded.prompt();
        if (position < prompt.length) {
            return prompt[position];
        }
        return position - prompt.length < recorded.answer().length ? recorded.answer()[position - prompt.length] : END;
    }

    @Override
    public ModelInfo info() {
        return new ModelInfo(
                "recorded",
                "none",
                "recorded answers",
                "none",
                0,
                0,
                0,
                VOCABULARY_SIZE,
                0,
                0,
                false,
                "none",
                List.of());
    }

    @Override
    public Vocabulary vocabulary() {
        return Silent.INSTANCE;
    }

    @Override
    public ChatTemplate chatTemplate() {
        return Silent.INSTANCE;
    }

    @Override
    public TargetContext newContext(ContextParameters parameters) {
        return new Context(parameters);
    }

    @Override
    public TokenSampler newSampler(SamplingParameters parameters) {
        if (!parameters.isPlainGreedy()) {
            throw new AdedException.InvalidRequest("sampling", "recorded answers are greedy; set the temperature to 0");
        }
        return Greedy.INSTANCE;
    }

    @Override
    public void close() {}

    private final class Context implements TargetContext {
        private final ContextParameters parameters;
        /** For each position of the pass, the sequences that its token on the recorded path belongs to. */
        private final BitSet[] onPath = new BitSet[64];

        private final int[] positions;
        private final boolean[] known;

        Context(ContextParameters parameters) {
            this.parameters = parameters;
            positions = new int[parameters.maxBatchTokens()];
            known = new boolean[parameters.maxBatchTokens()];
            Arrays.setAll(onPath, _ -> new BitSet());
        }

        @Override
        public DecodeOutcome decode(TokenBatch batch) {
            charge.accept(batch.size());
            int first = batch.position(0);
            for (BitSet sequences : onPath) {
                sequences.clear();
            }
            for (int i = 0; i < batch.size(); i++) {
                int position = batch.position(i);
                positions[i] = position;
                // A prompt's chunk is longer than any path; what was committed before the pass is on the path.
                int depth = Math.min(position - first, onPath.length - 1);
                known[i] = batch.token(i) == recordedToken(position)
                        && (depth == 0
                                || position < recorded.prompt().length
                                || onPath[depth - 1].get(batch.sequence(i, 0)));
                if (known[i]) {
                    for (int j = 0; j < batch.sequenceCount(i); j++) {
                        onPath[depth].set(batch.sequence(i, j));
                    }
                }
            }
            return DecodeOutcome.DECODED;
        }

        @Override
        public int bestToken(int row) {
            int at = positions[row] + 1 - recorded.prompt().length;
            return !known[row] || at < 0 || at >= recorded.answer().length
                    ? END
                    : recorded.topTokens()[at * RecordedAnswer.TOP];
        }

        @Override
        public void topTokens(int row, TopTokens out) {
            int at = positions[row] + 1 - recorded.prompt().length;
            int[] tokens = out.tokenArray();
            float[] logits = out.logitArray();
            if (!known[row] || at < 0 || at >= recorded.answer().length) {
                tokens[0] = END;
                out.filled(0, 0);
                return;
            }
            int count = Math.min(tokens.length, RecordedAnswer.TOP);
            for (int i = 0; i < count; i++) {
                tokens[i] = recorded.topTokens()[at * RecordedAnswer.TOP + i];
                logits[i] = (float) Math.log(recorded.topProbabilities()[at * RecordedAnswer.TOP + i]);
            }
            out.filled(count, 0f);
        }

        @Override
        public int cells() {
            return parameters.cells();
        }

        @Override
        public int maxBatchTokens() {
            return parameters.maxBatchTokens();
        }

        @Override
        public int maxSequences() {
            return parameters.maxSequences();
        }

        @Override
        public boolean supportsBranches() {
            return true;
        }

        @Override
        public float logit(int row, int token) {
            throw new UnsupportedOperationException("only the best tokens were recorded");
        }

        @Override
        public void copyLogits(int row, float[] destination) {
            throw new UnsupportedOperationException("only the best tokens were recorded");
        }

        @Override
        public void removeTokens(int sequence, int from, int to) {}

        @Override
        public void shareTokens(int source, int destination, int from, int to) {}

        @Override
        public void clear() {}

        @Override
        public long savedSize(int sequence) {
            return Long.MAX_VALUE;
        }

        @Override
        public void saveSequence(int sequence, ByteBuffer destination) {
            throw new UnsupportedOperationException("nothing is kept");
        }

        @Override
        public boolean restoreSequence(int sequence, ByteBuffer source) {
            return false;
        }

        @Override
        public void requestAbort() {}

        @Override
        public void close() {}
    }

    private enum Greedy implements TokenSampler {
        INSTANCE;

        @Override
        public boolean isPlainGreedy() {
            return true;
        }

        @Override
        public int sample(TargetContext context, int row) {
            throw new UnsupportedOperationException("a greedy sampler is never asked");
        }

        @Override
        public void remember(int token) {}

        @Override
        public boolean constrains() {
            return false;
        }

        @Override
        public void prune(TokenTree tree) {}

        @Override
        public void close() {}
    }

    /** Tokens without text. */
    private enum Silent implements Vocabulary, ChatTemplate {
        INSTANCE;

        @Override
        public int size() {
            return VOCABULARY_SIZE;
        }

        @Override
        public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
            return new int[0];
        }

        @Override
        public int piece(int token, byte[] destination, boolean special) {
            return 0;
        }

        @Override
        public String detokenize(int[] tokens, boolean special) {
            return "";
        }

        @Override
        public int beginningOfSequence() {
            return 1;
        }

        @Override
        public int endOfSequence() {
            return END;
        }

        @Override
        public boolean endsGeneration(int token) {
            return false;
        }

        @Override
        public boolean isControl(int token) {
            return false;
        }

        @Override
        public @Nullable String kind() {
            return null;
        }

        @Override
        public RenderedChat render(List<ChatMessage> messages, boolean addGenerationPrompt) {
            return new RenderedChat("");
        }

        @Override
        public String description() {
            return "none";
        }
    }
}
