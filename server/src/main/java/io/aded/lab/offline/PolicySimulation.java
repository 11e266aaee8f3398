package io.aded.lab.offline;

import io.aded.draft.LoopProposer;
import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.Prompt;
import io.aded.engine.Session;
import io.aded.engine.SpeculationStatistics;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.lab.recording.RecordedModel;
import io.aded.lab.report.StatedCurve;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.telemetry.EngineTelemetry;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Runs the real engine, its budget included, on recorded answers and a stated cost curve, in virtual time: what would
 * each draft policy gain on such a machine? The same figures on every machine, in seconds.
 */
public final class PolicySimulation {
    private static final int FIRST_SEED = 7;

    /** Fewer tokens after the first round say nothing about speed. */
    private static final int LEAST_TIMED_TOKENS = 8;

    private final RecordedSets sets;
    private final Settings settings;
    private final Map<String, EvidenceWeights> fitted = new LinkedHashMap<>();

    /**
     * The machine and how answers are played on it.
     *
     * @param noise σ of the logarithm of a pass's time, at least 0
     * @param stalls share of passes that take twice their time, in [0, 1]
     * @param firstTouch what the first pass of each width costs, in times its price
     * @param passMillis milliseconds of a pass of one token, above 0
     * @param folds each such part of the answers starts from weights fitted to the others; 1 for the prior as shipped
     * @param prompts whether to tell each prompt that was slower than plain decoding
     * @param callers who ask at once, from 1 to {@link RecordedModel#STREAMS}. Of several, it is the time of all their
     *     answers together that is compared, each with a mode's draft and the host's time ({@link Crowd}) in it
     * @param hostThreads helpers of the engine's thread where several ask, at least 0
     */
    public record Settings(
            double noise,
            double stalls,
            double firstTouch,
            double passMillis,
            int folds,
            boolean prompts,
            int callers,
            int hostThreads) {}

    /** Prepares a simulation. */
    public PolicySimulation(RecordedSets sets, Settings settings) {
        this.sets = sets;
        this.settings = settings;
    }

    /**
     * Prints a table for each curve: a row for each mode, a column for each set.
     *
     * @param curves names ({@code amx}, {@code avx2}, {@code zen4}, {@code gpu}, {@code linear}) or points {@code
     *     TOKENS:COST,…}, the cost in passes of one token
     * @param modes draft modes or stages of the adaptive drafter, each with {@code :N} for at most N nodes
     * @throws IllegalArgumentException if a curve or mode cannot be read
     */
    public void print(PrintStream out, List<String> curves, List<String> modes) {
        modes.forEach(PolicySimulation::policy); // one that cannot be had is refused before anything is printed
        for (String curve : curves) {
            StatedCurve costs = StatedCurve.parse(curve);
            out.printf(Locale.ROOT, "%ncurve %s%n%-18s", curve, "");
            sets.byName().keySet().forEach(set -> out.printf(Locale.ROOT, "%-38s", AdedException.printable(set)));
            out.println();
            for (String mode : modes) {
                out.printf(Locale.ROOT, "%-18s", mode);
                List<String> slow = new ArrayList<>();
                for (Map.Entry<String, List<RecordedAnswer>> set : sets.byName().entrySet()) {
                    Outcome outcome = simulate(mode, costs, set.getKey(), set.getValue());
                    out.printf(Locale.ROOT, "%-38s", outcome.text());
                    slow.addAll(outcome.slow());
                }
                out.println();
                if (settings.prompts()) {
                    slow.forEach(out::println);
                }
                out.flush();
            }
        }
    }

    /** The time of plain decoding over a mode's, for a set of the recordings: see {@link #print}. */
    double speedUp(String curve, String mode, String set) {
        List<RecordedAnswer> answers = Objects.requireNonNull(sets.byName().get(set), set);
        return simulate(mode, StatedCurve.parse(curve), set, answers).speedUp();
    }

    /** The least of a set's answers' speed-ups, of one caller. */
    double worst(String curve, String mode, String set) {
        List<RecordedAnswer> answers = Objects.requireNonNull(sets.byName().get(set), set);
        return simulate(mode, StatedCurve.parse(curve), set, answers).worst();
    }

