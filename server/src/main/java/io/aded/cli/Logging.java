package io.aded.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** Sets how much is logged, to standard error. The layout is {@code logback.xml}'s. */
final class Logging {
    private Logging() {}

    static void configure(CommandLine.ParseResult result) {
        if (result.commandSpec().userObject() instanceof AdedCommand command && command.verbosity() > 0) {
            boolean all = command.verbosity() > 1;
            level("io.aded", all ? Level.DEBUG : Level.INFO);
            level("llama.cpp", all ? Level.DEBUG : Level.INFO);
        }
    }

    private static void level(String name, Level level) {
        if (LoggerFactory.getLogger(name) instanceof Logger logger) {
            logger.setLevel(level);
        }
    }
}
