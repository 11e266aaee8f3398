package io.aded.cli;

import io.aded.model.AdedException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IFactory;

/** The program. */
public final class Main {
    private Main() {}

    /** Runs a command and ends the process with its exit code, see {@link ExitCode}. */
    public static void main(String[] arguments) {
        int code = run(Terminal.ofProcess(), arguments);
        // Native back ends and signal handlers keep threads of their own; they must not keep a finished command.
        System.exit(code);
    }

    static int run(Terminal terminal, String... arguments) {
        try {
            Configuration configuration = Configuration.of(terminal.environment(), configurationFile(arguments));
            CommandLine command = commandLine(terminal, configuration);
            configuration.requireKnown(command);
            int code = command.execute(arguments);
            terminal.out().flush();
            return code;
        } catch (Exception | LinkageError | OutOfMemoryError e) {
            return fail(terminal, e);
        }
    }

    static CommandLine commandLine(Terminal terminal, Configuration configuration) {
        CommandLine command = new CommandLine(new AdedCommand(), new Factory(terminal));
        command.setResourceBundle(new DrafterNames.Texts());
        command.setDefaultValueProvider(configuration)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setAbbreviatedOptionsAllowed(false)
                .setOut(terminal.writer(terminal.raw()))
                .setErr(terminal.writer(terminal.err()))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        terminal.colour() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setExecutionStrategy(result -> {
                    Logging.configure(result);
                    try {
                        OptionNeeds.require(result);
                    } catch (AdedException.InvalidRequest e) {
                        throw new CommandLine.ExecutionException(command, String.valueOf(e.getMessage()), e);
                    }
                    return new CommandLine.RunLast().execute(result);
                })
                .setExecutionExceptionHandler((failure, executed, result) ->
                        fail(terminal, OptionNames.applied(failure, executed.getCommandSpec())))
                .setParameterExceptionHandler((failure, given) -> {
                    String meant = OptionHints.of(failure);
                    terminal.note("aded: " + OptionHints.plain(failure) + (meant == null ? "" : "; here: " + meant));
                    if (meant == null) {
                        CommandLine.UnmatchedArgumentException.printSuggestions(
                                failure, terminal.writer(terminal.err()));
                    }
                    terminal.note("Try: " + terminal.program() + " "
                            + (failure.getCommandLine().getParent() == null
                                    ? ""
                                    : failure.getCommandLine()
                                                    .getCommandSpec()
                                                    .qualifiedName(" ")
                                                    .replaceFirst("^aded ", "")
                                            + " ")
                            + "--help");
                    return ExitCode.INVALID_REQUEST.code();
                });
        return command;
    }

    /**
     * Says what went wrong. A stack trace helps only those who have the source at hand; {@code ADED_DEBUG} shows it.
     */
    static int fail(Terminal terminal, Throwable failure) {
        terminal.out().flush();
        terminal.note("aded: "
                + (failure instanceof AdedException known
                        ? withHint(known)
                        : failure instanceof OutOfMemoryError
                                ? "the Java heap is full; give it more by ADED_JAVA_OPTIONS=-Xmx1g"
                                : "internal error: " + failure + "; ADED_DEBUG=1 shows where"));
        if (terminal.environment().variable("ADED_DEBUG") != null) {
            failure.printStackTrace(terminal.err());
        }
        return ExitCode.of(failure).code();
    }

    /** What went wrong, and what to type about it where that is known. */
    static String withHint(AdedException failure) {
        String more = failure instanceof AdedException.InvalidRequest request && request.leftOut() > 0
                ? "; " + request.leftOut() + " more are wrong"
                : "";
        String hint = OptionNames.hint(failure);
        return failure.getMessage() + more + (hint == null ? "" : " (" + hint + ")");
    }

    /** The file is needed before the command line can be read with the defaults that it holds. */
    private static @Nullable String configurationFile(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--config") && i + 1 < arguments.length) {
                return arguments[i + 1];
            }
            if (arguments[i].startsWith("--config=")) {
                return arguments[i].substring("--config=".length());
            }
        }
        return null;
    }

    /** Hands the terminal to every command that asks for it. */
    private record Factory(Terminal terminal) implements IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            boolean wantsTerminal = Arrays.stream(type.getDeclaredConstructors())
                    .anyMatch(constructor ->
                            Arrays.equals(constructor.getParameterTypes(), new Class<?>[] {Terminal.class}));
            return wantsTerminal
                    ? type.getDeclaredConstructor(Terminal.class).newInstance(terminal)
                    : CommandLine.defaultFactory().create(type);
        }
    }
}
