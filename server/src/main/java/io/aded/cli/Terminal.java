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
import java.util.Locale;

/**
 * Where a command reads and writes: what it was asked for to {@code out}, everything else to {@code err}. Text is UTF-8
 * whatever the locale, as it is on the wire.
 *
 * @param raw the same place as {@code out}, for what comes from a model as it is, and for colours
 * @param out what was asked for; names that come from files and servers may hold commands of a terminal, which are
 *     shown here ({@link ShownStream}) and not obeyed
 * @param err progress, notes and failures
 * @param in what the user types
 * @param interactive whether a person reads {@code err}: progress is drawn in place
 * @param colour whether escape sequences may be used
 * @param environment variables and directories of the process
 */
record Terminal(
        PrintStream raw,
        PrintStream out,
        PrintStream err,
        BufferedReader in,
        boolean interactive,
        boolean colour,
        ProcessEnvironment environment) {

    /** A terminal that writes to these streams. */
    Terminal(
            PrintStream out,
            PrintStream err,
            BufferedReader in,
            boolean interactive,
            boolean colour,
            ProcessEnvironment environment) {
        this(out, ShownStream.over(out), err, in, interactive, colour, environment);
    }

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

    /** A piece of a model's answer: as it is for a program that reads it, and without commands for a person. */
    void answer(String piece) {
        raw.print(interactive ? shown(piece) : piece);
        raw.flush();
    }

    /** An answer as a person may see it. What joins and breaks letters stays, unlike in names: languages need it. */
    static String shown(String answer) {
        StringBuilder shown = new StringBuilder(answer.length());
        answer.codePoints().forEach(c -> {
            byte direction = Character.getDirectionality(c);
            boolean turns = direction >= Character.DIRECTIONALITY_LEFT_TO_RIGHT_EMBEDDING
                    && direction <= Character.DIRECTIONALITY_POP_DIRECTIONAL_ISOLATE;
            boolean commands = Character.isISOControl(c) && c != '\n' && c != '\t';
            shown.append(turns || commands ? String.format(Locale.ROOT, "\\u%04x", c) : Character.toString(c));
        });
        return shown.toString();
    }

    /** A line for the user, apart from the answer; what a file's name may hold of a terminal's commands is shown. */
    void note(String line) {
        err.println(AdedException.printable(line));
        err.flush();
    }
}
