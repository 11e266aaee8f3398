package io.aded.cli;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.lab.offline.OfflineEvaluation;
import io.aded.lab.offline.RecordedSets;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Evaluates drafters on recorded answers. */
@Command(
        name = "replay",
        description = {
            "Replays recorded answers through drafters, without a model: tokens a forward pass (mean acceptance length)"
                    + " at fixed numbers of draft nodes.",
            "There is no clock in it: the figures are the same on every machine."
        })
final class ReplayCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin
    private final RecordingOptions recordings = new RecordingOptions();

    @Option(names = "--nodes", split = ",", paramLabel = "N", description = "Draft nodes, a column each. Default: 12.")
    private List<Integer> nodes = List.of(12);

    @Option(
            names = "--drafters",
            split = ",",
            paramLabel = "NAME",
            description = "Draft modes that need no draft model. Default: all of them that draft at a fixed budget.")
    private List<String> drafters = Drafters.withoutModel().stream()
            .filter(kind -> kind.drafts() && !kind.budgeted())
            .map(DrafterKind::label)
            .toList();

    @Option(names = "--ablation", description = "The steps from the published drafter to ours instead.")
    private boolean ablation;

    @Option(names = "--depth", paramLabel = "N", description = "Longest path. Default: ${DEFAULT-VALUE}.")
    private int depth = 32;

    @Option(names = "--branches", paramLabel = "N", description = "Most leaves. Default: ${DEFAULT-VALUE}.")
    private int branches = 64;

    @Option(
            names = "--own-weights",
            description = "Each answer learns its evidence weights alone; by default an engine's streams share them.")
    private boolean ownWeights;

    @Option(
            names = "--folds",
            paramLabel = "K",
            description = "Cross-validate: each K-th part of the answers starts from weights fitted to the others."
                    + " Default: 1, the weights as shipped.")
    private int folds = 1;

    @Option(names = "--untrained", description = "Start from weights that have seen nothing, instead of those shipped.")
    private boolean untrained;

    @Option(names = "--calibration", description = "Also predicted and delivered acceptance, by tenths.")
    private boolean calibration;

    @Option(names = "--times", description = "Also microseconds to draft a tree and to learn a token.")
    private boolean times;

    ReplayCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        List<FieldViolation> wrong = new ArrayList<>();
        for (int width : nodes) {
            LoadOptions.within(wrong, "--nodes", width, 1, 256);
        }
        LoadOptions.within(wrong, "--depth", depth, 1, 256);
        LoadOptions.within(wrong, "--branches", branches, 1, 256);
        LoadOptions.within(wrong, "--folds", folds, 1, 1000);
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        RecordedSets sets = recordings.read();
        OfflineEvaluation evaluation = new OfflineEvaluation(
                sets,
                new OfflineEvaluation.Settings(
                        nodes, depth, branches, folds, ownWeights, untrained, calibration, times));
        if (ablation) {
            evaluation.printAblation(terminal.out());
        } else {
            try {
                evaluation.print(terminal.out(), drafters);
            } catch (IllegalArgumentException e) {
                throw new AdedException.InvalidRequest("--drafters", String.valueOf(e.getMessage()));
            }
        }
        return ExitCode.OK.code();
    }
}
