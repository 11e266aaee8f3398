package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is llama.cpp's alone; the rest is {@link io.aded.model.TargetModelContract}'s. */
class LlamaContextTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";

    @TempDir
    private static Path directory;

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
    void newContext_quantisedCacheForHeadsThatItsBlocksDoNotDivide_isRefused(LlamaLibrary library) {
        // The older library ends the process over it.
        try (Tiny tiny = new Tiny(library, directory)) {
            for (CacheType quantised : new CacheType[] {CacheType.Q8_0, CacheType.Q4_0}) {
                ContextParameters parameters = Tiny.EXACT.withCacheTypes(quantised, CacheType.F16);
                assertThatThrownBy(() -> tiny.model.newContext(parameters))
                        .isInstanceOf(AdedException.InvalidRequest.class)
                        .hasMessageContainingAll("context.key_type", "heads of 16; allowed: F32, F16");
            }
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
}
