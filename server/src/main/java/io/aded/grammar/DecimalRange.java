package io.aded.grammar;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The decimal numbers within bounds, as patterns over their digits: no leading zeros, and for fractions at most
 * {@link #FRACTION_DIGITS} digits behind the point. Where there are bounds there is no exponent.
 */
final class DecimalRange {
    /** The most digits behind the point where a bound has to be watched. */
    static final int FRACTION_DIGITS = 20;

    /** The most digits before the point where there is no bound. */
    static final int WHOLE_DIGITS = 40;

    private static final Pattern DIGIT = new Pattern.Characters(new int[] {'0', '9'});
    private static final Pattern FRACTION =
            new Pattern.Sequence(List.of(Pattern.text("."), new Pattern.Repeat(DIGIT, 1, FRACTION_DIGITS)));

    private DecimalRange() {}

    /**
     * The integers from {@code least} to {@code most}, both inclusive; null means no bound.
     *
     * @return null if there is none
     */
    static @Nullable Pattern integers(@Nullable BigInteger least, @Nullable BigInteger most) {
        if (least != null && most != null && least.compareTo(most) > 0) {
            return null;
        }
        List<Pattern> ways = new ArrayList<>();
        BigInteger zero = BigInteger.ZERO;
        if (most == null || most.signum() >= 0) {
            BigInteger from = least == null || least.signum() < 0 ? zero : least;
            ways.add(natural(from, most));
        }
        if (least == null || least.signum() < 0) {
            BigInteger from = most == null || most.signum() >= 0 ? BigInteger.ONE : most.negate();
            Pattern digits = natural(from, least == null ? null : least.negate());
            ways.add(new Pattern.Sequence(List.of(Pattern.text("-"), digits)));
        }
        return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }

    /** The natural numbers within bounds, zero included. */
    private static Pattern natural(BigInteger from, @Nullable BigInteger to) {
        BigInteger top = to == null ? BigInteger.TEN.pow(WHOLE_DIGITS).max(from.multiply(BigInteger.TEN)) : to;
        List<Pattern> ways = new ArrayList<>();
        String first = from.toString();
        String last = top.toString();
        for (int length = first.length(); length <= last.length(); length++) {
            String low = length == first.length() ? first : "1" + "0".repeat(length - 1);
            String high = length == last.length() ? last : "9".repeat(length);
            ways.add(sameLength(low, high, 0, true, true));
        }
        return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }

    /** Digit strings of one length from {@code low} to {@code high}, from a place on. */
    private static Pattern sameLength(String low, String high, int at, boolean onLow, boolean onHigh) {
        int rest = low.length() - at;
        if (rest == 0) {
            return Pattern.EMPTY;
        }
        if (!onLow && !onHigh) {
            return new Pattern.Repeat(DIGIT, rest, rest);
        }
        char from = onLow ? low.charAt(at) : '0';
        char to = onHigh ? high.charAt(at) : '9';
        // Behind a bound's own digit all digits may come, if nothing is below what it has there, or above.
        boolean lowGoesOn = onLow && !isAll('0', low, at + 1);
        boolean highGoesOn = onHigh && !isAll('9', high, at + 1);
        if (from == to) {
            return digitThen(from, sameLength(low, high, at + 1, lowGoesOn, highGoesOn));
        }
        List<Pattern> ways = new ArrayList<>();
        char inner = from;
        char innerEnd = to;
        if (lowGoesOn) {
            ways.add(digitThen(from, sameLength(low, high, at + 1, true, false)));
            inner++;
        }
        if (highGoesOn) {
            ways.add(digitThen(to, sameLength(low, high, at + 1, false, true)));
            innerEnd--;
        }
        if (inner <= innerEnd) {
            ways.add(new Pattern.Sequence(List.of(
                    new Pattern.Characters(new int[] {inner, innerEnd}),
                    new Pattern.Repeat(DIGIT, rest - 1, rest - 1))));
        }
        return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }

    private static boolean isAll(char digit, String digits, int from) {
        for (int i = from; i < digits.length(); i++) {
            if (digits.charAt(i) != digit) {
                return false;
            }
        }
        return true;
    }

    private static Pattern digitThen(char digit, Pattern rest) {
        return new Pattern.Sequence(List.of(new Pattern.Characters(new int[] {digit, digit}), rest));
    }

    /**
     * The numbers from {@code least} to {@code most}, both inclusive; null means no bound.
     *
     * @return null if there is none
     */
    static @Nullable Pattern numbers(@Nullable BigDecimal least, @Nullable BigDecimal most) {
        List<Pattern> ways = new ArrayList<>();
        if (most == null || most.signum() >= 0) {
            BigDecimal from = least == null || least.signum() < 0 ? BigDecimal.ZERO : least;
            addPositive(ways, "", from, most);
        }
        if (least == null || least.signum() < 0) {
            BigDecimal from = most == null || most.signum() >= 0 ? BigDecimal.ZERO : most.negate();
            addPositive(ways, "-", from, least == null ? null : least.negate());
        }
        return ways.isEmpty() ? null : ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }

    private static void addPositive(List<Pattern> ways, String sign, BigDecimal from, @Nullable BigDecimal to) {
        BigDecimal low = from.setScale(FRACTION_DIGITS, RoundingMode.CEILING);
        BigDecimal high = to == null ? null : to.setScale(FRACTION_DIGITS, RoundingMode.FLOOR);
        if (high != null && low.compareTo(high) > 0) {
            return;
        }
        BigInteger lowWhole = low.toBigInteger();
        String lowFraction = fraction(low);
        BigInteger highWhole = high == null ? null : high.toBigInteger();
        String highFraction = high == null ? "9".repeat(FRACTION_DIGITS) : fraction(high);
        boolean same = lowWhole.equals(highWhole);
        ways.add(signed(
                sign,
                Pattern.text(lowWhole.toString()),
                fractions(lowFraction, same ? highFraction : "9".repeat(FRACTION_DIGITS))));
        if (same) {
            return;
        }
        BigInteger inner = lowWhole.add(BigInteger.ONE);
        if (highWhole == null || inner.compareTo(highWhole) < 0) {
            Pattern whole = natural(inner, highWhole == null ? null : highWhole.subtract(BigInteger.ONE));
            ways.add(signed(sign, whole, new Pattern.Repeat(FRACTION, 0, 1)));
        }
        if (highWhole != null) {
            ways.add(signed(
                    sign, Pattern.text(highWhole.toString()), fractions("0".repeat(FRACTION_DIGITS), highFraction)));
        }
    }

    private static Pattern signed(String sign, Pattern whole, Pattern fraction) {
        return new Pattern.Sequence(List.of(Pattern.text(sign), whole, fraction));
    }

    private static String fraction(BigDecimal value) {
        BigInteger digits = value.remainder(BigDecimal.ONE).unscaledValue();
        return String.format(Locale.ROOT, "%0" + FRACTION_DIGITS + "d", digits);
    }

    /**
     * What may stand behind a whole part: nothing, if that is at least {@code low}, or a point and digits in between.
     */
    private static Pattern fractions(String low, String high) {
        List<Pattern> ways = new ArrayList<>();
        if (isAll('0', low, 0)) {
            ways.add(Pattern.EMPTY);
        }
        Pattern digits = fractionDigits(low, high, 0, true, true);
        if (digits != null) {
            ways.add(new Pattern.Sequence(List.of(Pattern.text("."), digits)));
        }
        return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }

    /** At least one digit from here on; null if none can be. */
    private static @Nullable Pattern fractionDigits(String low, String high, int at, boolean wasLow, boolean wasHigh) {
        int rest = FRACTION_DIGITS - at;
        if (rest == 0) {
            return null;
        }
        boolean onLow = wasLow && !isAll('0', low, at);
        boolean onHigh = wasHigh && !isAll('9', high, at);
        if (!onLow && !onHigh) {
            return new Pattern.Repeat(DIGIT, 1, rest);
        }
        char from = onLow ? low.charAt(at) : '0';
        char to = onHigh ? high.charAt(at) : '9';
        List<Pattern> ways = new ArrayList<>();
        for (char digit = from; digit <= to; digit++) {
            boolean stillLow = onLow && digit == from;
            boolean stillHigh = onHigh && digit == to;
            Pattern more = fractionDigits(low, high, at + 1, stillLow, stillHigh);
            boolean mayEnd = !stillLow || isAll('0', low, at + 1);
            Pattern tail = more == null ? Pattern.EMPTY : mayEnd ? new Pattern.Repeat(more, 0, 1) : more;
            if (mayEnd || more != null) {
                ways.add(digitThen(digit, tail));
            }
        }
        return ways.isEmpty() ? null : ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }
}
