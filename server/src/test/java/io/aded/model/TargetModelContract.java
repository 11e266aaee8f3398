package io.aded.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.model.ContextParameters.CacheType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What an engine takes for granted of a {@link TargetModel}, and of the contexts and samplers that it opens. A class
 * that extends this runs it on one implementation.
 */
public abstract class TargetModelContract {
    private static final int SEQUENCES = 8;
    private static final int BATCH = 64;
    private static final ContextParameters PARAMETERS = ContextParameters.ofCells(256)
            .withMaxBatchTokens(BATCH)
            .withMaxSequences(SEQUENCES)
            .withThreads(1)
            .withCacheTypes(CacheType.F32, CacheType.F32);
    private static final String TEXT = "the cat and the dog and the sun";

    private TargetModel model;
    private TargetContext context;
    private int[] prefix;
    /** Four tokens, all different. */
    private int[] some;

    private final TokenBatch batch = new TokenBatch();

    /** Opens a model; it is closed after the test. */
    protected abstract TargetModel open();

    /**
     * How far two logits of the same history may be from each other when it was computed a few tokens at once or lies
     * in other cells.
     */
    protected abstract float tolerance();

    @BeforeEach
    final void openModel() {
        model = open();
        context = model.newContext(PARAMETERS);
        prefix = model.vocabulary().tokenize(TEXT, true, false);
        some = IntStream.of(model.vocabulary().tokenize("a dog, the sea", false, false))
                .distinct()
                .limit(4)
                .toArray();
        assertThat(some).hasSize(4);
    }

    @AfterEach
    final void closeModel() {
        context.close();
        model.close();
    }

    // ------------------------------------------------------------------------------------------- passes and trees

    @Test
    void decode_treeInOneBatch_givesTheLogitsOfEachPathAlone() {
        int n = prefix.length;
        // A root with two children, of which the first has two children of its own: three leaves, ids 0 to 2.
        float[][] alone = {
            path(some[0]),
            path(some[0], some[1]),
            path(some[0], some[2]),
            path(some[0], some[1], some[2]),
            path(some[0], some[1], some[3])
        };
        context.clear();
        prefill(0, 1, 2);
        batch.clear();
        node(some[0], n, 0, 1, 2);
        node(some[1], n + 1, 0, 1);
        node(some[2], n + 1, 2);
        node(some[2], n + 2, 0);
        node(some[3], n + 2, 1);
        decoded();
        for (int row = 0; row < alone.length; row++) {
            assertThat(difference(row(row), alone[row])).as("node " + row).isLessThanOrEqualTo(tolerance());
        }
        // The paths do differ by far more than that, or the comparison would say nothing.
        assertThat(difference(alone[3], alone[4])).isGreaterThan(0.1f);
    }

    @Test
    void decode_manyAtOnceOrOneByOne_givesTheSameLogits() {
        float[] one = path(some[0], some[1]);
        context.clear();
        batch.clear();
        for (int i = 0; i < prefix.length; i++) {
            node(prefix[i], i, 3);
        }
        node(some[0], prefix.length, 3);
        node(some[1], prefix.length + 1, 3);
        decoded();
        assertThat(difference(row(batch.size() - 1), one)).isLessThanOrEqualTo(tolerance());
    }

    @Test
    void decode_afterKeepingOneBranch_goesOnAsIfItHadBeenAlone() {
        int n = prefix.length;
        float[] alone = path(some[0], some[2], some[3]);
        context.clear();
        prefill(0, 1);
        batch.clear();
        node(some[0], n, 0, 1);
        node(some[1], n + 1, 0);
        node(some[2], n + 1, 1);
        decoded();
        // Branch 1 wins: the losing id forgets its own and takes over the winner's.
        context.removeTokens(0, n + 1, -1);
        context.shareTokens(1, 0, n + 1, -1);
        batch.clear();
        node(some[3], n + 2, 0, 1);
        decoded();
        assertThat(difference(row(0), alone)).isLessThanOrEqualTo(tolerance());
    }

    @Test
    void decode_otherSequencesInTheSameBatch_areNotSeen() {
        float[] alone = path(some[0]);
        context.clear();
        prefill(0);
        batch.clear();
        for (int i = 0; i < 5; i++) {
            node(some[i % 4], i, 4);
        }
        int row = node(some[0], prefix.length, 0);
        decoded();
        assertThat(difference(row(row), alone)).isLessThanOrEqualTo(tolerance());
    }

