package io.aded.engine;

import io.aded.draft.DraftLimits;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.FieldViolation;
import java.util.ArrayList;
import java.util.List;

/**
 * How a stream drafts.
 *
 * @param mode which drafter
 * @param maxNodes the most draft nodes a round, 0 to 256. Where the mode is {@linkplain DrafterKind#budgeted budgeted}
 *     the budget decides below it; in the other modes every round drafts as many as the drafter has, up to it
 * @param maxDepth the longest path, 1 to 64
 * @param maxBranches the most leaves, 1 to 64
 * @param shareLearned whether what this stream learns may outlive it (consent of the caller)
 * @param allowsTraining whether the server may keep prompt and answer to train draft models by (consent of the caller)
 */
public record DraftPolicy(
        DrafterKind mode, int maxNodes, int maxDepth, int maxBranches, boolean shareLearned, boolean allowsTraining) {

    /** The default: the budget decides. */
    public static final DraftPolicy AUTO = of(Drafters.AUTO);

    /** No draft. */
    public static final DraftPolicy OFF = of(Drafters.OFF);

    /** Nothing may be kept to train by. */
    public DraftPolicy(DrafterKind mode, int maxNodes, int maxDepth, int maxBranches, boolean shareLearned) {
        this(mode, maxNodes, maxDepth, maxBranches, shareLearned, false);
    }

    /** A mode with the bounds that its {@linkplain DrafterKind descriptor} names. */
    public static DraftPolicy of(DrafterKind mode) {
        DraftLimits bounds = mode.bounds();
        return new DraftPolicy(mode, bounds.maxNodes(), bounds.maxDepth(), bounds.maxBranches(), false);
    }

    /** The same with another bound on the nodes. */
    public DraftPolicy withMaxNodes(int nodes) {
        return new DraftPolicy(mode, nodes, maxDepth, maxBranches, shareLearned, allowsTraining);
    }

    /** The same with or without the caller's consent to keep prompt and answer. */
    public DraftPolicy withTraining(boolean allowed) {
        return new DraftPolicy(mode, maxNodes, maxDepth, maxBranches, shareLearned, allowed);
    }

    /** The bounds as a drafter takes them. */
    public DraftLimits limits() {
        return new DraftLimits(maxNodes, maxDepth, maxBranches);
    }

    /** Everything that is wrong, each named as the API names the field below {@code prefix}, such as {@code draft.}. */
    public List<FieldViolation> violations(String prefix) {
        List<FieldViolation> found = new ArrayList<>();
        within(found, prefix + "max_nodes", maxNodes, 0, 256);
        within(found, prefix + "max_depth", maxDepth, 1, 64);
        within(found, prefix + "max_branches", maxBranches, 1, 64);
        return found;
    }

    private static void within(List<FieldViolation> found, String field, int value, int least, int most) {
        if (value < least || value > most) {
            found.add(new FieldViolation(field, "is " + value + "; allowed: " + least + " to " + most));
        }
    }
}
