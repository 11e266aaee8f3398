package io.aded.bench;

import io.aded.draft.DraftLimits;
import io.aded.draft.DraftMode;
import io.aded.draft.DrafterSettings;
import io.aded.draft.Drafters;
import java.nio.file.Path;
import java.util.List;

/** Replays recorded answers through drafters, without a model, and prints their mean acceptance lengths. */
public final class OfflineEvaluation {
    private OfflineEvaluation() {}

    /** {@code args[0]}: the folder of recordings. */
    public static void main(String[] args) throws Exception {
        int[] nodes = {2, 4, 8, 12, 16, 24, 64};
        for (String name : List.of("mt_bench", "humaneval")) {
            List<RecordedAnswer> answers = RecordedAnswer.read(Path.of(args[0], name + ".bin")).stream()
                    .map(RecordedAnswer::withoutLoop)
                    .toList();
            StringBuilder line = new StringBuilder(name);
            StringBuilder times = new StringBuilder("  us: ");
            for (int budget : nodes) {
                Replay replay = new Replay(new DraftLimits(budget, 32, 256));
                for (RecordedAnswer answer : answers) {
                    replay.run(Drafters.create(DraftMode.ADED, DrafterSettings.DEFAULT), answer);
                }
                line.append(String.format(" %.3f", replay.meanAcceptanceLength()));
                times.append(String.format(
                        " %.1f/%.1f(%.2f:%.2f)",
                        replay.draftNanos / 1e3 / replay.passes,
                        replay.learnNanos / 1e3 / replay.tokens,
                        replay.predicted / replay.passes,
                        (double) replay.accepted / replay.passes));
            }
            System.out.println(line);
            System.out.println(times);
        }
    }
}
