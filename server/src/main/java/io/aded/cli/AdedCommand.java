package io.aded.cli;

import io.aded.host.AdedVersion;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command that holds the others. */
@Command(
        name = "aded",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = AdedCommand.Version.class,
        sortOptions = false,
        usageHelpAutoWidth = true,
        description = "Serves llama.cpp models over gRPC, faster by lossless adaptive draft verification.",
        footer = {
            "",
            // A line a paragraph: they are broken to the terminal's width.
            "Every option can be set by the environment (--gpu-layers by ADED_GPU_LAYERS) and in the"
                    + " configuration file (gpu-layers: 0), ~/.config/aded/config.yaml unless --config names another.",
            "",
            "Exit status: 0 done, 1 fault of the program, 2 wrong usage or request, 3 not found, 4 unusable file,"
                    + " 5 not possible now, 6 out of room, 7 unreachable, 8 too late, 130 interrupted."
        },
        subcommands = {
            ServeCommand.class,
            GenerateCommand.class,
            ChatCommand.class,
            ModelsCommand.class,
            NativesCommand.class,
            DraftCommand.class,
            BenchCommand.class,
            LoadCommand.class,
            RecordCommand.class,
            ReplayCommand.class,
            SimulateCommand.class,
            AlignCommand.class,
            DoctorCommand.class,
            WarmUpCommand.class,
        })
final class AdedCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--config",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE",
            description = "Read defaults of options from this YAML file.")
    @SuppressWarnings("unused")
    private String config = "";

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Log more, llama.cpp's own messages included; twice for all of it.")
    private boolean[] verbose = new boolean[0];

    int verbosity() {
        return verbose.length;
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is missing; one of "
                        + spec.subcommands().entrySet().stream()
                                .filter(command -> !command.getValue()
                                        .getCommandSpec()
                                        .usageMessage()
                                        .hidden())
                                .map(Map.Entry::getKey)
                                .collect(Collectors.joining(", ")));
    }

    /** What {@code --version} prints. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"aded " + AdedVersion.text()};
        }
    }
}
