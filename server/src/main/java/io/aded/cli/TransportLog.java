package io.aded.cli;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Takes what gRPC logs by the JDK's means to our log: a line each, without stack traces, and of each kind at most one
 * line a minute, with a count of those before it that were left out. Whoever can reach the port can make the transport
 * log, with every stream that ends in a frame that is none, and must not be able to fill a disk with it. Thread-safe.
 */
final class TransportLog extends Handler {
    private static final long INTERVAL_NANOS = Duration.ofMinutes(1).toNanos();

    /** Characters of a line: what a peer sent may be quoted in it, at any length. */
    private static final int LONGEST = 300;

    /** Levels of causes that a line tells. */
    private static final int MOST_CAUSES = 3;

    private final Logger log;
    private final LongSupplier nanoClock;
    private final SimpleFormatter formatter = new SimpleFormatter();
    private final Map<Kind, Quiet> quiet = new HashMap<>();

    /**
     * What is counted together: records of one level by one class of gRPC's. There are as many as its code has,
     * whatever peers do.
     */
    private record Kind(@Nullable String logger, Level level) {}

    /** A kind of which a line was written: until when no other is, and how many were left out since. */
    private static final class Quiet {
        private long endNanos;
        private long leftOut;
    }

    /** @param nanoClock a time in nanoseconds that never goes back, of any origin */
    TransportLog(Logger log, LongSupplier nanoClock) {
        this.log = log;
        this.nanoClock = nanoClock;
    }

    @Override
    public void publish(LogRecord record) {
        boolean severe = record.getLevel().intValue() >= Level.SEVERE.intValue();
        if (record.getLevel().intValue() < Level.WARNING.intValue()
                || !(severe ? log.isErrorEnabled() : log.isWarnEnabled())) {
            return; // clients come and go; that is no news
        }
        long leftOut = leftOut(new Kind(record.getLoggerName(), record.getLevel()), nanoClock.getAsLong());
        if (leftOut < 0) {
            return;
        }
        String line =
                line(record) + (leftOut > 0 ? " (and " + leftOut + " more like it since the last such line)" : "");
        if (severe) {
            log.error(line);
        } else {
            log.warn(line);
        }
    }

    /** How many of a kind were left out since its last line, if there may be one now; else -1, and it is counted. */
    private synchronized long leftOut(Kind kind, long now) {
        Quiet known = quiet.get(kind);
        if (known == null) {
            known = new Quiet();
            quiet.put(kind, known);
        } else if (now - known.endNanos < 0) {
            known.leftOut++;
            return -1;
        }
        long leftOut = known.leftOut;
        known.leftOut = 0;
        known.endNanos = now + INTERVAL_NANOS;
        return leftOut;
    }

    private String line(LogRecord record) {
        StringBuilder line = new StringBuilder(formatter.formatMessage(record));
        Throwable thrown = record.getThrown();
        for (int depth = 0; thrown != null && depth < MOST_CAUSES; depth++) {
            line.append(": ")
                    .append(thrown.getClass().getSimpleName())
                    .append(": ")
                    .append(thrown.getMessage());
            thrown = thrown.getCause();
        }
        int length = Math.min(line.length(), LONGEST);
        for (int i = 0; i < length; i++) {
            if (Character.isISOControl(line.charAt(i))) {
                line.setCharAt(i, ' ');
            }
        }
        return line.substring(0, length);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
