package io.aded.lab.experiment;

import io.aded.draft.DraftModelInfo;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.neural.DraftContexts;
import io.aded.engine.DraftPolicy;
import io.aded.engine.DraftingStatus;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.PassCosts;
import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Progress;
import io.aded.lab.report.RunOrder;
import io.aded.model.AdedException;
import io.aded.model.TargetModel;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One run: every mode answers every prompt, interleaved, over one engine and one model. */
final class Benchmark {
    /** A server would have been idle for as long before its first call. */
    private static final Duration LONGEST_CALIBRATION = Duration.ofSeconds(30);

    /** Passes and drafters run until they are compiled and caches are warm; what that takes is not measured. */
    static final int WARM_UP_TOKENS = 32;

    static final Scenario WARM_UP = new Scenario(
            "warm-up", "warm-up", "warm-up", List.of("Count from one to twenty in words, then do it again backwards."));

    /** A prompt is only used if the context has room for so many tokens of answer. */
    private static final int LEAST_ANSWER = 16;

    /** How often a sampled answer is asked for until it goes as its drafts were made. */
    private static final int MOST_ATTEMPTS = 4;

    private final TargetModel model;
    private final EngineOptions options;
    private final DrafterSettings drafters;
    private final List<ModeSpec> modes;
    private final ExperimentSettings settings;
    private final Progress progress;
    private final LongSupplier clock;

    /**
     * The model where drafts are known beforehand and it is the greedy answers that must be as they were; else null.
     */
    private final @Nullable RepeatingModel repeating;

    /**
     * What came out.
     *
     * @param measurements every answer
     * @param skipped ids of prompts that do not fit into the context
     * @param costs the cost curve at the end
     * @param drafting how those drafters fared that choose, and the draft model
     * @param draftModel what that is; null if there is none, or it is not known
     */
    record Result(
            List<Measurement> measurements,
            List<String> skipped,
            PassCosts costs,
            DraftingStatus drafting,
            @Nullable DraftModelInfo draftModel) {}

    Benchmark(
            TargetModel model,
            EngineOptions options,
            List<ModeSpec> modes,
            ExperimentSettings settings,
            Progress progress) {
        this(model, options, DrafterSettings.DEFAULT, modes, settings, progress);
    }

    Benchmark(
            TargetModel model,
            EngineOptions options,
            DrafterSettings drafters,
            List<ModeSpec> modes,
            ExperimentSettings settings,
            Progress progress) {
        StatedMachine stated = settings.machine();
        VirtualTime virtual = stated == null ? null : new VirtualTime(stated);
        DraftContexts drafting = drafters.draftModel();
        this.model = virtual == null ? model : virtual.of(model);
        this.drafters = virtual == null || drafting == null
                ? drafters
                : drafters.withDraftModel(virtual.of(drafting, model.info().sizeBytes()));
        clock = virtual == null ? System::nanoTime : virtual;
        this.options = options;
        this.modes = List.copyOf(modes);
        this.settings = settings;
        this.progress = progress;
        boolean repeats =
                settings.syntheticAcceptance() != null && settings.sampling().isPlainGreedy();
        repeating = repeats ? new RepeatingModel(this.model) : null;
    }

    /** Answers all scenarios; blocks until done. */
    Result run(List<Scenario> wanted) {
        List<String> skipped = new ArrayList<>();
        List<Scenario> scenarios = new ArrayList<>();
        for (Scenario scenario : wanted) {
            boolean fits = PromptTokens.ofFirstTurn(model, scenario, settings.raw()).length + LEAST_ANSWER <= room();
            if (fits) {
                scenarios.add(scenario);
            } else {
                skipped.add(scenario.id());
            }
        }
        if (scenarios.isEmpty()) {
            throw new AdedException.InvalidRequest(
                    "prompts", "no prompt fits into a context of " + room() + " tokens; use a larger context");
        }
        BenchDrafters own = new BenchDrafters(drafters);
        TargetModel served = repeating == null ? model : repeating;
        try (Engine engine = Engine.start(served, options, EngineTelemetry.NONE, own.factory(), clock)) {
            Map<String, Contender> contenders = new HashMap<>();
            try {
                awaitCalibration(engine);
                for (ModeSpec mode : modes) {
                    contenders.put(mode.label(), contender(mode, engine, own));
                }
                List<Measurement> measurements = new Run(contenders, scenarios).play();
                return new Result(measurements, skipped, engine.passCosts(), engine.drafting(), engine.draftModel());
            } finally {
                contenders.values().forEach(Contender::close);
            }
        }
    }

