package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.draft.neural.DraftContexts;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Mode {@code auto} with a draft model loaded is as fast as the best of its parts by itself, whoever of them is good,
 * and a draft model that is of no use costs next to nothing. By a clock that passes of both models move, by their
 * stated costs, and nothing else.
 */
class AutoWithModelTest {
    /** A case may be so far below what it is held against: when which drafts are tried, one learned price changes. */
    private static final double LEAST_CASE = 0.975;

    /** Texts of each kind, with a draft for each. */
    private static final int SEEDS = 3;

    /**
     * The same, of one answer at a time that the table copies soon, where levels are dear: levels that are bought to
     * get to know the model use up what the answer may lose by drafts, and then those that follow are bought in vain.
     */
    private static final double LEAST_COPIED = 0.955;

    /** Of eight short answers together, in which a model that reads each prompt hardly pays for that. */
    private static final double LEAST_OF_SHORT = 0.92;

    /** On average over a machine's cases, each of which counts as 1 at most. */
    private static final double LEAST_OF_BEST = 0.985;

    private static final double LEAST_OF_TABLE = 0.99;

    /** What passes cost: of the target, and of the draft model, which is a line. */
    enum Machine {
        /** Two virtual cores, and the Q4_K copy of a Q8_0 model. */
        CORES(44.6, .48, .02, 1, 1.56, 1.98, 3.11, 5.2, 9.4, 17, 33),
        /** A GPU and a draft of a quarter. */
        GPU(2, .25, .004, 1, 1, 1.02, 1.05, 1.15, 1.3, 1.6, 2.2);

        private final double millis;
        private final double draftPass;
        private final double draftToken;
        private final double[] passes;

        Machine(double millis, double draftPass, double draftToken, double... passes) {
            this.millis = millis;
            this.draftPass = draftPass;
            this.draftToken = draftToken;
            this.passes = passes;
        }

        long nanos(int tokens) {
            int below = Math.min(31 - Integer.numberOfLeadingZeros(tokens), passes.length - 2);
            double share = (double) (tokens - (1 << below)) / (1 << below);
            return (long) (millis * 1e6 * (passes[below] + share * (passes[below + 1] - passes[below])));
        }

        long draftNanos(int tokens) {
            return (long) (millis * 1e6 * (draftPass + draftToken * (tokens - 1)));
        }
    }

    /** What is said. */
    enum Text {
        /** Falls into loops: the table knows it. */
        LOOPING,
        /** Never says the same again: the table knows nothing. */
        FRESH,
        /** By turns, for some time each. */
        CHANGING;

        ScriptedModel.Script script(int seed) {
            ScriptedModel.Script looping = ScriptedModel.babble(seed, 2);
            ScriptedModel.Script fresh = ScriptedModel.babble(seed, 8);
            return switch (this) {
                case LOOPING -> looping;
                case FRESH -> fresh;
                case CHANGING ->
                    (tokens, length, row) -> (length / 160 % 2 == 0 ? looping : fresh).logits(tokens, length, row);
            };
        }
    }

    /** Who drafts beside the table. */
    enum Draft {
        NONE,
        /** Right nine times of ten. */
        GOOD,
        /** Speaks another language. */
        USELESS
    }

    /** Callers, each of whom asks again as soon as it has its answer. */
    private static final class Run {
        private final AtomicLong clock = new AtomicLong(1);
        private final Machine machine;
        private final LocalEngine engine;
        private final DraftPolicy policy;
        private final int tokens;
        private final int calls;
        private final CountDownLatch done;
        private final ConcurrentHashMap<String, List<Integer>> answers = new ConcurrentHashMap<>();
        private Runnable duringPass = () -> {};
        private long end;

