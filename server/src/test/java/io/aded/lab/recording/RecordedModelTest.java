package io.aded.lab.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import io.aded.model.TopTokens;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the engine takes for granted of a target model, as far as a recording can give it. */
class RecordedModelTest {
    private static final int END = 2;
    private static final int[] PROMPT = {1, 50, 51};
    private static final int[] ANSWER = {60, 61, 62};

    private final List<Integer> charged = new ArrayList<>();
    private final RecordedModel model = new RecordedModel(charged::add);
    private final TargetContext context = model.newContext(
            ContextParameters.ofCells(64).withMaxBatchTokens(16).withMaxSequences(4));
    private final TokenBatch batch = new TokenBatch();

    RecordedModelTest() {
        int[] top = new int[ANSWER.length * RecordedAnswer.TOP];
        float[] probabilities = new float[top.length];
        for (int i = 0; i < top.length; i++) {
            // At each place the answer's token and those 100, 200, 300 above it, each half as likely as the one before.
            int rank = i % RecordedAnswer.TOP;
            top[i] = ANSWER[i / RecordedAnswer.TOP] + 100 * rank;
            probabilities[i] = (float) Math.pow(0.5, rank + 1);
        }
        model.play(new RecordedAnswer("one", PROMPT, ANSWER, top, probabilities));
    }

    private void node(int token, int position, int... sequences) {
        batch.start(token, position, true);
        for (int sequence : sequences) {
            batch.addSequence(sequence);
        }
    }

    private void decoded() {
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
    }

    private void prompt() {
        batch.clear();
        for (int i = 0; i < PROMPT.length; i++) {
            node(PROMPT[i], i, 0);
        }
    }

    @Test
    void play_severalStreams_eachIsToldItsOwn() {
        int[] first = model.play(0, answer(new int[] {1, 50}, 60, 61));
        int[] second = model.play(1, answer(new int[] {1, 50}, 70, 71));
        assertThat(first).containsExactly(1 << 20, 1, 50);
        assertThat(second).containsExactly((1 << 20) + 1, 1, 50);
        batch.clear();
        for (int i = 0; i < 3; i++) {
            node(first[i], i, 0);
        }
        for (int i = 0; i < 3; i++) {
            node(second[i], i, 1);
        }
        node(70, 3, 1);
        decoded();
        assertThat(context.bestToken(2)).isEqualTo(60);
        assertThat(context.bestToken(5)).isEqualTo(70);
        assertThat(context.bestToken(6)).isEqualTo(71);

        // A branch is of the stream that it came from, and another stream's tokens are not known to it.
        context.shareTokens(1, 2, 0, -1);
        batch.clear();
        node(60, 3, 0);
        node(70, 3, 1, 2);
        node(61, 4, 2);
        node(71, 4, 1);
        decoded();
        assertThat(context.bestToken(0)).isEqualTo(61);
        assertThat(context.bestToken(1)).isEqualTo(71);
        assertThat(context.bestToken(2)).isEqualTo(END);
        assertThat(context.bestToken(3)).as("beyond the answer").isEqualTo(END);
    }

    private static RecordedAnswer answer(int[] prompt, int... tokens) {
        int[] top = new int[tokens.length * RecordedAnswer.TOP];
        for (int i = 0; i < tokens.length; i++) {
            top[i * RecordedAnswer.TOP] = tokens[i];
        }
        return new RecordedAnswer("some", prompt, tokens, top, new float[top.length]);
    }

    @Test
    void decode_manyAtOnceOrOneByOne_givesTheSameTokens() {
        prompt();
        node(60, 3, 0);
        node(61, 4, 0);
        node(62, 5, 0);
        decoded();
        assertThat(context.bestToken(2)).isEqualTo(60);
        assertThat(context.bestToken(3)).isEqualTo(61);
        assertThat(context.bestToken(4)).isEqualTo(62);
        assertThat(context.bestToken(5)).isEqualTo(END);
        prompt();
        decoded();
        assertThat(context.bestToken(2)).isEqualTo(60);
        for (int i = 0; i < ANSWER.length; i++) {
            batch.clear();
            node(ANSWER[i], PROMPT.length + i, 0);
            decoded();
            assertThat(context.bestToken(0)).isEqualTo(i + 1 < ANSWER.length ? ANSWER[i + 1] : END);
        }
        assertThat(charged).containsExactly(6, 3, 1, 1, 1);
    }

    @Test
    void decode_treeInOneBatch_isKnownOnTheRecordedPathOnly() {
        prompt();
        decoded();
        batch.clear();
        node(60, 3, 0, 1, 2);
        node(61, 4, 0);
        node(77, 4, 1, 2);
        node(62, 5, 0);
        // The recorded token, but after another one.
        node(62, 5, 1);
        node(78, 5, 2);
        decoded();
        assertThat(context.bestToken(0)).isEqualTo(61);
        assertThat(context.bestToken(1)).isEqualTo(62);
        TopTokens best = new TopTokens(4);
        for (int row : new int[] {2, 4, 5}) {
            assertThat(context.bestToken(row)).as("row " + row).isEqualTo(END);
            context.topTokens(row, best);
            assertThat(best.size()).as("row " + row).isZero();
        }
    }

    @Test
    void decode_otherBranchWins_goesOnThere() {
        prompt();
        decoded();
        batch.clear();
        node(60, 3, 0, 1);
        node(77, 4, 0);
        node(61, 4, 1);
        decoded();
        assertThat(context.bestToken(1)).isEqualTo(END);
        assertThat(context.bestToken(2)).isEqualTo(62);
        context.removeTokens(0, 4, -1);
        context.shareTokens(1, 0, 4, -1);
        batch.clear();
        node(62, 5, 0);
        decoded();
        assertThat(context.bestToken(0)).isEqualTo(END);
    }

    @Test
    void topTokens_anyCapacity_areWhatWasRecordedAndNoMore() {
        prompt();
        decoded();
        for (int capacity : new int[] {1, 5, RecordedAnswer.TOP, RecordedAnswer.TOP + 3}) {
            TopTokens best = new TopTokens(capacity);
            context.topTokens(2, best);
            assertThat(best.size()).isEqualTo(Math.min(capacity, RecordedAnswer.TOP));
            for (int i = 0; i < best.size(); i++) {
                assertThat(best.token(i)).isEqualTo(60 + 100 * i);
                assertThat((double) best.probability(i)).isCloseTo(Math.pow(0.5, i + 1), within(1e-6));
            }
        }
    }

    @Test
    void newSampler_greedyOnly() {
        try (TokenSampler sampler = model.newSampler(SamplingParameters.GREEDY)) {
            assertThat(sampler.isPlainGreedy()).isTrue();
            assertThat(sampler.constrains()).isFalse();
        }
        assertThatThrownBy(() -> model.newSampler(SamplingParameters.DEFAULT))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("temperature");
    }
}
