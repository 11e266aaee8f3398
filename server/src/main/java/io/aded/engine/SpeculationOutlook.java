package io.aded.engine;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** What drafts can be expected to gain, from nothing but what passes cost: advice, nothing that a decision hangs on. */
public final class SpeculationOutlook {
    /*
     * Texts
     *
     *   How far drafts reach differs from round to round: where text is copied nearly every guess is right, elsewhere
     *   hardly one. A kind of text is therefore a mixture of rounds, in each of which a guess is right with one chance
     *   a, so that a chain of k guesses yields (1 − a^(k+1)) / (1 − a) tokens [1]. Over the tokens of a text a is
     *   distributed as Beta(α, β). The parameters are fitted to the mean acceptance lengths of the adaptive drafter on
     *   the recorded answers, at 1 to 32 nodes ("aded replay", ten folds, 2026-11-27): 1 % off in the middle, 13 % too
     *   low at 32 nodes.
     *
     * Gains
     *
     *   Who knew a in each round would draft what pays best for it; who knows nothing drafts the same number always.
     *   The engine lies between, three tenths of the way up: so weighed, the gain agrees with what the engine itself
     *   gains in virtual time ("aded simulate") on five curves and three kinds of text within a tenth
     *   (SpeculationOutlookTest).
     *
     * [1] Leviathan et al., Fast Inference from Transformers via Speculative Decoding, arXiv 2211.17192, eq. 1
     */
    private static final int CHANCES = 40;

    /** Guesses a pass. More are hardly ever right all together. */
    private static final int MOST_GUESSES = 32;

    private static final double KNOWING = 0.3;

    /** A gain below this is none that anybody would notice. */
    private static final double LEAST_GAIN = 1.05;

    /** Kinds of text, from much to draft from to little. */
    public enum Text {
        /** A function is completed or changed, a text is corrected. */
        EDITED("text that is repeated or edited", 1.95, 0.05),
        /** Questions of many kinds, those of MT-Bench. */
        QUESTIONS("answers to questions", 0.45, 0.05),
        /** Little is copied. */
        CHAT("open chat", 0.20, 0.05);

        private final String label;
        private final double[] weights = new double[CHANCES];

        Text(String label, double alpha, double beta) {
            this.label = label;
            double sum = 0;
            for (int i = 0; i < CHANCES; i++) {
                weights[i] = Math.pow(chance(i), alpha - 1) * Math.pow(1 - chance(i), beta - 1);
                sum += weights[i];
            }
            for (int i = 0; i < CHANCES; i++) {
                weights[i] /= sum;
            }
        }

        /** In a user's words. */
        public String label() {
            return label;
        }
    }

    private final double passNanos;
    /** By the number of guesses: the time of a pass with so many, in passes of one token. */
    private final double[] costs;

    private final Map<Text, Double> speedUps = new EnumMap<>(Text.class);
    private final double most;

    private SpeculationOutlook(double[] passNanos) {
        this.passNanos = passNanos[1];
        costs = new double[Math.min(MOST_GUESSES + 1, passNanos.length - 1)];
        double highest = 1;
        for (int guesses = 0; guesses < costs.length; guesses++) {
            costs[guesses] = passNanos[guesses + 1] / passNanos[1];
            highest = Math.max(highest, (guesses + 1) / costs[guesses]);
        }
        most = highest;
        for (Text text : Text.values()) {
            speedUps.put(text, reckon(text));
        }
    }

    /**
     * An outlook.
     *
     * @param passNanos nanoseconds of a pass by its tokens, as {@link Engine#passCosts} has them: element 1 and on
     *     count, all above 0
     * @throws IllegalArgumentException if not even a pass of one token has a price
     */
    public static SpeculationOutlook of(double[] passNanos) {
        if (passNanos.length < 2 || !(passNanos[1] > 0)) {
            throw new IllegalArgumentException("what a pass of one token takes is not known");
        }
        return new SpeculationOutlook(passNanos);
    }

    private double reckon(Text text) {
        double knowing = 0;
        double[] always = new double[costs.length];
        for (int i = 0; i < CHANCES; i++) {
            double cheapest = 1;
            for (int guesses = 0; guesses < costs.length; guesses++) {
                double time = costs[guesses] / tokens(chance(i), guesses);
                cheapest = Math.min(cheapest, time);
                always[guesses] += text.weights[i] * time;
            }
            knowing += text.weights[i] * cheapest;
        }
        double best = 1;
        for (double time : always) {
            best = Math.min(best, time);
        }
        return 1 / (KNOWING * knowing + (1 - KNOWING) * best);
    }

    private static double chance(int i) {
        return (i + 0.5) / CHANCES;
    }

    /** Tokens of a pass with a chain of so many guesses, the token that follows them included. */
    private static double tokens(double chance, int guesses) {
        return (1 - Math.pow(chance, guesses + 1)) / (1 - chance);
    }

    /** Milliseconds of a pass of one token. */
    public double passMillis() {
        return passNanos / 1e6;
    }

    /** The time of a pass of so many tokens, in passes of one; beyond what is known, of the widest known. */
    public double cost(int tokens) {
        return costs[Math.min(tokens, costs.length) - 1];
    }

    /** Tokens a second of one caller without drafts. */
    public double plainRate() {
        return 1e9 / passNanos;
    }

    /** How many times as fast one caller's answers come with {@code auto}; at least 1. */
    public double speedUp(Text text) {
        return speedUps.getOrDefault(text, 1.0);
    }

    /** Tokens a second of one caller with {@code auto}. */
    public double rate(Text text) {
        return plainRate() * speedUp(text);
    }

    /** Tokens a second with {@code auto}, the geometric mean over the kinds of text. */
    public double typicalRate() {
        double logs = 0;
        for (Text text : Text.values()) {
            logs += Math.log(rate(text));
        }
        return Math.exp(logs / Text.values().length);
    }

    /** The most that any text could gain: every guess is right, and as many are made as is best. */
    public double most() {
        return most;
    }

    /** Whether there is a kind of text on which drafts gain enough to be noticed. */
    public boolean pays() {
        return speedUps.values().stream().anyMatch(gain -> gain >= LEAST_GAIN);
    }

    /** The time of a pass of one token, in the unit that shows it. */
    private String passTime() {
        return passMillis() < 0.1
                ? String.format(Locale.ROOT, "%.1f µs", 1000 * passMillis())
                : String.format(Locale.ROOT, "%.1f ms", passMillis());
    }

    /** What passes cost, as part of a sentence. */
    public String costs() {
        return String.format(
                Locale.ROOT,
                "a pass of one token takes %s (%.0f tokens/s), one of 2, 4, 8 tokens %.2f, %.2f, %.2f times that",
                passTime(),
                plainRate(),
                cost(2),
                cost(4),
                cost(8));
    }

    /** What drafts gain, as part of a sentence; honest where it is nothing. */
    public String gains() {
        if (!pays()) {
            return String.format(
                    Locale.ROOT,
                    "next to nothing, whatever the text: wide passes cost too much (all guesses right would give %.1f"
                            + " times the speed)",
                    most);
        }
        StringBuilder gains = new StringBuilder("about");
        for (Text text : Text.values()) {
            gains.append(String.format(Locale.ROOT, " %.1f times on %s,", speedUp(text), text.label()));
        }
        return gains + String.format(Locale.ROOT, " and never more than %.1f times", most);
    }
}