        Run(Machine machine, Text text, int seed, Draft draft, DrafterKind mode, int callers, int calls, int tokens)
                throws InterruptedException {
            this.machine = machine;
            this.tokens = tokens;
            this.calls = calls;
            policy = DraftPolicy.of(mode);
            done = new CountDownLatch(callers * calls);
            ScriptedModel target = new ScriptedModel(text.script(seed), this::pass);
            DrafterSettings settings = DrafterSettings.DEFAULT;
            if (draft != Draft.NONE) {
                ScriptedModel.PassCost cost = wide -> clock.addAndGet(machine.draftNanos(wide));
                ScriptedModel drafting = draft == Draft.GOOD
                        ? target.draft(0.9, 4 + seed, cost, ScriptedModel.Cells.OWN)
                        : new ScriptedModel(ScriptedModel.babble(76 + seed, 8), cost);
                DraftContexts contexts = _ -> new DraftContexts.Opened(
                        drafting.newContext(ContextParameters.ofCells(32_768).withMaxSequences(64)), null);
                settings = settings.withDraftModel(contexts);
            }
            engine = new LocalEngine(
                    target,
                    new EngineOptions(
                            ContextParameters.ofCells(32_768).withMaxSequences(128),
                            32,
                            100,
                            Duration.ofDays(1),
                            Duration.ofMillis(250),
                            0,
                            policy),
                    EngineTelemetry.NONE,
                    Drafters.proposers(settings),
                    clock::get);
            engine.awaitCalibration(Duration.ofMinutes(1)); // its passes move the clock
        }

        private void pass(int wide) {
            clock.addAndGet(machine.nanos(wide));
            Runnable action = duringPass;
            duringPass = () -> {};
            action.run();
        }

        private void ask(int caller, int left) {
            Session session = engine.openSession("caller" + caller);
            TurnRequest request = new TurnRequest(
                    new Prompt.Text(caller + "." + left + " what rivers are there, and which are long?"),
                    SamplingParameters.GREEDY,
                    policy,
                    tokens + (37 * caller + 23 * left) % 64, // so that callers do not go in step
                    List.of(),
                    List.of(),
                    true,
                    -1,
                    false,
                    0,
                    "caller" + caller,
                    Long.MAX_VALUE,
                    Context.root());
            List<Delta> deltas = new ArrayList<>();
            session.submit(request, new TurnListener() {
                @Override
                public void onDelta(Delta delta) {
                    deltas.add(delta);
                }

                @Override
                public void onFinished(TurnResult result) {
                    session.close();
                    end = clock.get();
                    answers.put(
                            caller + "." + left,
                            deltas.stream()
                                    .flatMapToInt(delta -> Arrays.stream(delta.tokens()))
                                    .boxed()
                                    .toList());
                    if (left > 1) {
                        ask(caller, left - 1);
                    }
                    done.countDown();
                }

                @Override
                public void onFailed(AdedException failure) {
                    session.close();
                }
            });
        }

        /** The time that all of it took, in nanoseconds. */
        long play(int callers) throws InterruptedException {
            long[] begin = new long[1];
            duringPass = () -> {
                begin[0] = clock.get();
                for (int caller = 0; caller < callers; caller++) {
                    ask(caller, calls);
                }
            };
            try (engine;
                    Session first = engine.openSession()) {
                Recorder recorder = new Recorder();
                first.submit(
                        TurnRequest.of(new Prompt.Text("go"), SamplingParameters.GREEDY, DraftPolicy.OFF, 1), recorder);
                recorder.await();
                assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
                return end - begin[0];
            }
        }
    }

    private static long time(Machine machine, Text text, int seed, Draft draft, DrafterKind mode, int callers)
            throws InterruptedException {
        return new Run(machine, text, seed, draft, mode, callers, callers == 1 ? 8 : callers == 4 ? 3 : 1, 320)
                .play(callers);
    }

    /** Ratios of a machine's cases. */
    private static final class Cases {
        private double logs;
        private int count;

        void add(Text text, int seed, int callers, double ratio, double least) {
            assertThat(ratio).as("%s %d, %d callers", text, seed, callers).isGreaterThan(least);
            logs += Math.log(Math.min(1, ratio));
            count++;
        }

        double mean() {
            return Math.exp(logs / count);
        }
    }

