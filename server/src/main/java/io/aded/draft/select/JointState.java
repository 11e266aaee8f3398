package io.aded.draft.select;

import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.draft.NodeSource;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftModel;
import io.aded.draft.neural.DraftStream;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import org.jspecify.annotations.Nullable;

/** One stream of a {@link JointProposer}: its table, its stream of the draft model, and the round that is going on. */
final class JointState implements DraftState {
    /** Beside the parts: the object and its round. */
    private static final int BYTES = 256;

    private final DraftModel model;
    final AdedDrafter table;
    final DraftStream stream;
    final PathOpinions opinions;
    private final Emitted emitted = new Emitted();

    /** The model's passes that the round has had. */
    int levels;

    /** What the host took to draft for the stream in this round, apart from the model. */
    long hostNanos;

    /** What the model was in the round that is being verified; null if it was not drafted for. */
    DraftModel.@Nullable Part part;

    JointState(AdedDrafter table, DraftModel model, LogisticMixer mixer) {
        this.table = table;
        this.model = model;
        stream = model.open();
        opinions = new PathOpinions(stream, mixer);
    }

    /** Searches anew, with what the model has said. */
    void search(DraftRequest request) {
        TokenTree tree = request.tree();
        tree.reset(tree.token(0));
        opinions.search();
        table.draft(tree, request.limits(), opinions);
    }

    @Override
    public String name() {
        return levels == 0 ? AdedDrafter.NAME : MixedState.WITH_MODEL;
    }

    @Override
    public String source(int tag) {
        return switch (tag) {
            case PathOpinions.MODEL -> NodeSource.MODEL;
            case PathOpinions.BOTH -> NodeSource.BOTH;
            default -> NodeSource.TABLE;
        };
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        table.learnPrompt(tokens, from, to);
        stream.learn(tokens, from, to);
        part = null;
    }

    @Override
    public void rewind(int length) {
        table.rewind(length);
        stream.rewind(length);
        part = null;
    }

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {
        table.observe(tree, node, target);
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
        table.accept(tree, lastAccepted, bonusToken);
        stream.accept(tree, lastAccepted, bonusToken);
    }

    @Override
    public void share() {
        table.share();
    }

    @Override
    public long stateBytes() {
        return BYTES + table.stateBytes() + stream.stateBytes() + opinions.stateBytes() + emitted.stateBytes();
    }

    @Override
    public void close() {
        table.close();
        stream.close();
    }
}
