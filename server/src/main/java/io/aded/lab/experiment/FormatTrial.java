package io.aded.lab.experiment;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Progress;
import io.aded.lab.report.RunOrder;
import io.aded.model.AdedException;
import io.aded.model.TargetModel;
import io.aded.telemetry.EngineTelemetry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Several formats of a model answer the same prompts, plain and with drafts, by turns: what {@code aded bench} does
 * with the modes of one model. It shows whether the format that was chosen by its curve is the fastest in fact.
 */
public final class FormatTrial implements AutoCloseable {
    private static final List<ModeSpec> MODES = ModeSpec.parse("off,auto");

    private final List<Engine> engines = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    /** Two for each format: plain, and with drafts. */
    private final List<Contender> contenders = new ArrayList<>();

    private final ExperimentSettings settings;

    /**
     * Tokens a second after an answer's first round, over all answers.
     *
     * @param name as it was given
     * @param plain without drafts
     * @param drafted with {@code auto}
     */
    public record Rates(String name, double plain, double drafted) {
        /** The faster of both. */
        public double best() {
            return Math.max(plain, drafted);
        }
    }

    /** A trial without formats, of greedy answers of at most so many tokens. */
    public FormatTrial(int maxTokens) {
        settings = ExperimentSettings.of(maxTokens);
    }

    /**
     * Has a format take part, and waits until it is known what its passes cost.
     *
     * @param model stays the caller's, open until this is closed
     */
    public void add(String name, TargetModel model, EngineOptions options) {
        BenchDrafters drafters = new BenchDrafters(DrafterSettings.DEFAULT);
        Engine engine = Engine.start(model, options, EngineTelemetry.NONE, drafters.factory());
        engines.add(engine);
        names.add(name);
        for (ModeSpec mode : MODES) {
            contenders.add(new EngineContender(engine, drafters, mode, Objects.requireNonNull(mode.policy())));
        }
        Benchmark.awaitCalibration(engine);
    }

    /**
     * All answers of all formats, so many times; takes as long.
     *
     * @param rounds at least 1; of an answer's times in each the middle one counts
     * @throws AdedException.InvalidRequest if a prompt does not fit into a context
     */
    public List<Rates> run(List<Scenario> scenarios, int rounds, Progress progress) {
        int places = contenders.size();
        int steps = places * (1 + rounds * scenarios.size());
        int done = 0;
        for (int i = 0; i < places; i++) {
            progress.at(done++, steps, "warm-up");
            contenders.get(i).answer(Benchmark.WARM_UP, settings.withMaxTokens(Benchmark.WARM_UP_TOKENS));
        }
        double[][][] nanos = new double[places][scenarios.size()][rounds];
        long[][] tokens = new long[places][scenarios.size()];
        RunOrder orders = new RunOrder(places, settings.seed());
        for (int round = 0; round < rounds; round++) {
            for (int s = 0; s < scenarios.size(); s++) {
                for (int place : orders.order(round * scenarios.size() + s)) {
                    progress.at(done++, steps, scenarios.get(s).id() + " " + names.get(place / MODES.size()));
                    for (Answer answer : contenders.get(place).answer(scenarios.get(s), settings)) {
                        nanos[place][s][round] += answer.decodeNanos();
                        tokens[place][s] += answer.decodedTokens();
                    }
                }
            }
        }
        progress.at(steps, steps, "done");
        List<Rates> rates = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            int plain = i * MODES.size();
            rates.add(new Rates(
                    names.get(i),
                    rate(tokens[plain], nanos[plain], rounds),
                    rate(tokens[plain + 1], nanos[plain + 1], rounds)));
        }
        return rates;
    }

    /** Tokens a second: those of all rounds over what they took, each answer at the middle of its times. */
    static double rate(long[] tokens, double[][] nanos, int rounds) {
        double all = 0;
        double time = 0;
        for (int s = 0; s < tokens.length; s++) {
            double[] sorted = nanos[s].clone();
            Arrays.sort(sorted);
            all += tokens[s];
            time += rounds * (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2;
        }
        return 1e9 * all / time;
    }

    @Override
    public void close() {
        engines.forEach(Engine::close);
    }
}
