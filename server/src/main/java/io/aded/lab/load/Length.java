package io.aded.lab.load;

import java.util.Locale;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How many tokens, call by call. Draws are at least 1; the long tails end at {@value #TAIL} times the middle. */
public sealed interface Length {
    /** What users may write. */
    String ALLOWED = "N, uniform:LEAST-MOST, exponential:MEAN, lognormal:MEDIAN:SIGMA";

    /** Beyond, less than a call in 2,000 is cut, and no single one outlasts the run. */
    int TAIL = 8;

    /** The most that a length may be. */
    int MOST = 1 << 20;

    /** The next length. */
    int draw(SplittableRandom random);

    /** Always the same. */
    record Fixed(int tokens) implements Length {
        @Override
        public int draw(SplittableRandom random) {
            return tokens;
        }

        @Override
        public String toString() {
            return "" + tokens;
        }
    }

    /** Every length from one to another is as likely. */
    record Uniform(int least, int most) implements Length {
        @Override
        public int draw(SplittableRandom random) {
            return random.nextInt(least, most + 1);
        }

        @Override
        public String toString() {
            return "uniform:" + least + "-" + most;
        }
    }

    /** Many short ones, few long ones. */
    record Exponential(int mean) implements Length {
        @Override
        public int draw(SplittableRandom random) {
            return within(-Math.log(1 - random.nextDouble()) * mean, mean);
        }

        @Override
        public String toString() {
            return "exponential:" + mean;
        }
    }

    /** As the lengths of real prompts and answers mostly are. Sigma is that of the natural logarithm. */
    record LogNormal(int median, double sigma) implements Length {
        @Override
        public int draw(SplittableRandom random) {
            return within(median * Math.exp(sigma * random.nextGaussian()), median);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "lognormal:%d:%s", median, sigma);
        }
    }

    private static int within(double drawn, int middle) {
        return (int) Math.clamp(Math.round(drawn), 1L, (long) middle * TAIL);
    }

    /**
     * Reads a length.
     *
     * @throws IllegalArgumentException if it is none; the message says what is allowed
     */
    static Length parse(String text) {
        Matcher parts = Pattern.compile("(?:([a-z]+):)?(\\d{1,7})(?:([-:])(\\d{1,7}(?:\\.\\d{1,6})?))?")
                .matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            throw wrong(text);
        }
        int first = Integer.parseInt(parts.group(2));
        String kind = parts.group(1) == null ? "" : parts.group(1);
        String between = parts.group(3) == null ? "" : parts.group(3);
        double second = parts.group(4) == null ? Double.NaN : Double.parseDouble(parts.group(4));
        if (first < 1 || first > MOST) {
            throw wrong(text);
        }
        return switch (kind + between) {
            case "" -> new Fixed(first);
            case "exponential" -> new Exponential(first);
            case "uniform-" -> {
                if (second < first || second > MOST || second != Math.rint(second)) {
                    throw wrong(text);
                }
                yield new Uniform(first, (int) second);
            }
            case "lognormal:" -> {
                if (second > 3) {
                    throw wrong(text);
                }
                yield new LogNormal(first, second);
            }
            default -> throw wrong(text);
        };
    }

    private static IllegalArgumentException wrong(String text) {
        return new IllegalArgumentException(
                "is \"" + text + "\"; allowed: " + ALLOWED + ", with 1 to " + MOST + " tokens and SIGMA from 0 to 3");
    }
}
