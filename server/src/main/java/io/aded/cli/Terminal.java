package io.aded.cli;

import io.aded.model.AdedException;
import io.aded.store.ProcessEnvironment;
import java.io.BufferedReader;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/**
 * Where a command reads and writes: answers to {@code out}, everything else to {@code err}. Text is UTF-8 whatever the
 * locale, as it is on the wire.
 *
 * @param out answers, and nothing else
 * @param err progress, notes and failures
 * @param in what the user types
 * @param interactive whether a person reads {@code err}: progress is drawn in place
 * @param colour whether escape sequences may be used
 * @param environment variables and directories of the process
 */
record Terminal(
        PrintStream out,
        PrintStream err,
        BufferedReader in,
        boolean interactive,
        boolean colour,
        ProcessEnvironment environment) {

    /** That of this process. Colours keep to {@code NO_COLOR} and to dumb terminals. */
    // The check says that there always is a console; JDK 25 gives none without a terminal.
    @SuppressWarnings("SystemConsoleNull")
    static Terminal ofProcess() {
        ProcessEnvironment environment = ProcessEnvironment.ofProcess();
        Console console = System.console();
        boolean interactive = console != null && console.isTerminal();
        boolean colour =
                interactive && environment.variable("NO_COLOR") == null && !"dumb".equals(environment.variable("TERM"));
        return new Terminal(
                new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                new BufferedReader(
                        new InputStreamReader(new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8)),
                interactive,
                colour,
                environment);
    }

    /** How the user called the program, for lines that are meant to be copied. */
    String program() {
        return System.getProperty("aded.program", "aded");
    }

    /** A view of one of the streams for those who want a writer. */
    PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }

    /** A line for the user, apart from the answer; what a file's name may hold of a terminal's commands is shown. */
    void note(String line) {
        err.println(AdedException.printable(line));
        err.flush();
    }
}
