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
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A target model that says what was recorded, and charges for each pass: the real engine can be run on it in virtual
 * time. One stream at a time, or several that are told apart by the first token of their prompts.
 *
 * <p>A token of a pass is on the recorded path if it is the recorded one and stands in a sequence of the one before. Of
 * those, what the model thought is known; of all others nothing is, and their rows are empty.
 */
public final class RecordedModel implements TargetModel {
    /** The most streams at once. */
    public static final int STREAMS = 256;

    /** No model's vocabulary has ids from here on: they are the streams' first tokens. */
    private static final int FIRST_OF_STREAMS = 1 << 20;

    private static final int VOCABULARY_SIZE = FIRST_OF_STREAMS + STREAMS;
    private static final int END = 2;

    private final IntConsumer charge;
    private final IntConsumer read;
    private final AtomicReferenceArray<@Nullable RecordedAnswer> ofStreams = new AtomicReferenceArray<>(STREAMS);
    private RecordedAnswer recorded = new RecordedAnswer("none", new int[] {1}, new int[0], new int[0], new float[0]);

    /**
     * A model of which each pass is charged.
     *
     * @param charge is told the tokens of each pass
     */
    public RecordedModel(IntConsumer charge) {
        this(charge, _ -> {});
    }

    /**
     * A model of which reading rows is charged as well.
     *
     * @param charge is told the tokens of each pass
     * @param read is told how many tokens are wanted of each row that is read: 1 for the best alone
     */
    public RecordedModel(IntConsumer charge, IntConsumer read) {
        this.charge = charge;
        this.read = read;
    }

    /** What is said from the next turn on. */
    public void play(RecordedAnswer answer) {
        recorded = answer;
    }

    /**
     * What is said to one of several streams from its next turn on. May be called by any thread.
     *
     * @param stream from 0 to {@link #STREAMS}; its turns are over
     * @return the prompt that it is to send: the recorded one, behind a token that names the stream
     */
    public int[] play(int stream, RecordedAnswer answer) {
        int[] prompt = new int[answer.prompt().length + 1];
        prompt[0] = FIRST_OF_STREAMS + stream;
        System.arraycopy(answer.prompt(), 0, prompt, 1, answer.prompt().length);
        ofStreams.set(
                stream,
                new RecordedAnswer(
                        answer.id(), prompt, answer.answer(), answer.topTokens(), answer.topProbabilities()));
        return prompt;
    }

    private static int token(RecordedAnswer recorded, int position) {
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
        /** What is said in the pass's rows, and in sequences that began with a stream's token. */
        private final RecordedAnswer[] said;

        private final @Nullable RecordedAnswer[] bySequence;

        Context(ContextParameters parameters) {
            this.parameters = parameters;
            positions = new int[parameters.maxBatchTokens()];
            known = new boolean[parameters.maxBatchTokens()];
            said = new RecordedAnswer[parameters.maxBatchTokens()];
            bySequence = new RecordedAnswer[parameters.maxSequences()];
            Arrays.setAll(onPath, _ -> new BitSet());
        }

        @Override
        public DecodeOutcome decode(TokenBatch batch) {
            charge.accept(batch.size());
            for (BitSet sequences : onPath) {
                sequences.clear();
            }
            int first = 0;
            for (int i = 0; i < batch.size(); i++) {
                int position = batch.position(i);
                if (position == 0) {
                    begin(batch, i);
                }
                RecordedAnswer own = bySequence[batch.sequence(i, 0)];
                said[i] = own == null ? recorded : own;
                first = i == 0 || said[i] != said[i - 1] ? position : first;
                positions[i] = position;
                // A prompt's chunk is longer than any path; what was committed before the pass is on the path.
                int depth = Math.min(position - first, onPath.length - 1);
                known[i] = batch.token(i) == token(said[i], position)
                        && (depth == 0
                                || position < said[i].prompt().length
                                || onPath[depth - 1].get(batch.sequence(i, 0)));
                if (known[i]) {
                    for (int j = 0; j < batch.sequenceCount(i); j++) {
                        onPath[depth].set(batch.sequence(i, j));
                    }
                }
            }
            return DecodeOutcome.DECODED;
        }

        private void begin(TokenBatch batch, int i) {
            int stream = batch.token(i) - FIRST_OF_STREAMS;
            for (int j = 0; j < batch.sequenceCount(i); j++) {
                bySequence[batch.sequence(i, j)] = stream < 0 ? null : ofStreams.get(stream);
            }
        }

        @Override
        public int bestToken(int row) {
            read.accept(1);
            RecordedAnswer recorded = said[row];
            int at = positions[row] + 1 - recorded.prompt().length;
            return !known[row] || at < 0 || at >= recorded.answer().length
                    ? END
                    : recorded.topTokens()[at * RecordedAnswer.TOP];
        }

        @Override
        public void topTokens(int row, TopTokens out) {
            read.accept(out.tokenArray().length);
            RecordedAnswer recorded = said[row];
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
        public void shareTokens(int source, int destination, int from, int to) {
            bySequence[destination] = bySequence[source];
        }

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
