package io.aded.host;

import io.aded.serving.ProcessorClock;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** The JVM's count of what its threads have had of a processor, where it has one. */
final class ThreadProcessorClock implements ProcessorClock {
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final boolean tells = threads.isCurrentThreadCpuTimeSupported() && threads.isThreadCpuTimeEnabled();

    @Override
    public long computedNanos() {
        return tells ? threads.getCurrentThreadCpuTime() : -1;
    }
}
