package io.aded.draft.select;

import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.draft.NodeSource;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftModel;
import io.aded.draft.neural.DraftStream;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;

/** One stream that is drafted for by a table and a draft model: the parts of both, and the search that hears both. */
abstract sealed class TableAndModel implements DraftState permits JointState, MixedState {
    static final String WITH_MODEL = AdedDrafter.NAME + "+model";

    final AdedDrafter table;
    final DraftStream stream;
    final PathOpinions opinions;
    final Emitted emitted = new Emitted();

    /** The model's passes that the round has had. */
    int levels;

    /** What the host took to draft for the stream in this round, apart from the model, in nanoseconds. */
    long hostNanos;

    /**
     * A stream of which nothing is known yet.
     *
     * @param mixer of all streams of the proposer
     */
    TableAndModel(AdedDrafter table, DraftModel model, LogisticMixer mixer) {
        this.table = table;
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
    }

    @Override
    public void rewind(int length) {
        table.rewind(length);
        stream.rewind(length);
    }

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {
        table.observe(tree, node, target);
    }

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        table.accept(tree, lastAccepted, bonusToken);
        stream.accept(tree, lastAccepted, bonusToken);
    }

    @Override
    public void share() {
        table.share();
    }

    @Override
    public long stateBytes() {
        return table.stateBytes() + stream.stateBytes() + opinions.stateBytes() + emitted.stateBytes();
    }

    @Override
    public void close() {
        table.close();
        stream.close();
    }
}
