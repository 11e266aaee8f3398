package io.aded.lab.offline;

import io.aded.draft.DraftLimits;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.lab.recording.Recording;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Recorded answers by set, loops cut. The answers of {@value #CHAT} in which copying gains little are a set of their
 * own beside it: what they gain is not owed to repetition.
 */
public final class RecordedSets {
    /** The set whose open part is told apart. */
    static final String CHAT = "mt_bench";

    /** The answers of chat that are little copied. */
    static final String OPEN_CHAT = "open chat";

    /** Answers of chat in which copying gains less than this, in tokens a pass, count as open chat. */
    private static final double LITTLE_COPYING = 3.0;

    private static final int COPIED_TOKENS = 12;

    private final Map<String, List<RecordedAnswer>> sets;
    private final List<RecordedAnswer> recorded;

    private RecordedSets(Map<String, List<RecordedAnswer>> sets, List<RecordedAnswer> recorded) {
        this.sets = sets;
        this.recorded = recorded;
    }

    /** Recordings by their names, in their order. */
    public static RecordedSets of(Map<String, Recording> recordings) {
        Map<String, List<RecordedAnswer>> sets = new LinkedHashMap<>();
        List<RecordedAnswer> recorded = new ArrayList<>();
        recordings.forEach((name, recording) -> {
            List<RecordedAnswer> cut = recording.answers().stream()
                    .map(RecordedAnswer::withoutLoop)
                    .toList();
            sets.put(name, cut);
            recorded.addAll(cut);
            if (name.equals(CHAT)) {
                sets.put(
                        OPEN_CHAT,
                        cut.stream().filter(RecordedSets::copiesLittle).toList());
            }
        });
        return new RecordedSets(sets, List.copyOf(recorded));
    }

    /** The sets by name. An answer may be in two. */
    public Map<String, List<RecordedAnswer>> byName() {
        return sets;
    }

    /** Every answer once. */
    public List<RecordedAnswer> recorded() {
        return recorded;
    }

    private static boolean copiesLittle(RecordedAnswer answer) {
        Replay replay = new Replay(new DraftLimits(COPIED_TOKENS, COPIED_TOKENS, 1));
        replay.run(Drafters.PROMPT_LOOKUP.create(DrafterSettings.DEFAULT), answer);
        return replay.passes() > 0 && replay.meanAcceptanceLength() < LITTLE_COPYING;
    }
}
