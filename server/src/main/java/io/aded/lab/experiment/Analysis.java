package io.aded.lab.experiment;

import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Statistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Turns measurements into statements. */
final class Analysis {
    /*
     * Pairs
     *
     *   The unit is one prompt (one turn of one scenario). Both modes of a comparison answered it, in the same repeats,
     *   close in time. Its own ratio is the median over the repeats of
     *   (tokens / time of the one) / (tokens / time of the other).
     *
     * Two averages
     *
     *   The ratio of sums is what a user who runs all these prompts gains: long answers count more. The geometric mean
     *   of the prompts' ratios counts each prompt the same. Where they differ much, gains sit in few prompts. Both come
     *   with a bootstrap over prompts.
     *
     * What cannot be timed
     *
     *   Decoding is timed from the end of the first round. An answer with hardly a token after it says nothing about
     *   speed; such prompts are left out of the ratios, for all modes alike, by the length of what off said.
     */
    private static final int LEAST_DECODED_TOKENS = 8;

    private final List<ModeSpec> modes;
    private final Scenario.Grouping grouping;
    private final long seed;
    private final List<Unit> units;
    private final PassPrices prices;

    /** One prompt, with the answers of each mode by repeat. */
    private record Unit(String name, String group, Map<String, List<Answer>> answers) {
        List<Answer> of(String mode) {
            return answers.getOrDefault(mode, List.of());
        }
    }

    Analysis(List<ModeSpec> modes, List<Measurement> measurements, Scenario.Grouping grouping, long seed) {
        this.modes = List.copyOf(modes);
        this.grouping = grouping;
        this.seed = seed;
        Map<String, Unit> found = new LinkedHashMap<>();
        for (Measurement measurement : measurements) {
            Scenario scenario = measurement.scenario();
            String name = scenario.id() + (measurement.turn() == 0 ? "" : " turn " + (measurement.turn() + 1));
            found.computeIfAbsent(
                            measurement.scenarioIndex() + "/" + measurement.turn(),
                            _ -> new Unit(name, grouping.of(scenario), new LinkedHashMap<>()))
                    .answers()
                    .computeIfAbsent(measurement.mode().label(), _ -> new ArrayList<>())
                    .add(measurement.answer());
        }
        units = List.copyOf(found.values());
        prices = new PassPrices(measurements.stream().map(Measurement::answer).toList());
    }

    List<ModeSpec> modes() {
        return modes;
    }

    Scenario.Grouping grouping() {
        return grouping;
    }

    /** The groups, in the order in which they first appear. */
    Set<String> groups() {
        Set<String> groups = new LinkedHashSet<>();
        for (Unit unit : units) {
            groups.add(unit.group());
        }
        return groups;
    }

    /** Prompts in a group; null for all. */
    int prompts(@Nullable String group) {
        return unitsOf(group).size();
    }

    Optional<ModeSpec> mode(Predicate<ModeSpec> wanted) {
        return modes.stream().filter(wanted).findFirst();
    }

    private List<Unit> unitsOf(@Nullable String group) {
        return units.stream()
                .filter(unit -> group == null || unit.group().equals(group))
                .toList();
    }

    /** What a mode did in a group; null for all. */
    ModeSummary summary(ModeSpec mode, @Nullable String group) {
        RoundTally rounds = new RoundTally();
        List<Answer> answers = new ArrayList<>();
        for (Unit unit : unitsOf(group)) {
            answers.addAll(unit.of(mode.label()));
        }
        answers.forEach(answer -> rounds.add(answer.rounds()));
        double decode = sum(answers, Answer::decodeNanos);
        double verify = rounds.rounds == 0 ? Double.NaN : rounds.passNanos / decode;
        double draft = rounds.rounds == 0 ? Double.NaN : rounds.draftNanos / decode;
        return new ModeSummary(
                mode,
                answers.size(),
                sum(answers, Answer::decodedTokens) / decode * 1e9,
                sum(answers, answer -> answer.tokens().length) / sum(answers, Answer::wholeNanos) * 1e9,
                compare(mode, ModeSpec.OFF, group),
                compare(mode, ModeSpec.OFF, group, prices::nanos),
                losslessness(mode, group),
                rounds,
                rounds.rounds == 0 ? Double.NaN : sum(answers, answer -> answer.tokens().length) / rounds.rounds,
                verify,
                draft,
                Math.max(0, 1 - verify - draft),
                Statistics.median(answers.stream()
                        .mapToDouble(answer -> answer.firstTokenNanos() / 1e6)
                        .toArray()));
    }

