package io.aded.draft.select;

import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftModel;
import io.aded.model.TokenTree;
import org.jspecify.annotations.Nullable;

/** One stream of a {@link JointProposer}, and the round that is going on. */
final class JointState extends TableAndModel {
    /** Beside the parts: the object and its round. */
    private static final int BYTES = 256;

    private final DraftModel model;

    /** What the model was in the round that is being verified; null if it was not drafted for. */
    DraftModel.@Nullable Part part;

    JointState(AdedDrafter table, DraftModel model, LogisticMixer mixer) {
        super(table, model, mixer);
        this.model = model;
    }

    @Override
    public String name() {
        return levels == 0 ? AdedDrafter.NAME : WITH_MODEL;
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        super.learnPrompt(tokens, from, to);
        part = null;
    }

    @Override
    public void rewind(int length) {
        super.rewind(length);
        part = null;
    }

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        if (part != null) {
            model.played(part);
            part = null;
            if (levels > 0) {
                emitted.of(tree, lastAccepted, bonusToken);
                opinions.learn(emitted.tokens(), tree.depth(lastAccepted) + 1, null);
            }
        }
        super.accept(tree, lastAccepted, bonusToken);
    }

    @Override
    public long stateBytes() {
        return BYTES + super.stateBytes();
    }
}
