package io.aded.lab.report;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;

/** One line that is written over and over: a bar, how far it is, how long it will take, what is being done. */
public final class ProgressBar implements Progress {
    /** Columns of the bar, and of the whole line. */
    private static final int BAR = 24;

    private static final int WIDTH = 79;

    /** After fewer steps nobody can say how long the rest will take. */
    private static final int LEAST_DONE = 3;

    private final PrintStream out;
    private final LongSupplier nanoClock;
    private final long start;

    /** Draws on {@code out}; the time that is left is reckoned by the clock. */
    public ProgressBar(PrintStream out, LongSupplier nanoClock) {
        this.out = out;
        this.nanoClock = nanoClock;
        start = nanoClock.getAsLong();
    }

    @Override
    public void at(int done, int total, String what) {
        if (done >= total) {
            out.print("\r" + " ".repeat(WIDTH) + "\r");
            out.flush();
            return;
        }
        int filled = (int) ((long) BAR * done / total);
        String line = String.format(
                Locale.ROOT,
                "%s%s %d/%d %s  %s",
                "█".repeat(filled),
                "░".repeat(BAR - filled),
                done,
                total,
                left(done, total),
                what);
        out.print("\r" + (line.length() > WIDTH ? line.substring(0, WIDTH) : line + " ".repeat(WIDTH - line.length())));
        out.flush();
    }

    private String left(int done, int total) {
        if (done < LEAST_DONE) {
            return "";
        }
        long seconds = (nanoClock.getAsLong() - start) / 1_000_000_000L * (total - done) / done;
        return String.format(Locale.ROOT, "%d:%02d left", seconds / 60, seconds % 60);
    }
}
