package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.gguf.ModelCopy;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.gguf.SyntheticFormat;
import io.aded.gguf.SyntheticModel;
import io.aded.model.CellCopier;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Cells that a context took over are those that it would have computed. */
final class LlamaCellCopierTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";
    private static final int[] TEXT = {1, 270, 281, 295, 300, 262, 277, 263, 301, 268, 299, 290, 271, 266, 280, 275};

    @TempDir
    private static Path directory;

    /** A model of four layers and a copy of it, each with a context. */
    private static final class Two implements AutoCloseable {
        final LlamaModel model;
        final LlamaModel copy;
        final TargetContext target;
        final TargetContext draft;
        final @Nullable CellCopier copier;

        Two(LlamaLibrary library, ContextParameters parameters, @Nullable Quantization format, String skip)
                throws IOException {
            this(library, parameters, TinyModels.writer(7, 4).write(directory.resolve("four.gguf")), format, skip);
        }

        Two(LlamaLibrary library, ContextParameters parameters, Path file, @Nullable Quantization format, String skip) {
            SkippedLayers skipped = skip.isEmpty() ? SkippedLayers.NONE : SkippedLayers.parse(skip);
            Path derived = file;
            if (format != null || !skipped.isEmpty()) {
                derived = directory.resolve("copy-" + format + "-" + skip + ".gguf");
                LlamaModel.copy(library, file, derived, new ModelCopy(format, skipped, Map.of()), _ -> {});
            }
            model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
            copy = LlamaModel.load(library, derived, ModelParameters.DEFAULT);
            target = model.newContext(parameters);
            draft = copy.newContext(parameters);
            assertThat(draft.copierFrom(target)).isNull();
            copy.declareCopyOf(model, skipped);
            copier = draft.copierFrom(target);
        }

        CellCopier copier() {
            return Objects.requireNonNull(copier);
        }

        @Override
        public void close() {
            if (copier != null) {
                copier.close();
            }
            draft.close();
            target.close();
            copy.close();
            model.close();
        }
    }

    private static void feed(TargetContext context, int sequence, int from, int to) {
        TokenBatch batch = new TokenBatch();
        for (int i = from; i < to; i++) {
            batch.add(TEXT[i], i, sequence, i == to - 1);
        }
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
    }

    private static float[] row(LlamaModel model, TargetContext context, int row) {
        float[] logits = new float[model.vocabulary().size()];
        context.copyLogits(row, logits);
        return logits;
    }

    private static float[] next(LlamaModel model, TargetContext context, int sequence, int at) {
        feed(context, sequence, at, at + 1);
        return row(model, context, 0);
    }

    private static float furthest(float[] one, float[] other) {
        float furthest = 0;
        for (int i = 0; i < one.length; i++) {
            furthest = Math.max(furthest, Math.abs(one[i] - other[i]));
        }
        return furthest;
    }

    private static ContextParameters halves() {
        return Tiny.EXACT.withCacheTypes(CacheType.F16, CacheType.F16);
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void copy_sameModel_nextTokenIsAsIfItHadReadTheTextItself(LlamaLibrary library) throws IOException {
        for (ContextParameters parameters : new ContextParameters[] {Tiny.EXACT, halves()}) {
            try (Two two = new Two(library, parameters, null, "")) {
                // Another stream's cells between those of this one.
                feed(two.target, 3, 0, 5);
                feed(two.target, 2, 0, 7);
                feed(two.target, 3, 5, 8);
                feed(two.target, 2, 7, 12);

                assertThat(two.copier().copy(2, 0, 9, 1)).isTrue();
                assertThat(two.copier().copy(2, 9, 12, 1)).isTrue();

                float[] taken = next(two.copy, two.draft, 1, 12);
                feed(two.draft, 5, 0, 12);
                float[] computed = next(two.copy, two.draft, 5, 12);
                assertThat(furthest(taken, computed)).isLessThan(2e-3f);
                assertThat(furthest(taken, next(two.model, two.target, 2, 12))).isLessThan(2e-3f);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void copy_withoutLayers_theOthersKeysAndValuesAreThoseOfTheTarget(LlamaLibrary library) throws IOException {
        try (Two two = new Two(library, Tiny.EXACT, null, "1-2")) {
            feed(two.target, 0, 0, 12);
            assertThat(two.copier().copy(0, 0, 12, 0)).isTrue();

            // The first layer's are those that the copy computes as well; the last layer's are not, and better.
            float[] taken = next(two.copy, two.draft, 0, 12);
            feed(two.draft, 5, 0, 12);
            float[] computed = next(two.copy, two.draft, 5, 12);
            assertThat(furthest(taken, computed)).isGreaterThan(1e-3f);
            assertThat(two.copier().copy(0, 12, 13, 0)).isFalse();
        }
        // Without its last layer, all that the copy reads is what it would have computed.
        try (Two two = new Two(library, Tiny.EXACT, null, "3")) {
            feed(two.target, 0, 0, 12);
            assertThat(two.copier().copy(0, 0, 12, 0)).isTrue();
            float[] taken = next(two.copy, two.draft, 0, 12);
            feed(two.draft, 5, 0, 12);
            assertThat(furthest(taken, next(two.copy, two.draft, 5, 12))).isLessThan(2e-3f);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void copy_coarserWeights_takesTheFinerOnesCells(LlamaLibrary library) throws IOException {
        try (Two two = new Two(library, halves(), Quantization.Q4_0, "")) {
            feed(two.target, 0, 0, 12);
            assertThat(two.copier().copy(0, 0, 12, 0)).isTrue();
            float[] taken = next(two.copy, two.draft, 0, 12);
            feed(two.draft, 5, 0, 12);
            float[] computed = next(two.copy, two.draft, 5, 12);
            float[] wanted = next(two.model, two.target, 0, 12);
            assertThat(furthest(taken, wanted)).isLessThan(furthest(computed, wanted));
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void copy_quantisedCache_isTakenOverToo(LlamaLibrary library) throws IOException {
        // Heads of 32 elements are the smallest that have a scale.
        Path wide = directory.resolve("wide.gguf");
        SyntheticModel.Shape shape = new SyntheticModel.Shape("wide", 2, 64, 2, 1, 64, 0, 512, 10_000f);
        SyntheticModel.write(shape, SyntheticFormat.Q8_0, 1, TinyModels.f32(directory), wide, (_, _) -> {});
        ContextParameters quantised = Tiny.EXACT.withCacheTypes(CacheType.Q8_0, CacheType.F16);
        try (Two two = new Two(library, quantised, wide, null, "")) {
            feed(two.target, 0, 0, 12);
            assertThat(two.copier().copy(0, 0, 12, 0)).isTrue();
            float[] taken = next(two.copy, two.draft, 0, 12);
            assertThat(furthest(taken, next(two.model, two.target, 0, 12))).isLessThan(2e-3f);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void copy_missingCells_isRefusedAndChangesNothing(LlamaLibrary library) throws IOException {
        try (Two two = new Two(library, Tiny.EXACT, null, "")) {
            feed(two.target, 0, 0, 8);
            assertThat(two.copier().copy(0, 0, 9, 0)).isFalse();
            assertThat(two.copier().copy(4, 0, 2, 0)).isFalse();
            assertThat(two.copier().copy(0, 0, 600, 0)).isFalse();
            long empty = two.draft.savedSize(9);
            assertThat(two.draft.savedSize(0)).isEqualTo(empty);

            assertThat(two.copier().copy(0, 0, 8, 0)).isTrue();
            assertThat(two.draft.savedSize(0)).isGreaterThan(empty);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void copy_manyRounds_leaksNoCellsOfEither(LlamaLibrary library) throws IOException {
        try (Two two = new Two(library, Tiny.EXACT, null, "")) {
            for (int round = 0; round < 400; round++) {
                feed(two.target, 0, 0, 12);
                assertThat(two.copier().copy(0, 0, 12, 3)).as("round %d", round).isTrue();
                two.target.removeTokens(0, 0, -1);
                two.draft.removeTokens(3, 0, -1);
            }
            // 400 times 12 cells would not have fitted into 512; and all of them are free now.
            TokenBatch all = new TokenBatch();
            for (int i = 0; i < two.draft.cells(); i++) {
                all.add(TEXT[i % TEXT.length], i, 0, false);
            }
            assertThat(two.draft.decode(all)).isEqualTo(DecodeOutcome.DECODED);
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void copy_noRoom_isRefusedNowAndNotForGood(LlamaLibrary library) throws IOException {
        try (Two two = new Two(library, Tiny.EXACT, null, "")) {
            feed(two.target, 0, 0, 12);
            TokenBatch most = new TokenBatch();
            for (int i = 0; i < two.draft.cells() - 5; i++) {
                most.add(TEXT[i % TEXT.length], i, 0, false);
            }
            two.draft.decode(most);
            for (int i = 0; i < 3; i++) {
                assertThat(two.copier().copy(0, 0, 12, 1)).isFalse();
            }
            two.draft.removeTokens(0, 0, -1);
            assertThat(two.copier().copy(0, 0, 12, 1)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void copierFrom_otherTypesOfCacheOrNoIdLeft_isNone(LlamaLibrary library) throws IOException {
        try (Two two = new Two(library, Tiny.EXACT, null, "");
                TargetContext other = two.copy.newContext(halves());
                TargetContext full = two.model.newContext(Tiny.EXACT.withMaxSequences(256))) {
            assertThat(other.copierFrom(two.target)).isNull();
            assertThat(two.draft.copierFrom(full)).isNull();
            assertThat(full.maxSequences()).isEqualTo(256);
            assertThat(two.target.maxSequences()).isEqualTo(16);
        }
    }
}