    /**
     * What a policy gained.
     *
     * @param acceptance tokens per round that had a draft
     * @param speedUp time of plain decoding over time
     * @param mean geometric, over prompts
     * @param below97 share of prompts below 0.97
     * @param below90 share of prompts below 0.90
     * @param worst the least of the prompts' speed-ups
     * @param slow prompts below 0.97, a line each
     * @param host the host's share of the time, of several callers; 0 of one, where the host takes none
     */
    private record Outcome(
            double acceptance,
            double speedUp,
            double mean,
            double below97,
            double below90,
            double worst,
            List<String> slow,
            double host) {
        String text() {
            if (host > 0) {
                return String.format(
                        Locale.ROOT, "%.2f %.3f (%.3f) host %.1f%%", acceptance, speedUp, mean, 100 * host);
            }
            return String.format(
                    Locale.ROOT,
                    "%.2f %.3f (%.3f) %3.0f%% %3.0f%% %.2f",
                    acceptance,
                    speedUp,
                    mean,
                    100 * below97,
                    100 * below90,
                    worst);
        }
    }

    private Outcome simulate(String mode, StatedCurve curve, String set, List<RecordedAnswer> answers) {
        return settings.callers() == 1 ? oneByOne(mode, curve, set, answers) : atOnce(mode, curve, set, answers);
    }

    private Outcome atOnce(String mode, StatedCurve curve, String set, List<RecordedAnswer> answers) {
        double plain = 0;
        double taken = 0;
        double host = 0;
        long accepted = 0;
        long drafts = 0;
        for (int fold = 0; fold < settings.folds(); fold++) {
            List<RecordedAnswer> own = new ArrayList<>();
            for (int i = fold; i < answers.size(); i += settings.folds()) {
                own.add(answers.get(i));
            }
            Crowd plainly = crowd(DraftPolicy.OFF, null, curve, weights(set, answers, fold), own);
            Crowd drafting = crowd(policy(mode), stage(mode), curve, weights(set, answers, fold), own);
            plain += plainly.nanos();
            taken += drafting.nanos();
            host += drafting.hostNanos();
            accepted += drafting.accepted();
            drafts += drafting.drafts();
        }
        double gain = plain / taken;
        return new Outcome(
                1 + (double) accepted / Math.max(1, drafts), gain, gain, 0, 0, gain, List.of(), host / taken);
    }

    /** One that has had its answers. */
    private Crowd crowd(
            DraftPolicy policy,
            @Nullable AdedStage stage,
            StatedCurve curve,
            EvidenceWeights weights,
            List<RecordedAnswer> answers) {
        DrafterSettings drafters = DrafterSettings.DEFAULT.withEvidenceWeights(weights);
        try (Crowd crowd = new Crowd(
                settings.callers(), settings.hostThreads(), new Noise(curve)::nanos, policy, stage, drafters)) {
            crowd.play(answers);
            return crowd;
        }
    }

    private Outcome oneByOne(String mode, StatedCurve curve, String set, List<RecordedAnswer> answers) {
        double plain = 0;
        double taken = 0;
        double logs = 0;
        int below97 = 0;
        int below90 = 0;
        double worst = Double.MAX_VALUE;
        List<String> slow = new ArrayList<>();
        int timed = 0;
        long accepted = 0;
        long drafts = 0;
        for (int fold = 0; fold < settings.folds(); fold++) {
            try (Machine machine = new Machine(curve, weights(set, answers, fold), stage(mode))) {
                for (int i = fold; i < answers.size(); i += settings.folds()) {
                    RecordedAnswer answer = answers.get(i);
                    Decoding decoding = machine.answer(answer, policy(mode));
                    if (decoding.plain < LEAST_TIMED_TOKENS * settings.passMillis() * 1e6) {
                        continue;
                    }
                    double ratio = decoding.plain / decoding.taken;
                    plain += decoding.plain;
                    taken += decoding.taken;
                    logs += Math.log(ratio);
                    below97 += ratio < 0.97 ? 1 : 0;
                    below90 += ratio < 0.90 ? 1 : 0;
                    worst = Math.min(worst, ratio);
                    timed++;
                    accepted += decoding.speculation.numAcceptedDraftTokens();
                    drafts += decoding.speculation.numSpecSteps();
                    if (ratio < 0.97) {
                        slow.add(String.format(
                                Locale.ROOT,
                                "    %s %s: %.2f, %d tokens",
                                set,
                                answer.id(),
                                ratio,
                                answer.answer().length));
                    }
                }
            }
        }
        return new Outcome(
                1 + (double) accepted / Math.max(1, drafts),
                plain / taken,
                Math.exp(logs / timed),
                (double) below97 / timed,
                (double) below90 / timed,
                worst,
                slow,
                0);
    }

