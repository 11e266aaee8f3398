package io.aded.bench;

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
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.telemetry.EngineTelemetry;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Runs the real engine, its budget included, on recorded answers and a stated cost curve, in virtual time: what would
 * each draft policy gain on such a machine? The same figures on every machine, in seconds.
 */
@Command(
        name = "policy-simulation",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Speed-up of draft policies on recorded answers, for stated costs of a forward pass.")
public final class PolicySimulation implements Runnable {
    private static final int FIRST_SEED = 7;

    /** Fewer tokens after the first round say nothing about speed. */
    private static final int LEAST_TIMED_TOKENS = 8;

    /** Measured on quiet machines, TinyLlama 1.1B Q8_0 unless said: t(n) / t(1) by width. */
    private static final Map<String, String> CURVES = new LinkedHashMap<>(Map.of(
            "amx", "1:1,2:1.36,3:1.42,4:1.47,6:1.71,8:1.91,12:2.27,16:2.35,24:3.52,32:4.29,64:6.43",
            "avx2", "1:1,2:1.11,3:1.78,4:1.52,6:2.06,8:2.33,12:3.11,16:3.92,24:5.54,32:7.16,64:13.7",
            "zen4",
                    "1:1,2:1.55,3:1.85,4:1.9,5:2.85,8:2.95,9:3.8,12:3.85,13:4.85,16:4.95,17:6.1,20:6.1,24:6.9,28:7.9,"
                            + "32:9,48:13.1,64:16.3",
            "gpu", "1:1,8:1.05,16:1.15,32:1.3,64:1.6",
            "linear", "1:1,64:64"));

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Folder of recordings (*.bin).")
    private Path data = Path.of("");

    @Option(
            names = "--curve",
            split = ";",
            paramLabel = "NAME|N:COST,…",
            description = "Cost of a pass by its tokens, in passes of one: amx, avx2, zen4, gpu, linear, or one's own.")
    private List<String> curves = List.of("amx", "avx2", "zen4", "gpu");

    @Option(
            names = "--modes",
            split = ",",
            paramLabel = "MODE[:N]",
            description =
                    "Draft modes of the API, or whole-prompt, bigrams-and-views, suffix: the adaptive drafter's parts"
                            + " (for ablations), at a fixed budget. Default: ${DEFAULT-VALUE}.")
    private List<String> modes =
            List.of("auto", "aded:1", "aded:2", "aded:3", "aded:5", "aded:7", "aded:11", "aded:15", "prompt-lookup:7");

    @Option(names = "--noise", description = "σ of the logarithm of a pass's time. Default: ${DEFAULT-VALUE}.")
    private double noise = 0.1;

    @Option(names = "--stalls", description = "Share of passes that take twice their time. Default: ${DEFAULT-VALUE}.")
    private double stalls = 0.02;

    @Option(
            names = "--first-touch",
            description = "What the first pass of each width costs, in times its price. Default: ${DEFAULT-VALUE}.")
    private double firstTouch = 2.5;

    @Option(names = "--pass", description = "Milliseconds of a pass of one token. Default: ${DEFAULT-VALUE}.")
    private double passMillis = 50;

    @Option(
            names = "--folds",
            description = "Evidence weights fitted to the others' answers. Default: ${DEFAULT-VALUE}.")
    private int folds = 5;

    @Option(names = "--prompts", description = "Also a line for each prompt that was slower than plain decoding.")
    private boolean prompts;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, EvidenceWeights> fitted = new LinkedHashMap<>();

    /** Runs the command line. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new PolicySimulation()).execute(args));
    }

    @Override
    public void run() {
        PrintWriter out = spec == null
                ? new PrintWriter(System.out, true)
                : spec.commandLine().getOut();
        try {
            Map<String, List<RecordedAnswer>> sets = OfflineEvaluation.readSets(data);
            for (String curve : curves) {
                TreeMap<Integer, Double> costs = parse(CURVES.getOrDefault(curve, curve));
                out.printf(Locale.ROOT, "%ncurve %s%n%-18s", curve, "");
                sets.keySet().forEach(set -> out.printf("%-38s", set));
                out.println();
                for (String mode : modes) {
                    out.printf("%-18s", mode);
                    List<String> slow = new ArrayList<>();
                    for (Map.Entry<String, List<RecordedAnswer>> set : sets.entrySet()) {
                        Outcome outcome = simulate(mode, costs, set.getKey(), set.getValue());
                        out.printf("%-38s", outcome.text());
                        slow.addAll(outcome.slow());
                    }
                    out.println();
                    if (prompts) {
                        slow.forEach(out::println);
                    }
                    out.flush();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static TreeMap<Integer, Double> parse(String curve) {
        TreeMap<Integer, Double> costs = new TreeMap<>();
        for (String point : curve.split(",")) {
            String[] parts = point.split(":");
            costs.put(Integer.valueOf(parts[0]), Double.valueOf(parts[1]));
        }
        return costs;
    }

    /** Between points a straight line, beyond the last the slope of the last. */
    private static double cost(TreeMap<Integer, Double> curve, int tokens) {
        Map.Entry<Integer, Double> below = curve.floorEntry(tokens);
        Map.Entry<Integer, Double> above = curve.ceilingEntry(tokens);
        if (below == null) {
            return curve.firstEntry().getValue();
        }
        if (above == null) {
            above = below;
            below = curve.lowerEntry(below.getKey());
        }
        double slope = above.getKey().equals(below.getKey())
                ? 0
                : (above.getValue() - below.getValue()) / (above.getKey() - below.getKey());
        return below.getValue() + slope * (tokens - below.getKey());
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
     */
    private record Outcome(
            double acceptance,
            double speedUp,
            double mean,
            double below97,
            double below90,
            double worst,
            List<String> slow) {
        String text() {
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

    private Outcome simulate(String mode, TreeMap<Integer, Double> curve, String set, List<RecordedAnswer> answers) {
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
        for (int fold = 0; fold < folds; fold++) {
            try (Machine machine = new Machine(curve, weights(set, answers, fold), stage(mode))) {
                for (int i = fold; i < answers.size(); i += folds) {
                    RecordedAnswer answer = answers.get(i);
                    Decoding decoding = machine.answer(answer, policy(mode));
                    if (decoding.plain < LEAST_TIMED_TOKENS * passMillis * 1e6) {
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
                                Locale.ROOT, "    %s %d: %.2f, %d tokens", set, i, ratio, answer.answer().length));
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
                slow);
    }

    private EvidenceWeights weights(String set, List<RecordedAnswer> answers, int fold) {
        if (folds == 1) {
            return EvidenceWeights.create();
        }
        return fitted.computeIfAbsent(set + fold, _ -> OfflineEvaluation.fitWithout(data, answers, fold, folds))
                .copy();
    }

    private static DraftPolicy policy(String mode) {
        String[] parts = mode.split(":");
        DraftPolicy policy = DraftPolicy.of(stage(mode) == null ? Drafters.named(parts[0]) : Drafters.ADED);
        return parts.length == 1 ? policy : policy.withMaxNodes(Integer.parseInt(parts[1]));
    }

    /** The stage of an ablation that a mode names, or null. */
    private static @Nullable AdedStage stage(String mode) {
        return AdedStage.named(mode.split(":")[0]);
    }

    /** Times from the end of the first round, in nanoseconds. */
    private record Decoding(double plain, double taken, SpeculationStatistics speculation) {}

    /** An engine on a model that answers as recorded, by a clock that only passes advance. */
    private final class Machine implements AutoCloseable {
        private final AtomicLong clock = new AtomicLong(1);
        private final Random random = new Random(FIRST_SEED);
        private int touched;
        private final TreeMap<Integer, Double> curve;
        private final RecordedModel model = new RecordedModel(this::charge);
        private final Engine engine;

        Machine(TreeMap<Integer, Double> curve, EvidenceWeights weights, @Nullable AdedStage stage) {
            this.curve = curve;
            DrafterSettings settings = DrafterSettings.DEFAULT.withEvidenceWeights(weights);
            engine = Engine.start(
                    model,
                    EngineOptions.ofCells(4096),
                    EngineTelemetry.NONE,
                    kind -> stage == null ? kind.create(settings) : Drafters.create(stage, settings),
                    clock::get);
            try {
                engine.awaitCalibration(Duration.ofMinutes(1));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        private void charge(int tokens) {
            double factor = Math.exp(random.nextGaussian() * noise - noise * noise / 2);
            factor *= (random.nextDouble() < stalls ? 2 : 1) / (1 + stalls);
            if (tokens > touched) {
                touched = tokens;
                factor *= firstTouch;
            }
            clock.addAndGet((long) (passMillis * 1e6 * cost(curve, tokens) * factor));
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
                    passMillis * 1e6 * (answer.answer().length - listener.firstTokens),
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