    static void awaitCalibration(Engine engine) {
        try {
            engine.awaitCalibration(LONGEST_CALIBRATION);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AdedException.Cancelled("the benchmark was interrupted");
        }
    }

    private int room() {
        int trained = model.info().trainedContext();
        int cells = options.context().cells();
        return trained > 0 ? Math.min(trained, cells) : cells;
    }

    private Contender contender(ModeSpec mode, Engine engine, BenchDrafters own) {
        DraftPolicy policy = mode.policy();
        return policy == null
                ? new BareContender(model, options.context())
                : new EngineContender(engine, own, mode, policy);
    }

    /** The state of a run. */
    private final class Run {
        private final Map<String, Contender> contenders;
        private final List<Scenario> scenarios;
        private final List<Measurement> measurements = new ArrayList<>();
        private final int total;
        private int done;

        Run(Map<String, Contender> contenders, List<Scenario> scenarios) {
            this.contenders = contenders;
            this.scenarios = scenarios;
            int recordings = settings.syntheticAcceptance() == null ? 0 : scenarios.size();
            total = modes.size() * (1 + settings.repeats() * scenarios.size()) + recordings;
        }

        List<Measurement> play() {
            ExperimentSettings brief = settings.withMaxTokens(Math.min(WARM_UP_TOKENS, settings.maxTokens()));
            for (ModeSpec mode : modes) {
                step("warm-up", mode);
                contender(mode).answer(WARM_UP, brief);
            }
            List<Answer> known = new ArrayList<>();
            if (settings.syntheticAcceptance() != null) {
                for (Scenario scenario : scenarios) {
                    step(scenario.id() + " recorded", ModeSpec.OFF);
                    known.add(contender(ModeSpec.OFF).answer(scenario, settings).getFirst());
                }
            }
            RunOrder orders = new RunOrder(modes.size(), settings.seed());
            for (int repeat = 0; repeat < settings.repeats(); repeat++) {
                for (int i = 0; i < scenarios.size(); i++) {
                    int[] order = orders.order(repeat * scenarios.size() + i);
                    for (int place = 0; place < order.length; place++) {
                        ModeSpec mode = modes.get(order[place]);
                        Scenario scenario = scenarios.get(i);
                        step(scenario.id(), mode);
                        List<Answer> answers = contender(mode) instanceof EngineContender drafting && !known.isEmpty()
                                ? replayed(drafting, scenario, known.get(i))
                                : contender(mode).answer(scenario, settings);
                        for (int turn = 0; turn < answers.size(); turn++) {
                            measurements.add(
                                    new Measurement(scenario, i, turn, repeat, mode, place, answers.get(turn)));
                        }
                    }
                }
            }
            progress.at(total, total, "done");
            return measurements;
        }

        /**
         * An answer whose drafts are what the answer will be: a greedy one is made to be what it was. A sampled one may
         * go another way where a pass of another width rounds otherwise, and every later draft would be wrong. So it is
         * asked for again, and drafted as it went the last time.
         */
        private List<Answer> replayed(EngineContender contender, Scenario scenario, Answer recorded) {
            if (repeating != null) {
                repeating.say(recorded.promptTokens(), recorded.tokens());
            }
            int[] expected = recorded.tokens();
            List<Answer> answers = List.of();
            for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
                contender.replay(expected);
                answers = contender.answer(scenario, settings);
                int[] said = answers.getFirst().tokens();
                if (Arrays.equals(said, expected)) {
                    break;
                }
                expected = said;
            }
            if (repeating != null) {
                repeating.speakFreely();
            }
            return answers;
        }

        private Contender contender(ModeSpec mode) {
            Contender contender = contenders.get(mode.label());
            if (contender == null) {
                throw new IllegalStateException(mode.label() + " takes no part");
            }
            return contender;
        }

        private void step(String what, ModeSpec mode) {
            progress.at(done++, total, what + " " + mode.label());
        }
    }
}