    private EvidenceWeights weights(String set, List<RecordedAnswer> answers, int fold) {
        if (settings.folds() == 1) {
            return EvidenceWeights.create();
        }
        return fitted.computeIfAbsent(set + fold, _ -> PriorFitting.fitWithout(sets, answers, fold, settings.folds()))
                .copy();
    }

    private static DraftPolicy policy(String mode) {
        String[] parts = mode.split(":");
        DraftPolicy policy = DraftPolicy.of(stage(mode) == null ? Drafters.namedWithoutModel(parts[0]) : Drafters.ADED);
        return parts.length == 1 ? policy : policy.withMaxNodes(Integer.parseInt(parts[1]));
    }

    /** The stage of an ablation that a mode names, or null. */
    private static @Nullable AdedStage stage(String mode) {
        return AdedStage.named(mode.split(":")[0]);
    }

    /** Times from the end of the first round, in nanoseconds. */
    private record Decoding(double plain, double taken, SpeculationStatistics speculation) {}

    /** What passes take. */
    private final class Noise {
        private final StatedCurve curve;
        private final Random random = new Random(FIRST_SEED);
        private int touched;

        Noise(StatedCurve curve) {
            this.curve = curve;
        }

        long nanos(int tokens) {
            double factor =
                    Math.exp(random.nextGaussian() * settings.noise() - settings.noise() * settings.noise() / 2);
            factor *= (random.nextDouble() < settings.stalls() ? 2 : 1) / (1 + settings.stalls());
            if (tokens > touched) {
                touched = tokens;
                factor *= settings.firstTouch();
            }
            return (long) (settings.passMillis() * 1e6 * curve.cost(tokens) * factor);
        }
    }

    /** An engine on a model that answers as recorded, by a clock that only passes advance. */
    private final class Machine implements AutoCloseable {
        private final AtomicLong clock = new AtomicLong(1);
        private final RecordedModel model;
        private final Engine engine;

        Machine(StatedCurve curve, EvidenceWeights weights, @Nullable AdedStage stage) {
            Noise noise = new Noise(curve);
            model = new RecordedModel(tokens -> clock.addAndGet(noise.nanos(tokens)));
            DrafterSettings own = DrafterSettings.DEFAULT.withEvidenceWeights(weights);
            engine = Engine.start(
                    model,
                    EngineOptions.ofCells(4096),
                    EngineTelemetry.NONE,
                    stage == null ? Drafters.proposers(own) : LoopProposer.factory(_ -> Drafters.create(stage, own)),
                    clock::get);
            try {
                engine.awaitCalibration(Duration.ofMinutes(1));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        Decoding answer(RecordedAnswer answer, DraftPolicy policy) {
            model.play(answer);
            Listener listener = new Listener(clock);
            TurnResult result;
            try (Session session = engine.openSession()) {
                session.submit(
                        TurnRequest.of(
                                new Prompt.Tokens(answer.prompt()),
                                SamplingParameters.GREEDY,
                                policy,
                                answer.answer().length),
                        listener);
                result = listener.done.join();
            }
            return new Decoding(
                    settings.passMillis() * 1e6 * (answer.answer().length - listener.firstTokens),
                    clock.get() - listener.firstAt,
                    result.speculation());
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    private static final class Listener implements TurnListener {
        final CompletableFuture<TurnResult> done = new CompletableFuture<>();
        private final AtomicLong clock;
        private volatile int firstTokens;
        private volatile long firstAt;

        Listener(AtomicLong clock) {
            this.clock = clock;
        }

        @Override
        public void onDelta(Delta delta) {
            if (firstTokens == 0) {
                firstTokens = delta.tokens().length;
                firstAt = clock.get();
            }
        }

        @Override
        public void onFinished(TurnResult result) {
            done.complete(result);
        }

        @Override
        public void onFailed(AdedException failure) {
            done.completeExceptionally(failure);
        }
    }
}
