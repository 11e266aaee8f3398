package io.aded.lab.offline;

import io.aded.draft.DraftLimits;
import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.lab.recording.RecordedAnswer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Fits the evidence weights that a new server starts with, by the drafter's own learning over recorded answers. */
public final class PriorFitting {
    private static final int NODES = 12;
    private static final int EPOCHS = 12;

    private PriorFitting() {}

    /** Weights fitted to all answers. */
    public static EvidenceWeights fit(List<RecordedAnswer> answers) {
        EvidenceWeights weights = EvidenceWeights.untrained();
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            Replay replay = new Replay(new DraftLimits(NODES, 32, 64));
            for (RecordedAnswer answer : answers) {
                replay.run(Drafters.ADED.create(DrafterSettings.DEFAULT.withEvidenceWeights(weights)), answer);
            }
        }
        return weights;
    }

    /** Weights fitted to all recorded sets but every {@code folds}-th of {@code answers}, from {@code fold}. */
    static EvidenceWeights fitWithout(RecordedSets sets, List<RecordedAnswer> answers, int fold, int folds) {
        List<RecordedAnswer> others = new ArrayList<>(sets.recorded());
        for (int i = fold; i < answers.size(); i += folds) {
            int[] prompt = answers.get(i).prompt();
            others.removeIf(other -> Arrays.equals(other.prompt(), prompt));
        }
        return fit(others);
    }
}
