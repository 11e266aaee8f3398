package io.aded.serving;

import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftPolicy;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of drafting; null where it says nothing. If it names a drafter, bounds that it does not name are
 * that drafter's own; if it does not, they stay as they were.
 *
 * @param drafter the drafter's name
 * @param maxNodes the most draft tokens a round
 * @param maxDepth the longest path
 * @param maxBranches the most leaves
 * @param shareLearned whether what is learned may outlive the stream
 */
public record DraftChoice(
        @Nullable String drafter,
        @Nullable Integer maxNodes,
        @Nullable Integer maxDepth,
        @Nullable Integer maxBranches,
        @Nullable Boolean shareLearned) {

    /** Nothing said. */
    public static final DraftChoice NONE = new DraftChoice(null, null, null, null, null);

    /** What is in force after it; an unknown drafter is reported, and then the one before stays. */
    DraftPolicy over(DraftPolicy before, Violations wrong) {
        DraftPolicy base = before;
        if (drafter != null) {
            try {
                base = DraftPolicy.of(Drafters.named(drafter));
            } catch (IllegalArgumentException unknown) {
                wrong.add("draft.mode", String.valueOf(unknown.getMessage()));
            }
        }
        return new DraftPolicy(
                base.mode(),
                maxNodes != null ? maxNodes : base.maxNodes(),
                maxDepth != null ? maxDepth : base.maxDepth(),
                maxBranches != null ? maxBranches : base.maxBranches(),
                shareLearned != null ? shareLearned : before.shareLearned());
    }
}