    @Test
    void removeTokens_thatAnotherSequenceShares_leavesThemThere() {
        float[] alone = path(some[0]);
        context.clear();
        prefill(0, 1);
        context.removeTokens(0, 0, -1);
        batch.clear();
        node(some[0], prefix.length, 1);
        decoded();
        assertThat(difference(row(0), alone)).isLessThanOrEqualTo(tolerance());
        // The id that let go begins anew.
        batch.clear();
        node(some[0], 0, 0);
        decoded();
    }

    @Test
    void removeTokens_fromAPosition_goesOnFromThere() {
        float[] alone = path(some[1]);
        context.clear();
        prefill(0);
        step(some[2], prefix.length, 0);
        step(some[3], prefix.length + 1, 0);
        context.removeTokens(0, prefix.length, -1);
        step(some[1], prefix.length, 0);
        assertThat(difference(row(0), alone)).isLessThanOrEqualTo(tolerance());
    }

    @Test
    void shareTokens_withAnEmptySequence_givesItTheHistory() {
        float[] alone = path(some[0]);
        context.clear();
        prefill(0);
        context.shareTokens(0, 5, 0, -1);
        step(some[0], prefix.length, 5);
        assertThat(difference(row(0), alone)).isLessThanOrEqualTo(tolerance());
    }

    // ------------------------------------------------------------------------------------------------------- room

