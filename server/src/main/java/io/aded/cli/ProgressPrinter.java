package io.aded.cli;

import io.aded.host.HostListener;
import io.aded.lab.report.Progress;
import io.aded.lab.report.ProgressBar;
import io.aded.model.AdedException;
import java.util.Locale;
import java.util.function.Function;

/**
 * Draws how the opening of a model gets on. A transfer is a bar in place for a person, a line for every tenth of the
 * way for a log; the reading of weights is shown to a person only. Used by one thread.
 */
final class ProgressPrinter implements HostListener {
    private static final int WIDTH = 30;
    private static final long REDRAW_NANOS = 100_000_000L;

    private final Terminal terminal;
    private String label = "";
    private long startNanos;
    private long startBytes;
    private long drawnNanos;
    private int drawnTenth;
    private boolean open;
    private int percent = -1;

    ProgressPrinter(Terminal terminal) {
        this.terminal = terminal;
    }

    /**
     * Does something of which the progress is shown; whatever comes of it, what follows begins on a line of its own.
     */
    static <T> T during(Terminal terminal, Function<ProgressPrinter, T> work) {
        ProgressPrinter progress = new ProgressPrinter(terminal);
        try {
            return work.apply(progress);
        } finally {
            progress.finish();
        }
    }

    /** Shows how a long run gets on, to a person only. */
    static Progress ofRun(Terminal terminal) {
        return terminal.interactive() ? new ProgressBar(terminal.err(), System::nanoTime) : Progress.NONE;
    }

    @Override
    public boolean watchesLoading() {
        return terminal.interactive();
    }

    @Override
    public void loading(String file, double share) {
        int now = (int) (share * 100);
        if (percent != now) {
            percent = now;
            terminal.err().printf(Locale.ROOT, "\rLoading %s %3d%%", shown(file), now);
            terminal.err().flush();
        }
    }

    @Override
    public void loaded(String file) {
        percent = -1;
        terminal.err().print("\r" + " ".repeat("Loading ".length() + shown(file).length() + 5) + "\r");
        terminal.err().flush();
    }

    @Override
    public void note(String line) {
        finish();
        terminal.note(line);
    }

    @Override
    public void progress(String what, long done, long total) {
        long now = System.nanoTime();
        if (!what.equals(label)) {
            finish();
            label = what;
            startNanos = now;
            startBytes = done;
            drawnTenth = -1;
            drawnNanos = now - REDRAW_NANOS;
        }
        boolean complete = done == total;
        if (terminal.interactive()) {
            if (complete || now - drawnNanos >= REDRAW_NANOS) {
                drawnNanos = now;
                terminal.err().print("\r" + line(done, total, now) + (terminal.colour() ? "\u001b[K" : "   "));
                terminal.err().flush();
                open = true;
            }
        } else if (total > 0) {
            int tenth = (int) (done * 10 / total);
            if (tenth != drawnTenth) {
                drawnTenth = tenth;
                terminal.note(line(done, total, now));
            }
        }
        if (complete) {
            finish();
        }
    }

    /** Ends the line of a bar, so that what follows begins on its own. */
    void finish() {
        if (open) {
            terminal.err().println();
            terminal.err().flush();
        }
        open = false;
        label = "";
    }

    /** A file's name may hold what a terminal obeys. */
    private static String shown(String file) {
        return AdedException.printable(file).replace('\n', ' ').replace('\t', ' ');
    }

    private String line(long done, long total, long now) {
        double seconds = Math.max(1e-3, (now - startNanos) / 1e9);
        double rate = (done - startBytes) / seconds;
        StringBuilder line = new StringBuilder("  ").append(shown(label)).append("  ");
        if (total > 0) {
            int filled = (int) (done * WIDTH / total);
            line.append('[').repeat('#', filled).repeat('.', WIDTH - filled).append("] ");
            line.append(String.format(Locale.ROOT, "%3d%%  ", done * 100 / total));
        }
        line.append(String.format(Locale.ROOT, "%.1f", done / 1e6));
        line.append(total > 0 ? String.format(Locale.ROOT, " of %.1f MB", total / 1e6) : " MB");
        if (seconds > 0.5 && rate > 0) {
            line.append(String.format(Locale.ROOT, "  %.1f MB/s", rate / 1e6));
            if (total > done) {
                line.append(String.format(Locale.ROOT, "  %d s left", (long) Math.ceil((total - done) / rate)));
            }
        }
        return line.toString();
    }
}