    /** The speed of answers without drafts that are long enough to be timed; nothing if there are none. */
    Optional<PlainRate> plainRate() {
        List<Answer> answers = units.stream()
                .flatMap(unit -> unit.of(ModeSpec.OFF.label()).stream())
                .filter(answer -> answer.decodedTokens() >= LEAST_DECODED_TOKENS)
                .toList();
        double[] rates = answers.stream()
                .mapToDouble(answer -> 1e9 * answer.decodedTokens() / answer.decodeNanos())
                .toArray();
        return answers.isEmpty()
                ? Optional.empty()
                : Optional.of(new PlainRate(
                        1e9 * sum(answers, Answer::decodedTokens) / sum(answers, Answer::decodeNanos),
                        Statistics.quantile(rates, 0.05),
                        Statistics.quantile(rates, 0.95)));
    }

    private static double sum(List<Answer> answers, ToLongFunction<Answer> value) {
        return answers.stream().mapToLong(value).sum();
    }

    /** One mode's speed over another's in a group; null for all. */
    Comparison compare(ModeSpec mode, ModeSpec baseline, @Nullable String group) {
        return compare(mode, baseline, group, Answer::decodeNanos);
    }

    private Comparison compare(
            ModeSpec mode, ModeSpec baseline, @Nullable String group, ToLongFunction<Answer> decodeNanos) {
        List<Pairs> pairs = new ArrayList<>();
        for (Unit unit : unitsOf(group)) {
            Pairs pair =
                    Pairs.of(unit.name(), unit.of(mode.label()), unit.of(baseline.label()), isTimed(unit), decodeNanos);
            if (pair != null) {
                pairs.add(pair);
            }
        }
        double[] ratios = pairs.stream().mapToDouble(pair -> pair.ratio).toArray();
        int worst = -1;
        for (int i = 0; i < ratios.length; i++) {
            worst = worst < 0 || ratios[i] < ratios[worst] ? i : worst;
        }
        return new Comparison(
                pairs.size(),
                Statistics.bootstrap(pairs.size(), seed, ratioOfSums(pairs, false)),
                Statistics.bootstrap(pairs.size(), seed, picks -> {
                    double[] picked = new double[picks.length];
                    Arrays.setAll(picked, i -> ratios[picks[i]]);
                    return Statistics.geometricMean(picked);
                }),
                Statistics.bootstrap(pairs.size(), seed, ratioOfSums(pairs, true)),
                ratios,
                worst < 0 ? Double.NaN : ratios[worst],
                worst < 0 ? null : pairs.get(worst).name);
    }

    private static boolean isTimed(Unit unit) {
        List<Answer> plain = unit.of(ModeSpec.OFF.label());
        return !plain.isEmpty() && plain.stream().allMatch(answer -> answer.decodedTokens() >= LEAST_DECODED_TOKENS);
    }

    private static ToDoubleFunction<int[]> ratioOfSums(List<Pairs> pairs, boolean whole) {
        return picks -> {
            double tokens = 0;
            double nanos = 0;
            double otherTokens = 0;
            double otherNanos = 0;
            for (int pick : picks) {
                Pairs pair = pairs.get(pick);
                tokens += whole ? pair.wholeTokens : pair.tokens;
                nanos += whole ? pair.wholeNanos : pair.nanos;
                otherTokens += whole ? pair.otherWholeTokens : pair.otherTokens;
                otherNanos += whole ? pair.otherWholeNanos : pair.otherNanos;
            }
            return tokens / nanos / (otherTokens / otherNanos);
        };
    }

