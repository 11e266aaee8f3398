package io.aded.host;

import io.aded.serving.Demotion;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** Tells what a thread has cost, and leaves its priority as it is. */
final class ProcessorTime implements Demotion {
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final boolean tells = threads.isCurrentThreadCpuTimeSupported() && threads.isThreadCpuTimeEnabled();

    @Override
    public boolean demote() {
        return false;
    }

    @Override
    public long computedNanos() {
        return tells ? threads.getCurrentThreadCpuTime() : -1;
    }
}
