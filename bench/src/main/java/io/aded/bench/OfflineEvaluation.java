package io.aded.bench;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Evaluates drafters on recorded answers, without a model and in seconds: the recorded continuation plays the target.
 *
 * <p>Every answer is a stream of its own and starts with an empty drafter. What differs from a live run: the target's
 * views are known at accepted nodes only, and every pass is as wide as asked for.
 */
@Command(
        name = "offline-evaluation",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Mean acceptance length of drafters on recorded answers, at fixed numbers of draft nodes.")
public final class OfflineEvaluation implements Runnable {
    /** Answers of chat in which copying gains less than this, in tokens a pass, count as open chat. */
    private static final double LITTLE_COPYING = 3.0;

    private static final String CHAT = "mt_bench";
    private static final int COPIED_TOKENS = 12;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "Folder of recordings (*.bin; the format is that of RecordedAnswer).")
    private Path data = Path.of("");

    @Option(names = "--nodes", split = ",", paramLabel = "N", description = "Draft nodes. Default: ${DEFAULT-VALUE}.")
    private int[] nodes = {2, 4, 8, 12, 16, 24, 64};

    @Option(names = "--drafters", split = ",", paramLabel = "MODE", description = "Default: all, by their labels.")
    private List<String> drafters = List.of("aded-mcts", "prompt-lookup", "ngram-simple", "ngram-cache", "aded");

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
            description = "Cross-validate: each K-th part of the answers starts from weights fitted to the others.")
    private int folds = 1;

    @Option(names = "--untrained", description = "Start from weights that have seen nothing, instead of the prior.")
    private boolean untrained;

    @Option(names = "--calibration", description = "Also predicted and delivered acceptance, by decile.")
    private boolean calibration;

    @Option(names = "--times", description = "Also microseconds to draft a tree and to learn a token.")
    private boolean times;

    @Spec
    private @Nullable CommandSpec spec;

    /** Runs the command line. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new OfflineEvaluation()).execute(args));
    }

    @Override
    public void run() {
        PrintWriter out = spec == null
                ? new PrintWriter(System.out, true)
                : spec.commandLine().getOut();
        try {
            for (Map.Entry<String, List<RecordedAnswer>> set : readSets(data).entrySet()) {
                print(out, set.getKey(), set.getValue());
            }
        } catch (IOException e) {
            throw new CommandLine.ExecutionException(
                    new CommandLine(this), "cannot read recordings in " + data + ": " + e.getMessage(), e);
        }
    }

    /** The recordings of a folder by name, loops cut, and the part of the chat that is little copied. */
    static Map<String, List<RecordedAnswer>> readSets(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(folder)) {
            files = listed.filter(file -> file.toString().endsWith(".bin"))
                    .sorted()
                    .toList();
        }
        Map<String, List<RecordedAnswer>> sets = new LinkedHashMap<>();
        for (Path file : files) {
            String name = file.getFileName().toString().replace(".bin", "");
            List<RecordedAnswer> answers = RecordedAnswer.read(file).stream()
                    .map(RecordedAnswer::withoutLoop)
                    .toList();
            sets.put(name, answers);
            if (name.equals(CHAT)) {
                sets.put(
                        "open chat",
                        answers.stream().filter(OfflineEvaluation::copiesLittle).toList());
            }
        }
        return sets;
    }

    private static boolean copiesLittle(RecordedAnswer answer) {
        Replay replay = new Replay(new DraftLimits(COPIED_TOKENS, COPIED_TOKENS, 1));
        replay.run(Drafters.PROMPT_LOOKUP.create(DrafterSettings.DEFAULT), answer);
        return replay.passes() > 0 && replay.meanAcceptanceLength() < LITTLE_COPYING;
    }

    private void print(PrintWriter out, String name, List<RecordedAnswer> answers) {
        int tokens = answers.stream().mapToInt(answer -> answer.answer().length).sum();
        out.printf(Locale.ROOT, "%n%s: %d answers, %d tokens%n", name, answers.size(), tokens);
        StringBuilder head = new StringBuilder(String.format(Locale.ROOT, "%-36s", "draft nodes"));
        for (int budget : nodes) {
            head.append(String.format(Locale.ROOT, "%7d", budget));
        }
        out.println(head);
        if (ablation) {
            row(out, "aded-mcts (published)", answers, weights -> Drafters.ADED_MCTS.create(settings(weights)));
            for (AdedStage stage : AdedStage.values()) {
                row(out, stage.label(), answers, weights -> Drafters.create(stage, settings(weights)));
            }
        } else {
            for (String drafter : drafters) {
                DrafterKind mode = Drafters.named(drafter);
                row(out, drafter, answers, weights -> mode.create(settings(weights)));
            }
        }
    }

    private static DrafterSettings settings(@Nullable EvidenceWeights weights) {
        return DrafterSettings.DEFAULT.withEvidenceWeights(weights);
    }

    /** Makes a drafter for one answer. */
    @FunctionalInterface
    interface Factory {
        Drafter create(@Nullable EvidenceWeights weights);
    }

    private void row(PrintWriter out, String label, List<RecordedAnswer> answers, Factory factory) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-36s", label));
        List<String> details = new ArrayList<>();
        for (int budget : nodes) {
            Replay replay = evaluate(answers, factory, budget);
            line.append(String.format(Locale.ROOT, "%7.3f", replay.meanAcceptanceLength()));
            if (calibration) {
                details.add(calibrationOf(budget, replay));
            }
            if (times) {
                details.add(String.format(
                        Locale.ROOT,
                        "  %d nodes: draft %.1f µs, learn %.1f µs a token",
                        budget,
                        replay.draftNanos() / 1e3 / replay.passes(),
                        replay.learnNanos() / 1e3 / replay.tokens()));
            }
        }
        out.println(line);
        details.forEach(out::println);
        out.flush();
    }

    private Replay evaluate(List<RecordedAnswer> answers, Factory factory, int budget) {
        Replay replay = new Replay(new DraftLimits(budget, depth, branches));
        for (int fold = 0; fold < folds; fold++) {
            Supplier<EvidenceWeights> start = start(answers, fold);
            EvidenceWeights shared = start.get();
            for (int i = fold; i < answers.size(); i += folds) {
                replay.run(factory.create(ownWeights ? start.get() : shared), answers.get(i));
            }
        }
        return replay;
    }

    private final Map<Integer, EvidenceWeights> fitted = new LinkedHashMap<>();
    private @Nullable List<RecordedAnswer> fittedTo;

    private Supplier<EvidenceWeights> start(List<RecordedAnswer> answers, int fold) {
        if (untrained) {
            return EvidenceWeights::untrained;
        }
        if (folds == 1) {
            return EvidenceWeights::create;
        }
        if (fittedTo != answers) {
            fitted.clear();
            fittedTo = answers;
        }
        EvidenceWeights weights = fitted.computeIfAbsent(fold, f -> fitWithout(data, answers, f, folds));
        return weights::copy;
    }

    /** Weights fitted to all recordings of a folder but every {@code folds}-th of {@code answers}, from {@code fold}. */
    static EvidenceWeights fitWithout(Path data, List<RecordedAnswer> answers, int fold, int folds) {
        List<RecordedAnswer> others = new ArrayList<>();
        try {
            for (Map.Entry<String, List<RecordedAnswer>> set : readSets(data).entrySet()) {
                if (!set.getKey().equals("open chat")) {
                    others.addAll(set.getValue());
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        for (int i = fold; i < answers.size(); i += folds) {
            int[] prompt = answers.get(i).prompt();
            others.removeIf(other -> java.util.Arrays.equals(other.prompt(), prompt));
        }
        return PriorFitting.fit(others, PriorFitting.EPOCHS);
    }

    private static String calibrationOf(int budget, Replay replay) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "  %d nodes: predicted %.3f delivered %.3f accepted a pass; by decile of probability:",
                budget,
                replay.predicted() / replay.passes(),
                (double) replay.accepted() / replay.passes()));
        for (int bin = 0; bin < Replay.BINS; bin++) {
            if (replay.nodesIn(bin) > 0) {
                text.append(
                        String.format(Locale.ROOT, "  %.2f→%.2f", replay.predictedIn(bin), replay.deliveredIn(bin)));
            }
        }
        return text.toString();
    }
}