    /** The repeats of one prompt by two modes. */
    private static final class Pairs {
        final String name;
        long tokens;
        long nanos;
        long otherTokens;
        long otherNanos;
        long wholeTokens;
        long wholeNanos;
        long otherWholeTokens;
        long otherWholeNanos;
        double ratio;

        private Pairs(String name) {
            this.name = name;
        }

        /** Null if they cannot be compared. */
        static @Nullable Pairs of(
                String name,
                List<Answer> ones,
                List<Answer> others,
                boolean timed,
                ToLongFunction<Answer> decodeNanos) {
            int repeats = Math.min(ones.size(), others.size());
            if (!timed || repeats == 0) {
                return null;
            }
            Pairs pairs = new Pairs(name);
            double[] ratios = new double[repeats];
            for (int i = 0; i < repeats; i++) {
                Answer one = ones.get(i);
                Answer other = others.get(i);
                if (one.decodedTokens() < 1 || other.decodedTokens() < 1) {
                    return null;
                }
                pairs.tokens += one.decodedTokens();
                long nanos = decodeNanos.applyAsLong(one);
                long otherNanos = decodeNanos.applyAsLong(other);
                pairs.nanos += nanos;
                pairs.otherTokens += other.decodedTokens();
                pairs.otherNanos += otherNanos;
                pairs.wholeTokens += one.tokens().length;
                pairs.wholeNanos += one.wholeNanos();
                pairs.otherWholeTokens += other.tokens().length;
                pairs.otherWholeNanos += other.wholeNanos();
                ratios[i] = (double) one.decodedTokens() / nanos / ((double) other.decodedTokens() / otherNanos);
            }
            pairs.ratio = Statistics.median(ratios);
            return pairs;
        }
    }

    private Losslessness losslessness(ModeSpec mode, @Nullable String group) {
        int compared = 0;
        int differing = 0;
        long tokens = 0;
        int earliest = -1;
        String earliestName = null;
        for (Unit unit : unitsOf(group)) {
            List<Answer> ones = unit.of(mode.label());
            List<Answer> others = unit.of(ModeSpec.OFF.label());
            for (int i = 0; i < Math.min(ones.size(), others.size()); i++) {
                int[] one = ones.get(i).tokens();
                int[] other = others.get(i).tokens();
                int mismatch = Arrays.mismatch(one, other);
                compared++;
                tokens += mismatch < 0 ? one.length : mismatch;
                if (mismatch >= 0) {
                    differing++;
                    if (earliest < 0 || mismatch < earliest) {
                        earliest = mismatch;
                        earliestName = unit.name();
                    }
                }
            }
        }
        return new Losslessness(compared, differing, tokens, earliest, earliestName);
    }

    /** The best of some modes in a group, and how {@code auto} stands against it. */
    record Rival(ModeSpec best, Comparison bestAgainstOff, Comparison autoAgainstOff, Comparison autoAgainstBest) {}

    /** Compares {@code auto} with the fastest of the modes that fit; empty if either is missing. */
    Optional<Rival> rival(Predicate<ModeSpec> candidates, @Nullable String group) {
        Optional<ModeSpec> auto = mode(ModeSpec::isAuto);
        ModeSpec best = null;
        double highest = Double.NEGATIVE_INFINITY;
        for (ModeSpec mode : modes) {
            if (candidates.test(mode)) {
                double speed = compare(mode, ModeSpec.OFF, group).speed().estimate();
                if (speed > highest) {
                    highest = speed;
                    best = mode;
                }
            }
        }
        if (auto.isEmpty() || best == null) {
            return Optional.empty();
        }
        return Optional.of(new Rival(
                best,
                compare(best, ModeSpec.OFF, group),
                compare(auto.get(), ModeSpec.OFF, group),
                compare(auto.get(), best, group)));
    }
}