    /** Against plain decoding, the table alone and the model alone. */
    @ParameterizedTest
    @EnumSource
    void auto_goodDraft_isAsFastAsTheBestOfItsParts(Machine machine) throws InterruptedException {
        Cases cases = new Cases();
        for (Text text : Text.values()) {
            for (int seed = 1; seed <= SEEDS; seed++) {
                for (int callers : new int[] {1, 4}) {
                    long off = time(machine, text, seed, Draft.NONE, Drafters.OFF, callers);
                    long table = time(machine, text, seed, Draft.NONE, Drafters.AUTO, callers);
                    long model = time(machine, text, seed, Draft.GOOD, Drafters.MODEL, callers);
                    long auto = time(machine, text, seed, Draft.GOOD, Drafters.AUTO, callers);
                    double best = Math.min(Math.min(off, table), model);
                    boolean isCopied = machine == Machine.CORES && text == Text.LOOPING && callers == 1;
                    cases.add(text, seed, callers, best / auto, isCopied ? LEAST_COPIED : LEAST_CASE);
                }
            }
        }
        assertThat(cases.mean()).isGreaterThan(LEAST_OF_BEST);
    }

    /** Of many at once each pays its share of what is tried and read; all together they get to know the draft model. */
    @Test
    void auto_eightCallersAndGoodDraft_gainMoreByBothThanByEither() throws InterruptedException {
        double logs = 0;
        int cases = 0;
        for (Text text : List.of(Text.FRESH, Text.CHANGING)) {
            for (int seed = 1; seed <= SEEDS; seed++) {
                long table = new Run(Machine.GPU, text, seed, Draft.NONE, Drafters.AUTO, 8, 2, 320).play(8);
                long model = new Run(Machine.GPU, text, seed, Draft.GOOD, Drafters.MODEL, 8, 2, 320).play(8);
                long auto = new Run(Machine.GPU, text, seed, Draft.GOOD, Drafters.AUTO, 8, 2, 320).play(8);
                logs += Math.log((double) Math.min(table, model) / auto);
                cases++;
            }
        }
        assertThat(Math.exp(logs / cases)).isGreaterThan(1);
    }

    /** Reading a prompt is not paid back in an answer that is over soon; that is learned from the first answers. */
    @ParameterizedTest
    @EnumSource
    void auto_goodDraftAndShortAnswers_readsNoMoreThanPays(Machine machine) throws InterruptedException {
        for (Text text : Text.values()) {
            for (int seed = 1; seed <= SEEDS; seed++) {
                long table = new Run(machine, text, seed, Draft.NONE, Drafters.AUTO, 1, 8, 60).play(1);
                long model = new Run(machine, text, seed, Draft.GOOD, Drafters.MODEL, 1, 8, 60).play(1);
                long auto = new Run(machine, text, seed, Draft.GOOD, Drafters.AUTO, 1, 8, 60).play(1);
                assertThat((double) Math.min(table, model) / auto)
                        .as("%s %d", text, seed)
                        .isGreaterThan(LEAST_OF_SHORT);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void auto_uselessDraft_costsNextToNothing(Machine machine) throws InterruptedException {
        Cases cases = new Cases();
        for (Text text : Text.values()) {
            for (int seed = 1; seed <= SEEDS; seed++) {
                for (int callers : new int[] {1, 32}) {
                    double without = time(machine, text, seed, Draft.NONE, Drafters.AUTO, callers);
                    double with = time(machine, text, seed, Draft.USELESS, Drafters.AUTO, callers);
                    cases.add(text, seed, callers, without / with, LEAST_CASE);
                }
            }
        }
        assertThat(cases.mean()).isGreaterThan(LEAST_OF_TABLE);
    }

    @ParameterizedTest
    @EnumSource
    void auto_anyDraft_saysWhatPlainDecodingSays(Draft draft) throws InterruptedException {
        Run plain = new Run(Machine.GPU, Text.CHANGING, 1, Draft.NONE, Drafters.OFF, 3, 2, 200);
        plain.play(3);
        Run drafted = new Run(Machine.GPU, Text.CHANGING, 1, draft, Drafters.AUTO, 3, 2, 200);
        drafted.play(3);
        assertThat(drafted.answers).hasSize(6).isEqualTo(plain.answers);
    }
}