    @Test
    void decode_fullCache_saysNoRoomAndKeepsWhatItHolds() {
        int cells = context.cells();
        for (int from = 0; from < cells; from += BATCH) {
            batch.clear();
            for (int i = from; i < Math.min(cells, from + BATCH); i++) {
                batch.add(some[i % 4], i, 0, false);
            }
            decoded();
        }
        batch.clear();
        node(some[0], 0, 1);
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.NO_ROOM);
        context.removeTokens(0, cells - 1, -1);
        decoded();
        context.clear();
        for (int round = 0; round < 2; round++) {
            batch.clear();
            for (int i = 0; i < BATCH; i++) {
                batch.add(some[i % 4], i, round, false);
            }
            decoded();
        }
    }

    // ---------------------------------------------------------------------------------------------------- aborting

    @Test
    void requestAbort_beforeAPass_endsItAndTheNextOneRuns() {
        float[] alone = path(some[0]);
        context.clear();
        prefill(0);
        context.requestAbort();
        batch.clear();
        node(some[0], prefix.length, 0);
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.ABORTED);
        context.removeTokens(0, prefix.length, -1);
        decoded();
        assertThat(difference(row(0), alone)).isLessThanOrEqualTo(tolerance());
    }

    // -------------------------------------------------------------------------------------------------------- rows

    @Test
    void topTokens_anyCapacity_agreesWithTheWholeRow() {
        float[] row = path(some[0], some[1]);
        Integer[] order = new Integer[row.length];
        Arrays.setAll(order, token -> token);
        Arrays.sort(order, (a, b) -> Float.compare(row[b], row[a]));
        double sum = 0;
        for (float logit : row) {
            sum += Math.exp(logit);
        }
        for (int capacity : new int[] {1, 5, row.length + 3}) {
            TopTokens best = new TopTokens(capacity);
            context.topTokens(0, best);
            assertThat(best.size()).isEqualTo(Math.min(capacity, row.length));
            for (int i = 0; i < best.size(); i++) {
                assertThat(best.token(i)).as("rank %d of %d", i, capacity).isEqualTo(order[i]);
                assertThat(best.logit(i)).isEqualTo(row[order[i]]);
            }
            assertThat(best.logSumExp()).isCloseTo((float) Math.log(sum), within(1e-3f));
        }
        assertThat(context.bestToken(0)).isEqualTo(order[0]);
        assertThat(context.logit(0, order[7])).isEqualTo(row[order[7]]);
    }

    @Test
    void rows_thatDidNotAskOrAreGone_areRefused() {
        float[] destination = new float[model.vocabulary().size()];
        assertThatThrownBy(() -> context.logit(0, 0)).isInstanceOf(IllegalArgumentException.class);
        batch.clear();
        batch.add(some[0], 0, 0, false);
        batch.add(some[1], 1, 0, true);
        decoded();
        assertThat(context.logit(1, 0)).isFinite();
        assertThatThrownBy(() -> context.logit(0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.bestToken(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.copyLogits(2, destination)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.topTokens(-1, new TopTokens(1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.logit(1, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.logit(1, destination.length)).isInstanceOf(IllegalArgumentException.class);
        step(some[2], 2, 0);
        assertThatThrownBy(() -> context.logit(1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    // --------------------------------------------------------------------------------------------------- bad input

    @Test
    void decode_badBatch_isRefusedAndNothingHasChanged() {
        float[] alone = path(some[0]);
        int size = model.vocabulary().size();
        int next = prefix.length + 1;
        refused(wrong -> {}, "0 tokens");
        refused(wrong -> wrong.add(size, next, 0, true), "token " + size);
        refused(wrong -> wrong.add(-1, next, 0, true), "token -1");
        refused(wrong -> wrong.add(some[0], -1, 0, true), "position -1");
        refused(wrong -> wrong.add(some[0], context.cells(), 0, true), "position");
        refused(wrong -> wrong.add(some[0], next, SEQUENCES, true), "sequence id " + SEQUENCES);
        refused(wrong -> wrong.add(some[0], next, -1, true), "sequence id -1");
        refused(wrong -> wrong.start(some[0], next, true), "0 sequence ids");
        refused(
                wrong -> {
                    for (int i = 0; i <= BATCH; i++) {
                        wrong.add(some[0], next + i, 0, false);
                    }
                },
                "allowed: 1 to " + BATCH);
        // The last of two entries is wrong: the first is not there either.
        refused(
                wrong -> {
                    wrong.add(some[0], next, 0, true);
                    wrong.add(size, next + 1, 0, true);
                },
                "token " + size);
        context.removeTokens(0, prefix.length, -1);
        step(some[0], prefix.length, 0);
        assertThat(difference(row(0), alone)).isLessThanOrEqualTo(tolerance());
    }

    private void refused(Consumer<TokenBatch> filling, String because) {
        TokenBatch wrong = new TokenBatch();
        filling.accept(wrong);
        assertThatThrownBy(() -> context.decode(wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(because);
    }

    @Test
    void sequences_outOfRange_areRefused() {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
        assertThatThrownBy(() -> context.removeTokens(SEQUENCES, 0, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.removeTokens(-1, 0, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.shareTokens(0, SEQUENCES, 0, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.shareTokens(-1, 0, 0, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.savedSize(SEQUENCES)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.saveSequence(-1, buffer)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> context.restoreSequence(SEQUENCES, buffer))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void newContext_parametersOutOfRange_namesEachField() {
        ContextParameters nothing = PARAMETERS
                .withCells(0)
                .withMaxBatchTokens(0)
                .withMaxSequences(0)
                .withThreads(-1);
        assertThatThrownBy(() -> model.newContext(nothing))
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        e -> assertThat(e.violations())
                                .extracting(FieldViolation::field)
                                .containsExactly(
                                        "context.cells",
                                        "context.max_batch_tokens",
                                        "context.max_sequences",
                                        "context.threads"));
    }

    // ---------------------------------------------------------------------------------------------- saved sequences

    @Test
    void restoreSequence_intoAnotherId_goesOnWithTheSameLogits() {
        float[] alone = path(some[0]);
        context.clear();
        prefill(0);
        ByteBuffer heap = ByteBuffer.allocate((int) context.savedSize(0));
        ByteBuffer direct = ByteBuffer.allocateDirect((int) context.savedSize(0));
        context.saveSequence(0, heap);
        context.saveSequence(0, direct);
        assertThat(heap.flip()).isEqualTo(direct.flip());
        ByteBuffer small = ByteBuffer.allocate((int) context.savedSize(0) - 1);
        assertThatThrownBy(() -> context.saveSequence(0, small)).isInstanceOf(IllegalArgumentException.class);

        context.clear();
        assertThat(context.restoreSequence(3, heap)).isTrue();
        assertThat(heap.hasRemaining()).isFalse();
        step(some[0], prefix.length, 3);
        assertThat(difference(row(0), alone)).isLessThanOrEqualTo(tolerance());
    }

    @Test
    void restoreSequence_savedWithoutACell_isEmptyAndGoesOn() {
        step(some[0], 0, 0);
        ByteBuffer saved = ByteBuffer.allocate((int) context.savedSize(2));
        context.saveSequence(2, saved);
        saved.flip();
        assertThat(context.restoreSequence(3, saved)).isTrue();
        float[] alone = row(0);
        step(some[0], 0, 3);
        assertThat(difference(row(0), alone)).as("it begins at position 0").isLessThanOrEqualTo(tolerance());
    }

    @Test
    void restoreSequence_withoutRoom_isFalseAndNothingHasChanged() {
        float[] alone = path(some[0]);
        context.removeTokens(0, prefix.length, -1);
        ByteBuffer saved = ByteBuffer.allocate((int) context.savedSize(0));
        context.saveSequence(0, saved);
        saved.flip();
        int left = context.cells() - prefix.length;
        for (int from = 0; from < left - 2; from += BATCH) {
            batch.clear();
            for (int i = from; i < Math.min(left - 2, from + BATCH); i++) {
                batch.add(some[i % 4], i, 1, false);
            }
            decoded();
        }
        assertThat(context.restoreSequence(2, saved)).isFalse();
        step(some[0], prefix.length, 0);
        assertThat(difference(row(0), alone)).isLessThanOrEqualTo(tolerance());
    }

    @Test
    void restoreSequence_damagedState_isRefused() {
        prefill(0);
        ByteBuffer saved = ByteBuffer.allocate((int) context.savedSize(0));
        context.saveSequence(0, saved);
        context.clear();
        for (int length : new int[] {0, 3, saved.capacity() / 2, saved.capacity() - 1}) {
            ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(saved.array(), length));
            assertThatThrownBy(() -> context.restoreSequence(1, cut))
                    .as("cut to " + length)
                    .isInstanceOf(AdedException.InvalidArtifact.class);
        }
        ByteBuffer foreign = ByteBuffer.allocate(64);
        assertThatThrownBy(() -> context.restoreSequence(1, foreign)).isInstanceOf(AdedException.InvalidArtifact.class);
        step(some[0], 0, 1);
    }

    // -------------------------------------------------------------------------------------------------- vocabulary

    @Test
    void vocabulary_textToTokensAndBack_isTheSame() {
        Vocabulary vocabulary = model.vocabulary();
        int[] tokens = vocabulary.tokenize("the cat", false, false);
        assertThat(vocabulary.detokenize(tokens, false).strip()).isEqualTo("the cat");
        StringBuilder pieces = new StringBuilder();
        byte[] piece = new byte[256];
        for (int token : tokens) {
            assertThat(token).isBetween(0, vocabulary.size() - 1);
            pieces.append(new String(piece, 0, vocabulary.piece(token, piece, false), StandardCharsets.UTF_8));
            assertThat(vocabulary.piece(token, new byte[0], false)).isNegative();
        }
        assertThat(pieces.toString().strip()).isEqualTo("the cat");
        assertThat(vocabulary.tokenize("the cat", true, false))
                .startsWith(vocabulary.beginningOfSequence())
                .endsWith(tokens);
        assertThat(vocabulary.endsGeneration(vocabulary.endOfSequence())).isTrue();
        assertThatThrownBy(() -> vocabulary.detokenize(new int[] {vocabulary.size()}, false))
                .isInstanceOf(AdedException.InvalidRequest.class);
        assertThatThrownBy(() -> vocabulary.piece(-1, piece, false)).isInstanceOf(AdedException.InvalidRequest.class);
    }

    // ---------------------------------------------------------------------------------------------------- samplers

    @Test
    void sample_greedy_isTheBestToken() {
        path(some[0], some[1]);
        try (TokenSampler sampler = model.newSampler(SamplingParameters.GREEDY)) {
            assertThat(sampler.isPlainGreedy()).isTrue();
            assertThat(sampler.sample(context, 0)).isEqualTo(context.bestToken(0));
        }
    }

    @Test
    void sample_sameSeed_drawsTheSameTokens() {
        path(some[0], some[1]);
        SamplingParameters hot = SamplingParameters.DEFAULT.withTemperature(3f);
        int[] first = draws(hot.withSeed(7));
        assertThat(draws(hot.withSeed(7))).isEqualTo(first);
        assertThat(draws(hot.withSeed(8))).isNotEqualTo(first);
        assertThat(IntStream.of(first).distinct().count()).isGreaterThan(1);
    }

    @Test
    void sample_forbiddenToken_isNeverDrawn() {
        path(some[0], some[1]);
        int best = context.bestToken(0);
        Map<Integer, Float> bias = Map.of(best, Float.NEGATIVE_INFINITY);
        for (float temperature : new float[] {0f, 1f}) {
            SamplingParameters parameters = SamplingParameters.builder()
                    .temperature(temperature)
                    .seed(3)
                    .logitBias(bias)
                    .build();
            assertThat(draws(parameters)).doesNotContain(best);
        }
    }

    @Test
    void newSampler_everyTokenForbidden_isRefused() {
        Map<Integer, Float> all = IntStream.range(0, model.vocabulary().size())
                .boxed()
                .collect(Collectors.toMap(token -> token, _ -> Float.NEGATIVE_INFINITY));
        SamplingParameters parameters =
                SamplingParameters.builder().logitBias(all).build();
        assertThatThrownBy(() -> model.newSampler(parameters))
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        e -> assertThat(e.violations())
                                .extracting(FieldViolation::field)
                                .containsExactly("sampling.logit_bias"));
        // One that is left is the one that is drawn.
        all.remove(some[1]);
        path(some[0]);
        assertThat(draws(parameters.toBuilder().logitBias(all).build())).containsOnly(some[1]);
    }

    private int[] draws(SamplingParameters parameters) {
        try (TokenSampler sampler = model.newSampler(parameters)) {
            return IntStream.range(0, 40).map(_ -> sampler.sample(context, 0)).toArray();
        }
    }

    @Test
    void newSampler_parametersOutOfRange_namesTheField() {
        assertThatThrownBy(() -> model.newSampler(SamplingParameters.DEFAULT.withTemperature(-1f)))
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        e -> assertThat(e.violations())
                                .extracting(FieldViolation::field)
                                .containsExactly("sampling.temperature"));
    }

    @Test
    void remember_tokenOutsideTheVocabulary_isRefused() {
        try (TokenSampler sampler = model.newSampler(SamplingParameters.DEFAULT.withSeed(1))) {
            assertThatCode(() -> sampler.remember(some[0])).doesNotThrowAnyException();
            assertThatThrownBy(() -> sampler.remember(-1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> sampler.remember(model.vocabulary().size()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    // ----------------------------------------------------------------------------------------------------- closing

    @Test
    void close_twice_isSafeAndLaterUseIsRefused() {
        context.close();
        context.close();
        context.requestAbort();
        batch.clear();
        node(some[0], 0, 0);
        assertThatThrownBy(() -> context.decode(batch)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> context.clear()).isInstanceOf(IllegalStateException.class);
    }

    // ------------------------------------------------------------------------------------------------------- moves

    /** The last row after the prefix and these tokens, one by one in sequence 0 of an empty cache; it is row 0. */
    private float[] path(int... tokens) {
        context.clear();
        prefill(0);
        for (int i = 0; i < tokens.length; i++) {
            step(tokens[i], prefix.length + i, 0);
        }
        return row(0);
    }

    private void prefill(int... sequences) {
        batch.clear();
        for (int i = 0; i < prefix.length; i++) {
            batch.start(prefix[i], i, false);
            for (int sequence : sequences) {
                batch.addSequence(sequence);
            }
        }
        decoded();
    }

    private void step(int token, int position, int sequence) {
        batch.clear();
        node(token, position, sequence);
        decoded();
    }

    private int node(int token, int position, int... sequences) {
        int row = batch.start(token, position, true);
        for (int sequence : sequences) {
            batch.addSequence(sequence);
        }
        return row;
    }

    private void decoded() {
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
    }

    private float[] row(int row) {
        float[] logits = new float[model.vocabulary().size()];
        context.copyLogits(row, logits);
        return logits;
    }

    private static float difference(float[] a, float[] b) {
        float largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }
}
