package io.aded.lab.offline;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.model.AdedException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates drafters on recorded answers, without a model and in seconds: the recorded continuation plays the target.
 *
 * <p>Every answer is a stream of its own and starts with an empty drafter. What differs from a live run: the target's
 * views are known at accepted nodes only, and every pass is as wide as asked for.
 */
public final class OfflineEvaluation {
    private final RecordedSets sets;
    private final Settings settings;
    private final Map<Integer, EvidenceWeights> fitted = new LinkedHashMap<>();
    private @Nullable List<RecordedAnswer> fittedTo;

    /**
     * How drafters are evaluated.
     *
     * @param nodes numbers of draft nodes, each at least 1; a column each
     * @param depth longest path, at least 1
     * @param branches most leaves, at least 1
     * @param folds each such part of the answers starts from weights fitted to the others; 1 for the prior as shipped
     * @param ownWeights whether each answer learns its evidence weights alone; else the answers share them, as the
     *     streams of an engine do
     * @param untrained whether to start from weights that have seen nothing
     * @param calibration whether to tell predicted and delivered acceptance, by tenths of the probability
     * @param times whether to tell the microseconds to draft a tree and to learn a token
     */
    public record Settings(
            List<Integer> nodes,
            int depth,
            int branches,
            int folds,
            boolean ownWeights,
            boolean untrained,
            boolean calibration,
            boolean times) {
        /** The widths of the README's table, cold, without cross-validation. */
        public static final Settings DEFAULT = new Settings(List.of(12), 32, 64, 1, false, false, false, false);
    }

    /** Prepares an evaluation. */
    public OfflineEvaluation(RecordedSets sets, Settings settings) {
        this.sets = sets;
        this.settings = settings;
    }

    /** Makes a drafter for one answer. */
    @FunctionalInterface
    private interface Factory {
        Drafter create(@Nullable EvidenceWeights weights);
    }

    /** A row of the tables. */
    private record Row(String label, Factory factory) {}

    /**
     * Prints the mean acceptance length of each drafter: a table for each set, a column for each number of nodes.
     *
     * @param drafters labels of draft modes
     * @throws IllegalArgumentException if there is no such mode, or it needs a draft model
     */
    public void print(PrintStream out, List<String> drafters) {
        printRows(out, drafters.stream().map(OfflineEvaluation::row).toList());
    }

    /** Prints the steps from the published drafter to ours in the same way. */
    public void printAblation(PrintStream out) {
        List<Row> rows = new ArrayList<>();
        rows.add(new Row("aded-mcts (published)", weights -> Drafters.ADED_MCTS.create(drafterSettings(weights))));
        for (AdedStage stage : AdedStage.values()) {
            rows.add(new Row(stage.label(), weights -> Drafters.create(stage, drafterSettings(weights))));
        }
        printRows(out, rows);
    }

    /**
     * The mean acceptance length of a drafter on a set.
     *
     * @param drafter label of a draft mode
     * @param budget draft nodes a pass
     * @return at least 1
     * @throws IllegalArgumentException if there is no such mode or set
     */
    public double meanAcceptanceLength(String set, String drafter, int budget) {
        List<RecordedAnswer> answers = sets.byName().get(set);
        if (answers == null) {
            throw new IllegalArgumentException(
                    "there is no set " + set + "; there are: " + sets.byName().keySet());
        }
        return evaluate(answers, row(drafter).factory(), budget).meanAcceptanceLength();
    }

    private static Row row(String drafter) {
        DrafterKind mode = Drafters.namedWithoutModel(drafter);
        return new Row(drafter, weights -> mode.create(drafterSettings(weights)));
    }

    private void printRows(PrintStream out, List<Row> rows) {
        sets.byName().forEach((name, answers) -> {
            int tokens =
                    answers.stream().mapToInt(answer -> answer.answer().length).sum();
            out.printf(
                    Locale.ROOT,
                    "%n%s: %d answers, %d tokens%n",
                    AdedException.printable(name),
                    answers.size(),
                    tokens);
            StringBuilder head = new StringBuilder(String.format(Locale.ROOT, "%-36s", "draft nodes"));
            for (int budget : settings.nodes()) {
                head.append(String.format(Locale.ROOT, "%7d", budget));
            }
            out.println(head);
            for (Row row : rows) {
                print(out, row, answers);
            }
        });
    }

    private static DrafterSettings drafterSettings(@Nullable EvidenceWeights weights) {
        return DrafterSettings.DEFAULT.withEvidenceWeights(weights);
    }

    private void print(PrintStream out, Row row, List<RecordedAnswer> answers) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-36s", row.label()));
        List<String> details = new ArrayList<>();
        for (int budget : settings.nodes()) {
            Replay replay = evaluate(answers, row.factory(), budget);
            line.append(String.format(Locale.ROOT, "%7.3f", replay.meanAcceptanceLength()));
            if (settings.calibration()) {
                details.add(calibrationOf(budget, replay));
            }
            if (settings.times()) {
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
        Replay replay = new Replay(new DraftLimits(budget, settings.depth(), settings.branches()));
        for (int fold = 0; fold < settings.folds(); fold++) {
            Supplier<EvidenceWeights> start = start(answers, fold);
            EvidenceWeights shared = start.get();
            for (int i = fold; i < answers.size(); i += settings.folds()) {
                replay.run(factory.create(settings.ownWeights() ? start.get() : shared), answers.get(i));
            }
        }
        return replay;
    }

    private Supplier<EvidenceWeights> start(List<RecordedAnswer> answers, int fold) {
        if (settings.untrained()) {
            return EvidenceWeights::untrained;
        }
        if (settings.folds() == 1) {
            return EvidenceWeights::create;
        }
        if (fittedTo != answers) {
            fitted.clear();
            fittedTo = answers;
        }
        EvidenceWeights weights =
                fitted.computeIfAbsent(fold, f -> PriorFitting.fitWithout(sets, answers, f, settings.folds()));
        return weights::copy;
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
