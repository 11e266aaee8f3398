package io.aded.host;

import io.aded.llama.ThreadPriority;
import io.aded.serving.Demotion;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** Asks the operating system to prefer others, and what the thread has cost. */
final class LowerPriority implements Demotion {
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final boolean tells = threads.isCurrentThreadCpuTimeSupported() && threads.isThreadCpuTimeEnabled();

    @Override
    public boolean demote() {
        return ThreadPriority.lower();
    }

    @Override
    public long computedNanos() {
        return tells ? threads.getCurrentThreadCpuTime() : -1;
    }
}
