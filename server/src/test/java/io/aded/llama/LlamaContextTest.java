package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LlamaContextTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void decode_treeInOneBatch_givesTheLogitsOfEachPathAlone(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            int[] prefix = tiny.model.vocabulary().tokenize("the cat and the dog", true, false);
            // A root with two children, of which the first has two children of its own: three leaves, ids 0 to 2.
            int root = 263;
            int a = 290;
            int b = 291;
            int aa = 292;
            int ab = 293;
            int n = prefix.length;
            float[][] alone = {
                path(tiny, prefix, root),
                path(tiny, prefix, root, a),
                path(tiny, prefix, root, b),
                path(tiny, prefix, root, a, aa),
                path(tiny, prefix, root, a, ab)
            };

            tiny.context.clear();
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < n; i++) {
                node(batch, prefix[i], i, false, 0, 1, 2);
            }
            assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
            batch.clear();
            node(batch, root, n, true, 0, 1, 2);
            node(batch, a, n + 1, true, 0, 1);
            node(batch, b, n + 1, true, 2);
            node(batch, aa, n + 2, true, 0);
            node(batch, ab, n + 2, true, 1);
            assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);

            float[] row = new float[tiny.model.vocabulary().size()];
            for (int i = 0; i < alone.length; i++) {
                tiny.context.copyLogits(i, row);
                assertThat(largestDifference(row, alone[i])).as("node " + i).isLessThan(2e-4f);
            }
            // The paths do differ by far more than that, or the comparison would say nothing.
            assertThat(largestDifference(alone[3], alone[4])).isGreaterThan(0.5f);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void decode_afterKeepingOneBranch_goesOnAsIfItHadBeenAlone(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            int[] prefix = tiny.model.vocabulary().tokenize("the dog", true, false);
            int n = prefix.length;
            float[] alone = path(tiny, prefix, 263, 291, 295);

            tiny.context.clear();
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < n; i++) {
                node(batch, prefix[i], i, false, 0, 1);
            }
            node(batch, 263, n, true, 0, 1);
            node(batch, 290, n + 1, true, 0);
            node(batch, 291, n + 1, true, 1);
            tiny.context.decode(batch);
            // Branch 1 wins: the losing id forgets its own and takes over the winner's.
            tiny.context.removeTokens(0, n + 1, -1);
            tiny.context.shareTokens(1, 0, n + 1, -1);
            batch.clear();
            node(batch, 295, n + 2, true, 0, 1);
            tiny.context.decode(batch);

            float[] row = new float[tiny.model.vocabulary().size()];
            tiny.context.copyLogits(0, row);
            assertThat(largestDifference(row, alone)).isLessThan(2e-4f);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void decode_badBatch_isRefusedAndTheContextLives(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            int size = tiny.model.vocabulary().size();
            refused(tiny, batch -> {}, "0 tokens");
            refused(tiny, batch -> batch.add(size, 0, 0, true), "token " + size);
            refused(tiny, batch -> batch.add(-1, 0, 0, true), "token -1");
            refused(tiny, batch -> batch.add(5, -1, 0, true), "position -1");
            refused(tiny, batch -> batch.add(5, tiny.context.cells(), 0, true), "position");
            refused(tiny, batch -> batch.add(5, 0, 16, true), "sequence id 16");
            refused(tiny, batch -> batch.add(5, 0, -1, true), "sequence id -1");
            refused(tiny, batch -> batch.start(5, 0, true), "0 sequence ids");
            refused(
                    tiny,
                    batch -> {
                        for (int i = 0; i <= tiny.context.maxBatchTokens(); i++) {
                            batch.add(5, i, 0, false);
                        }
                    },
                    "allowed: 1 to " + tiny.context.maxBatchTokens());
            assertThatThrownBy(() -> tiny.context.logit(0, 0)).isInstanceOf(IllegalArgumentException.class);
            tiny.step(5, 0);
            assertThatThrownBy(() -> tiny.context.logit(1, 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> tiny.context.logit(0, size)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> tiny.context.removeTokens(16, 0, -1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> tiny.context.shareTokens(0, 16, 0, -1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(tiny.context.logit(0, 0)).isFinite();
        }
    }

    private static void refused(Tiny tiny, Consumer<TokenBatch> filling, String because) {
        TokenBatch batch = new TokenBatch();
        filling.accept(batch);
        assertThatThrownBy(() -> tiny.context.decode(batch))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(because);
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void decode_moreTokensThanCells_saysNoRoomAndKeepsTheCache(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(
                library,
                directory,
                ContextParameters.ofCells(256).withMaxSequences(2).withMaxBatchTokens(64))) {
            int cells = tiny.context.cells();
            TokenBatch batch = new TokenBatch();
            for (int from = 0; from < cells; from += 64) {
                batch.clear();
                for (int i = from; i < from + 64; i++) {
                    batch.add(262 + i % 20, i, 0, i == from + 63);
                }
                assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
            }
            batch.clear();
            batch.add(262, 0, 1, true);
            assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.NO_ROOM);
            tiny.context.removeTokens(0, cells - 1, -1);
            assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void decode_twoContextsAtOnce_computeWhatEachDoesAlone(LlamaLibrary library) throws Exception {
        ContextParameters halves = Tiny.EXACT.withCacheTypes(CacheType.F16, CacheType.F16);
        try (Tiny tiny = new Tiny(library, directory, halves);
                TargetContext neighbour = tiny.model.newContext(halves)) {
            TokenBatch wide = new TokenBatch();
            for (int i = 0; i < 16; i++) {
                wide.add(262 + i, i, 0, true);
            }
            float[][] alone = logits(tiny, wide);
            AtomicBoolean over = new AtomicBoolean();
            Thread other = Thread.ofPlatform().start(() -> {
                TokenBatch batch = new TokenBatch();
                for (int i = 0; i < 11; i++) {
                    batch.add(300 - i, i, 0, true);
                }
                while (!over.get()) {
                    neighbour.clear();
                    neighbour.decode(batch);
                }
            });
            try {
                for (int pass = 0; pass < 300; pass++) {
                    tiny.context.clear();
                    float[][] beside = logits(tiny, wide);
                    for (int row = 0; row < alone.length; row++) {
                        assertThat(beside[row]).as("pass %d, row %d", pass, row).isEqualTo(alone[row]);
                    }
                }
            } finally {
                over.set(true);
                other.join();
            }
        }
    }

    private static float[][] logits(Tiny tiny, TokenBatch batch) {
        assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
        float[][] rows = new float[batch.size()][tiny.model.vocabulary().size()];
        for (int row = 0; row < rows.length; row++) {
            tiny.context.copyLogits(row, rows[row]);
        }
        return rows;
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void requestAbort_beforeAndDuringDecode_endsItAndTheNextOneRuns(LlamaLibrary library) throws Exception {
        try (Tiny tiny = new Tiny(library, directory)) {
            tiny.context.requestAbort();
            TokenBatch batch = new TokenBatch();
            batch.add(262, 0, 0, true);
            assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.ABORTED);
            assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);

            // From another thread, over and over, until one request comes while the pass is down there.
            Thread stopper = Thread.ofPlatform().start(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    tiny.context.requestAbort();
                }
            });
            DecodeOutcome outcome = DecodeOutcome.DECODED;
            for (int i = 0; i < 1000 && outcome != DecodeOutcome.ABORTED; i++) {
                tiny.context.clear();
                outcome = tiny.context.decode(batch);
            }
            stopper.interrupt();
            stopper.join();
            assertThat(outcome).isEqualTo(DecodeOutcome.ABORTED);
            for (int i = 0; i < 2; i++) {
                tiny.context.clear();
                outcome = tiny.context.decode(batch);
            }
            assertThat(outcome).isEqualTo(DecodeOutcome.DECODED);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void restoreSequence_intoAnotherId_goesOnWithTheSameLogits(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            int[] prefix = tiny.model.vocabulary().tokenize("the sun and the sea", true, false);
            float[] expected = path(tiny, prefix, 270);
            tiny.context.clear();
            tiny.feed(0, prefix);
            ByteBuffer heap = ByteBuffer.allocate((int) tiny.context.savedSize(0));
            ByteBuffer direct = ByteBuffer.allocateDirect((int) tiny.context.savedSize(0));
            tiny.context.saveSequence(0, heap);
            tiny.context.saveSequence(0, direct);
            assertThat(heap.flip()).isEqualTo(direct.flip());

            tiny.context.clear();
            assertThat(tiny.context.restoreSequence(3, heap)).isTrue();
            TokenBatch batch = new TokenBatch();
            batch.add(270, prefix.length, 3, true);
            assertThat(tiny.context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
            float[] row = new float[tiny.model.vocabulary().size()];
            tiny.context.copyLogits(0, row);
            assertThat(largestDifference(row, expected)).isLessThan(2e-4f);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void restoreSequence_damagedState_isRefused(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            tiny.feed(0, tiny.model.vocabulary().tokenize("the sun", true, false));
            ByteBuffer saved = ByteBuffer.allocate((int) tiny.context.savedSize(0));
            tiny.context.saveSequence(0, saved);
            byte[] bytes = saved.array();
            tiny.context.clear();
            refusedState(tiny, Arrays.copyOf(bytes, bytes.length / 2), "truncated");
            refusedState(tiny, Arrays.copyOf(bytes, 16), "shorter than its header");
            refusedState(tiny, new byte[64], "another format");
            byte[] flipped = bytes.clone();
            flipped[bytes.length - 5] ^= 4;
            refusedState(tiny, flipped, "checksum");
            byte[] foreign = bytes.clone();
            foreign[9] ^= 1;
            refusedState(tiny, foreign, "another model");
            tiny.step(262, 0);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void topTokens_anyRow_agreesWithTheWholeRow(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            float[] row = tiny.feed(0, 1, 262, 263);
            TopTokens best = new TopTokens(5);
            tiny.context.topTokens(0, best);
            Integer[] order = new Integer[row.length];
            Arrays.setAll(order, i -> i);
            Arrays.sort(order, (x, y) -> Float.compare(row[y], row[x]));
            double sum = 0;
            for (float logit : row) {
                sum += Math.exp(logit);
            }
            for (int i = 0; i < 5; i++) {
                assertThat(best.token(i)).isEqualTo(order[i]);
                assertThat(best.logit(i)).isEqualTo(row[order[i]]);
            }
            assertThat(best.logSumExp()).isCloseTo((float) Math.log(sum), within(1e-4f));
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void newContext_parametersOutOfRange_namesEachField(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            assertThatThrownBy(() -> tiny.model.newContext(new ContextParameters(
                            0,
                            0,
                            257,
                            -1,
                            ContextParameters.CacheType.F16,
                            ContextParameters.CacheType.Q8_0,
                            ContextParameters.FlashAttention.OFF)))
                    .isInstanceOfSatisfying(
                            AdedException.InvalidRequest.class,
                            e -> assertThat(e.violations())
                                    .extracting("field")
                                    .containsExactly(
                                            "context.cells",
                                            "context.max_batch_tokens",
                                            "context.max_sequences",
                                            "context.threads",
                                            "context.value_type"));
        }
    }

    /** The older line's kernel ends the process over such a cache; the newer one computes. */
    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void newContext_flashAttentionOnF32Cache_isRefusedWhereItWouldAbort(LlamaLibrary library) {
        ContextParameters parameters = new ContextParameters(
                64,
                16,
                1,
                1,
                ContextParameters.CacheType.F32,
                ContextParameters.CacheType.F32,
                ContextParameters.FlashAttention.ON);
        try (Tiny tiny = new Tiny(library, directory)) {
            if (library.version().equals("b4916")) {
                assertThatThrownBy(() -> tiny.model.newContext(parameters))
                        .isInstanceOfSatisfying(
                                AdedException.InvalidRequest.class,
                                e -> assertThat(e.violations())
                                        .extracting("field")
                                        .containsExactly("context.key_type", "context.value_type"))
                        .hasMessageContaining("F16");
                return;
            }
            TokenBatch batch = new TokenBatch();
            batch.add(1, 0, 0, true);
            try (TargetContext context = tiny.model.newContext(parameters)) {
                assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void close_twiceAndInWrongOrder_isSafe(LlamaLibrary library) {
        Tiny tiny = new Tiny(library, directory);
        assertThatThrownBy(tiny.model::close).isInstanceOf(IllegalStateException.class);
        tiny.context.close();
        tiny.context.close();
        tiny.context.requestAbort();
        assertThatThrownBy(tiny.context::clear).isInstanceOf(IllegalStateException.class);
        tiny.model.close();
        tiny.model.close();
        assertThatThrownBy(() -> tiny.model.vocabulary().tokenize("x", true, false))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tiny.model.newContext(Tiny.EXACT)).isInstanceOf(IllegalStateException.class);
    }

    private static void refusedState(Tiny tiny, byte[] state, String because) {
        assertThatThrownBy(() -> tiny.context.restoreSequence(1, ByteBuffer.wrap(state)))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining(because);
    }

    private static float[] path(Tiny tiny, int[] prefix, int... tokens) {
        tiny.context.clear();
        tiny.feed(0, prefix);
        return tiny.feed(prefix.length, tokens);
    }

    private static void node(TokenBatch batch, int token, int position, boolean logits, int... sequences) {
        batch.start(token, position, logits);
        for (int sequence : sequences) {
            batch.addSequence(sequence);
        }
    }

    private static float largestDifference(float[] a, float[] b) {
        float largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }
}
