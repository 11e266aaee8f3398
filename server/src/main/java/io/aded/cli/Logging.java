package io.aded.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.logging.Handler;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** Sets how much is logged, to standard error. The layout is {@code logback.xml}'s. */
final class Logging {
    /**
     * Says what a channel met with, a host without an address, say; the call that wanted the channel fails with it, and
     * that is told. Kept here, since loggers that nobody holds are forgotten.
     */
    private static final java.util.logging.Logger CHANNELS =
            java.util.logging.Logger.getLogger("io.grpc.internal.ManagedChannelImpl");

    private Logging() {}

    static void configure(CommandLine.ParseResult result) {
        transport();
        if (result.commandSpec().userObject() instanceof AdedCommand command && command.verbosity() > 0) {
            boolean all = command.verbosity() > 1;
            level("io.aded", all ? Level.DEBUG : Level.INFO);
            level("llama.cpp", all ? Level.DEBUG : Level.INFO);
        }
    }

    /** What gRPC says goes the way of everything else. */
    private static void transport() {
        java.util.logging.Logger root = java.util.logging.Logger.getLogger("");
        for (Handler handler : root.getHandlers()) {
            if (handler instanceof TransportLog) {
                return;
            }
            root.removeHandler(handler);
        }
        CHANNELS.setLevel(java.util.logging.Level.SEVERE);
        root.addHandler(new TransportLog(LoggerFactory.getLogger("io.grpc"), System::nanoTime));
    }

    private static void level(String name, Level level) {
        if (LoggerFactory.getLogger(name) instanceof Logger logger) {
            logger.setLevel(level);
        }
    }
}
