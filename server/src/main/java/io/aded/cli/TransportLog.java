package io.aded.cli;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import org.slf4j.Logger;

/**
 * Takes what gRPC logs by the JDK's means to our log: a line each, and not more than so many at a time. Whoever can
 * reach the port can make it log, by frames that are none; a stack trace for each of them filled disks. Thread-safe.
 */
final class TransportLog extends Handler {
    private static final int MOST_LINES = 10;
    private static final long WINDOW_NANOS = Duration.ofSeconds(10).toNanos();
    private static final int LONGEST = 300;

    private final Logger log;
    private final LongSupplier nanoClock;
    private final SimpleFormatter formatter = new SimpleFormatter();
    private long windowEnd;
    private int lines;
    private long leftOut;

    TransportLog(Logger log, LongSupplier nanoClock) {
        this.log = log;
        this.nanoClock = nanoClock;
        windowEnd = nanoClock.getAsLong() + WINDOW_NANOS;
    }

    @Override
    public void publish(LogRecord record) {
        boolean severe = record.getLevel().intValue() >= Level.SEVERE.intValue();
        if (record.getLevel().intValue() < Level.WARNING.intValue()
                || !(severe ? log.isErrorEnabled() : log.isWarnEnabled())) {
            return; // clients come and go; that is no news
        }
        long unsaid = admitted(nanoClock.getAsLong());
        if (unsaid < 0) {
            return;
        }
        String line = line(record) + (unsaid > 0 ? " (" + unsaid + " more lines of the transport were left out)" : "");
        if (severe) {
            log.error(line);
        } else {
            log.warn(line);
        }
    }

    /** How many were left out since the last line, if there may be one now; else -1. */
    private synchronized long admitted(long now) {
        if (now - windowEnd >= 0) {
            windowEnd = now + WINDOW_NANOS;
            lines = 0;
        }
        if (lines == MOST_LINES) {
            leftOut++;
            return -1;
        }
        lines++;
        long unsaid = leftOut;
        leftOut = 0;
        return unsaid;
    }

    private String line(LogRecord record) {
        StringBuilder line = new StringBuilder(formatter.formatMessage(record));
        Throwable thrown = record.getThrown();
        for (int depth = 0; thrown != null && depth < 3; depth++) {
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
