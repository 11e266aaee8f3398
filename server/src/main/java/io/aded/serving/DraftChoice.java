package io.aded.serving;

import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftPolicy;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of drafting; null where it says nothing. Whoever names a drafter takes that drafter's own bounds
 * where they name none; otherwise bounds stay as they were.
 *
 * @param drafter the drafter's name
 * @param maxNodes the most draft tokens a round
 * @param maxDepth the longest path
 * @param maxBranches the most leaves
 * @param shareLearned whether what is learned may outlive the stream
 * @param allowsTraining whether prompt and answer may be kept to train draft models by
 */
public record DraftChoice(
        @Nullable String drafter,
        @Nullable Integer maxNodes,
        @Nullable Integer maxDepth,
        @Nullable Integer maxBranches,
        @Nullable Boolean shareLearned,
        @Nullable Boolean allowsTraining) {

    /** Nothing said. */
    public static final DraftChoice NONE = new DraftChoice(null, null, null, null, null, null);

    /** Nothing said of training. */
    public DraftChoice(
            @Nullable String drafter,
            @Nullable Integer maxNodes,
            @Nullable Integer maxDepth,
            @Nullable Integer maxBranches,
            @Nullable Boolean shareLearned) {
        this(drafter, maxNodes, maxDepth, maxBranches, shareLearned, null);
    }

    /**
     * What is in force after it; an unknown drafter is reported, and then the one before stays.
     *
     * @param before what is in force
     * @param server what the server has in force, and fields of {@code cleared} return to
     * @param cleared such as {@code draft.max_nodes}. A bound that is cleared is as if nobody had named it: the
     *     server's own beside the server's own drafter, and the drafter's own beside another
     * @param hasDraftModel whether drafters that need a second model are among those that can be named
     */
    DraftPolicy over(
            DraftPolicy before, DraftPolicy server, Set<String> cleared, boolean hasDraftModel, Violations wrong) {
        DraftPolicy base = before;
        if (drafter != null) {
            base = named(drafter, before, hasDraftModel, wrong);
        } else if (cleared.contains("draft.mode")) {
            base = server;
        }
        DraftPolicy unsaid = base.mode().equals(server.mode()) ? server : DraftPolicy.of(base.mode());
        return new DraftPolicy(
                base.mode(),
                bound(maxNodes, cleared.contains("draft.max_nodes"), base.maxNodes(), unsaid.maxNodes()),
                bound(maxDepth, cleared.contains("draft.max_depth"), base.maxDepth(), unsaid.maxDepth()),
                bound(maxBranches, cleared.contains("draft.max_branches"), base.maxBranches(), unsaid.maxBranches()),
                shares(before, server, cleared),
                allows(before, cleared));
    }

    private static DraftPolicy named(String drafter, DraftPolicy before, boolean hasDraftModel, Violations wrong) {
        try {
            return DraftPolicy.of(Drafters.named(drafter, hasDraftModel));
        } catch (IllegalArgumentException unknown) {
            wrong.add("draft.mode", String.valueOf(unknown.getMessage()));
            return before;
        }
    }

    private static int bound(@Nullable Integer said, boolean cleared, int before, int unsaid) {
        if (said != null) {
            return said;
        }
        return cleared ? unsaid : before;
    }

    private boolean shares(DraftPolicy before, DraftPolicy server, Set<String> cleared) {
        if (shareLearned != null) {
            return shareLearned;
        }
        return cleared.contains("draft.share_learned") ? server.shareLearned() : before.shareLearned();
    }

    /** Nobody consents for a caller, so that what is cleared is no consent whatever the server's own policy is. */
    private boolean allows(DraftPolicy before, Set<String> cleared) {
        if (allowsTraining != null) {
            return allowsTraining;
        }
        return !cleared.contains("draft.allow_training") && before.allowsTraining();
    }
}
