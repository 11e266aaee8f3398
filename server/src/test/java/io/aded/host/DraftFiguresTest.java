package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.neural.DraftContexts;
import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.prompts.Scenarios;
import io.aded.llama.LlamaLibrary;
import io.aded.model.CellCopier;
import io.aded.model.ChatMessage;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.store.ProcessEnvironment;
import io.aded.testing.SharedFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * How often a draft model says the target's next token, with its own cells and with the target's, and what the taking
 * over of cells costs. By hand with {@code -Daded.draft.target=FILE -Daded.draft.self=q4_k} (or {@code
 * -Daded.draft.model=FILE}), on the library of {@code -Daded.draft.natives=DIR}.
 */
final class DraftFiguresTest {
    private static final int ALONE = 4;

    @TempDir
    private Path directory;

    /** What was found; times in nanoseconds, the median of all. */
    private record Figures(
            int tokens,
            double own,
            double taken,
            double copyNanos,
            double promptCopy,
            double promptRead,
            double alone,
            double beside) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d tokens: %.3f with its own cells, %.3f with the target's; a round's copy %.0f µs; prompts"
                            + " copied in %.2f %% of the time to read them; a pass of the target %.2f ms alone, %.2f ms"
                            + " between passes of the draft",
                    tokens,
                    own,
                    taken,
                    copyNanos / 1e3,
                    100 * promptCopy / promptRead,
                    alone / 1e6,
                    beside / 1e6);
        }
    }

    private HostConfiguration configuration(
            Path target, DraftModelConfiguration draft, Path natives, ProcessEnvironment environment, int threads) {
        return HostConfiguration.DEFAULT
                .withModel(new ModelConfiguration(
                        target.toString(),
                        null,
                        natives,
                        ModelConfiguration.DEFAULT.parameters(),
                        true,
                        ModelConfiguration.FormatWish.NONE,
                        false))
                .withContext(ContextConfiguration.DEFAULT.withContext(1024).withThreads(threads))
                .withDraftModel(draft)
                .withEnvironment(environment);
    }

    private static Figures measure(HostConfiguration configuration, List<String> prompts, int answer) {
        try (LocalModel local = LocalModel.load(configuration, HostListener.NONE);
                TargetContext target = local.model().newContext(local.options().context())) {
            DraftContexts.Opened opened =
                    Objects.requireNonNull(local.draftContexts()).open(target);
            try (CellCopier copier = opened.copier();
                    TargetContext draft = opened.context()) {
                Run run = new Run(local, target, draft, copier);
                prompts.forEach(prompt -> run.play(prompt, answer));
                return run.figures();
            }
        }
    }

    /**
     * Teacher-forced on the target's own greedy answers; sequence 0 is the target's, 1 takes cells over, 2 has its own.
     */
    private static final class Run {
        private final LocalModel local;
        private final TargetContext target;
        private final TargetContext draft;
        private final @Nullable CellCopier copier;
        private final TokenBatch batch = new TokenBatch();
        private final List<Long> copies = new ArrayList<>();
        private final List<Long> alone = new ArrayList<>();
        private final List<Long> beside = new ArrayList<>();
        private int tokens;
        private int own;
        private int taken;
        private long promptCopy;
        private long promptRead;

        Run(LocalModel local, TargetContext target, TargetContext draft, @Nullable CellCopier copier) {
            this.local = local;
            this.target = target;
            this.draft = draft;
            this.copier = copier;
        }

        void play(String prompt, int answer) {
            target.clear();
            draft.clear();
            int[] asked = PromptTokens.of(local.model(), List.of(new ChatMessage("user", prompt)));
            asked = Arrays.copyOf(asked, Math.min(asked.length, 600));
            int last = asked.length - 1;
            read(target, asked, 0, last, 0);
            long start = System.nanoTime();
            read(draft, asked, 0, last, 2);
            long between = System.nanoTime();
            copy(0, last);
            promptRead += between - start;
            promptCopy += System.nanoTime() - between;
            for (int i = 0; i < ALONE; i++) {
                long before = System.nanoTime();
                step(target, asked[last], last, 0);
                alone.add(System.nanoTime() - before);
                target.removeTokens(0, last, -1);
            }
            int root = asked[last];
            for (int position = last; position < last + answer; position++) {
                long begun = System.nanoTime();
                step(target, root, position, 0);
                beside.add(System.nanoTime() - begun);
                int next = target.bestToken(0);
                batch.clear();
                if (copier != null) {
                    batch.add(root, position, 1, true);
                }
                int row = batch.add(root, position, 2, true);
                assertThat(draft.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
                own += draft.bestToken(row) == next ? 1 : 0;
                taken += copier != null && draft.bestToken(0) == next ? 1 : 0;
                tokens++;
                if (copier != null) {
                    draft.removeTokens(1, position, -1);
                    long before = System.nanoTime();
                    copy(position, position + 1);
                    copies.add(System.nanoTime() - before);
                }
                if (local.model().vocabulary().endsGeneration(next)) {
                    return;
                }
                root = next;
            }
        }

        private void copy(int from, int to) {
            if (copier != null) {
                assertThat(copier.copy(0, from, to, 1)).isTrue();
            }
        }

        private void read(TargetContext context, int[] text, int from, int to, int sequence) {
            for (int begin = from; begin < to; begin += context.maxBatchTokens()) {
                batch.clear();
                for (int i = begin; i < Math.min(to, begin + context.maxBatchTokens()); i++) {
                    batch.add(text[i], i, sequence, false);
                }
                assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
            }
        }

        private void step(TargetContext context, int token, int position, int sequence) {
            batch.clear();
            batch.add(token, position, sequence, true);
            assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
        }

        Figures figures() {
            return new Figures(
                    tokens,
                    (double) own / tokens,
                    (double) taken / tokens,
                    median(copies),
                    promptCopy,
                    promptRead,
                    median(alone),
                    median(beside));
        }

        private static double median(List<Long> nanos) {
            nanos.sort(null);
            return nanos.isEmpty() ? 0 : nanos.get(nanos.size() / 2);
        }
    }

    private static List<String> prompts(int count) {
        return Scenarios.builtIn().stream()
                .map(Scenario::turns)
                .map(List::getFirst)
                .limit(count)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void storiesWithCopiesOfItself_theTargetsCellsAreWorthAtLeastAsMuch(LlamaLibrary library) {
        SharedFiles.find("models/stories15M-F16.gguf").ifPresent(model -> {
            List<String> tales = List.of("Once upon a time there was a dog", "Lily and Tom went to the park");
            for (String self : List.of("q8_0", "q4_0", "q4_0:3")) {
                ProcessEnvironment own = new ProcessEnvironment(Map.of(), directory, directory);
                Path natives = library.isBundled() ? Path.of("bundled") : library.path();
                Figures figures =
                        measure(configuration(model, DraftModelConfiguration.copy(self), natives, own, 1), tales, 48);
                System.err.println(library + ", stories15M, " + self + ": " + figures);
                assertThat(figures.taken()).isGreaterThanOrEqualTo(figures.own() - 0.05);
                assertThat(figures.taken()).isGreaterThan(self.equals("q8_0") ? 0.95 : 0.5);
            }
        });
    }

    @Test
    @Timeout(value = 12, unit = TimeUnit.HOURS) // as long as the models take
    @EnabledIfSystemProperty(named = "aded.draft.target", matches = ".+", disabledReason = "no target is named")
    void measure_namedModels_isPrinted() {
        String self = System.getProperty("aded.draft.self");
        String natives = System.getProperty("aded.draft.natives", "bundled");
        DraftModelConfiguration draft = self != null
                ? DraftModelConfiguration.copy(self)
                : DraftModelConfiguration.named(System.getProperty("aded.draft.model"));
        Figures figures = measure(
                configuration(
                        Path.of(System.getProperty("aded.draft.target")),
                        draft,
                        Path.of(natives),
                        ProcessEnvironment.ofProcess(),
                        0),
                prompts(Integer.getInteger("aded.draft.prompts", 12)),
                Integer.getInteger("aded.draft.tokens", 64));
        System.err.println(draft.source() + ", " + natives + ": " + figures);
        assertThat(figures.tokens()).isPositive();
    }
}
