package io.aded.bench;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.draft.table.BaseTable;
import io.aded.draft.table.BaseTableBuilder;
import io.aded.model.TokenTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One round of {@code aded-mcts} without the model: window update, 150 iterations, 64 nodes, then two tokens emitted at
 * random, so that every search starts at another pair.
 *
 * <p>The table is the hardest case: 160,000 rows, all of 12 successors, so that no search ever ends early and nothing
 * stays in the caches. {@code own} holds it as the stream's own rows, {@code base} as a memory-mapped base table.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class MctsBenchmark {
    /** 400 × 400 pairs: 160,000 rows. */
    private static final int VOCABULARY = 400;

    /** 40 occurrences of a pair: practically every row has its 12 successors. */
    private static final int TEXT_TOKENS = 40 * VOCABULARY * VOCABULARY;

    private static final DraftLimits LIMITS = new DraftLimits(64, 4, 64);

    /** Where the dense rows are. */
    @Param({"own", "base"})
    public String table = "own";

    private final TokenTree tree = new TokenTree(64);
    private final SplittableRandom random = new SplittableRandom(7);
    private Drafter drafter = Drafters.OFF.create(DrafterSettings.DEFAULT);
    private int last;

    /** Fills the table. */
    @Setup
    public void fill() throws IOException {
        int[] text = random.ints(TEXT_TOKENS, 0, VOCABULARY).toArray();
        if (table.equals("base")) {
            Path path = Files.createTempFile("aded-bench", ".tri");
            new BaseTableBuilder(VOCABULARY, 1, 1 << 24, VOCABULARY * VOCABULARY)
                    .add(text)
                    .writeTo(path);
            drafter = Drafters.ADED_MCTS.create(DrafterSettings.DEFAULT.withBaseTable(BaseTable.open(path)));
            Files.delete(path);
        } else {
            drafter = Drafters.ADED_MCTS.create(DrafterSettings.DEFAULT
                    .withTableRows(VOCABULARY * VOCABULARY)
                    .withLearnWholePrompt(true));
            drafter.learnPrompt(text, 0, text.length);
        }
        last = 1;
    }

    /** Draft and learn. */
    @Benchmark
    public int round() {
        tree.reset(last);
        drafter.draft(tree, LIMITS);
        int drafted = tree.draftNodes();
        tree.truncate(1);
        drafter.accept(tree, 0, random.nextInt(VOCABULARY));
        last = random.nextInt(VOCABULARY);
        drafter.accept(tree, 0, last);
        return drafted;
    }
}
