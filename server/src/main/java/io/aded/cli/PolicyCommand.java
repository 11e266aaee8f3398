package io.aded.cli;

import io.aded.draft.select.DrafterChoice;
import io.aded.host.AdedVersion;
import io.aded.lab.policy.Outcomes;
import io.aded.lab.policy.PolicyTraining;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Figures;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The choice among drafters by the prompt, trained on what was measured. */
@Command(
        name = "policy",
        description = "Trains and describes what chooses among table, draft model, both and none by the prompt.",
        subcommands = {PolicyCommand.Train.class, PolicyCommand.Show.class})
final class PolicyCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing; one of train, show");
    }

    @Command(
            name = "train",
            description = {
                "Trains a choice on results of \"aded bench --draft-model … --modes off,auto,auto-table,model --json"
                        + " FILE\": by each of them, how fast every prompt was answered.",
                "Tells what the choice would have been worth on prompts that it had not seen, beside the best single"
                        + " drafter and the best for each prompt. The same results give the same file."
            })
    static final class Train implements Callable<Integer> {
        private final Terminal terminal;

        @Option(
                names = "--results",
                required = true,
                split = ",",
                paramLabel = "FILE",
                description = "What aded bench --json wrote; may be given often, for one vocabulary.")
        private List<Path> results = List.of();

        @Option(
                names = "--group-by",
                paramLabel = "task|category",
                description = "What is reported together. Default: task.")
        private Scenario.Grouping grouping = Scenario.Grouping.TASK;

        @Option(
                names = "--folds",
                paramLabel = "K",
                description = "Each K-th part of the prompts is judged by what the others teach, 2 to 20. Default: 5.")
        private int folds = 5;

        @Option(
                names = {"-o", "--output"},
                required = true,
                paramLabel = "FILE",
                description = "Where to write the choice.")
        @SuppressWarnings("NullAway.Init")
        private Path output;

        Train(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            List<FieldViolation> wrong = new ArrayList<>();
            LoadOptions.within(wrong, "--folds", folds, 2, 20);
            LoadOptions.refuse(
                    wrong,
                    Files.isDirectory(output),
                    "--output",
                    "names " + output + ", which is a folder; allowed: a file");
            if (!wrong.isEmpty()) {
                throw new AdedException.InvalidRequest(wrong);
            }
            Outcomes outcomes = Outcomes.read(results, grouping);
            PolicyTraining training = PolicyTraining.of(outcomes, folds, AdedVersion.text());
            try {
                training.choice().toEnvelope().writeTo(output);
            } catch (IOException e) {
                throw new AdedException.InvalidArtifact("NOT_WRITTEN", "cannot write " + output, e);
            }
            terminal.out().print(training.report());
            if (outcomes.leftOut() > 0) {
                terminal.out()
                        .println("\nLeft out, since not every arm answered at length: "
                                + Figures.count(outcomes.leftOut(), "prompt") + ".");
            }
            terminal.out().flush();
            String use = terminal.program() + " serve --draft-model … --draft-policy " + output;
            terminal.note(
                    training.gain() > 1
                            ? "Use it: " + use
                            : "On prompts that it had not seen this choice was no faster than one arm for all of them;"
                                    + " more prompts may help. It was written all the same: " + use);
            return ExitCode.OK.code();
        }
    }

    @Command(
            name = "show",
            description = "Checks a choice and describes it: what it was trained on, its weights, and what it was worth"
                    + " on prompts that it had not seen.")
    static final class Show implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(paramLabel = "FILE", description = "The choice.")
        @SuppressWarnings("NullAway.Init")
        private Path file;

        Show(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            terminal.out().print(file + ": " + PolicyTraining.describe(DrafterChoice.read(file)));
            terminal.out().flush();
            return ExitCode.OK.code();
        }
    }
}
