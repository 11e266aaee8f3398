package io.aded.bench;

import io.aded.draft.DraftLimits;
import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Fits the evidence weights that a new server starts with, by the drafter's own learning over recorded answers.
 *
 * <p>Usage: {@code PriorFitting DATA_DIR OUTPUT_FILE}; the output replaces {@code evidence-prior.txt} among the server's
 * resources whenever the cells of the evidence have changed.
 */
public final class PriorFitting {
    private static final int NODES = 12;
    static final int EPOCHS = 12;

    private PriorFitting() {}

    /** See the class. */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            throw new IllegalArgumentException("usage: PriorFitting DATA_DIR OUTPUT_FILE");
        }
        List<RecordedAnswer> answers = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of(args[0]))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".bin"))
                    .sorted(Comparator.naturalOrder())
                    .toList()) {
                RecordedAnswer.read(file).stream()
                        .map(RecordedAnswer::withoutLoop)
                        .forEach(answers::add);
            }
        }
        try (Writer out = Files.newBufferedWriter(Path.of(args[1]))) {
            fit(answers, EPOCHS).write(out);
        }
    }

    /** Weights fitted to the given answers. */
    static EvidenceWeights fit(List<RecordedAnswer> answers, int epochs) {
        EvidenceWeights weights = EvidenceWeights.untrained();
        for (int epoch = 0; epoch < epochs; epoch++) {
            Replay replay = new Replay(new DraftLimits(NODES, 32, 64));
            for (RecordedAnswer answer : answers) {
                replay.run(Drafters.ADED.create(DrafterSettings.DEFAULT.withEvidenceWeights(weights)), answer);
            }
        }
        return weights;
    }
}
