package io.aded.bench;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What {@code aded} costs beside the model, with a history of 16,384 tokens and tables filled by four times as many:
 * drafting a tree, and learning one emitted token with the target's view of it.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class AdedDrafterBenchmark {
    private static final int HISTORY = 1 << 14;

    private static final class Stream {
        final SyntheticText text = new SyntheticText(11);
        final TopTokens view = new TopTokens(8);
        final Drafter drafter = Drafters.ADED.create(DrafterSettings.DEFAULT.withHistoryTokens(HISTORY));
        final TokenTree tree = new TokenTree(64);
        int last;

        Stream() {
            int[] prompt = text.next(4 * HISTORY);
            drafter.learnPrompt(prompt, 0, prompt.length);
            last = prompt[prompt.length - 1];
            for (int i = 0; i < HISTORY; i++) {
                prepare();
                learn();
            }
        }

        private int upcoming;

        void prepare() {
            tree.reset(last);
            upcoming = text.next();
            text.view(last, upcoming, view);
        }

        void learn() {
            drafter.observe(tree, 0, view);
            drafter.accept(tree, 0, upcoming);
            drafter.share();
            last = upcoming;
        }
    }

    /** A stream that has moved on by one token before each draft. */
    @State(Scope.Thread)
    public static class Drafting {
        /** Draft nodes. */
        @Param({"16", "64"})
        public int nodes;

        private final Stream stream = new Stream();
        private DraftLimits limits = new DraftLimits(0, 0, 0);

        /** Bounds are made once: what is allocated beside a draft would count as the draft's. */
        @Setup
        public void bound() {
            limits = new DraftLimits(nodes, 32, 64);
        }

        /** Moves on. */
        @Setup(Level.Invocation)
        public void move() {
            stream.prepare();
            stream.learn();
            stream.tree.reset(stream.last);
        }
    }

    /** A stream that knows its next token. */
    @State(Scope.Thread)
    public static class Learning {
        private final Stream stream = new Stream();

        /** Looks it up. */
        @Setup(Level.Invocation)
        public void prepare() {
            stream.prepare();
        }
    }

    /** One tree. */
    @Benchmark
    public int draft(Drafting drafting) {
        drafting.stream.drafter.draft(drafting.stream.tree, drafting.limits);
        return drafting.stream.tree.draftNodes();
    }

    /** One token. */
    @Benchmark
    public int learn(Learning learning) {
        learning.stream.learn();
        return learning.stream.last;
    }
}
