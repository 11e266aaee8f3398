package io.aded.draft.neural;

import io.aded.draft.DraftState;
import io.aded.draft.NodeSource;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;

/** What a proposer that drafts by the model knows of one stream; learns from every outcome how far to trust it. */
abstract class ModelState implements DraftState {
    private static final int OWN_BYTES = 128;

    /** How fast a stream's own share of right guesses follows. */
    private static final double RATE = 0.1;

    private final String name;
    private final DraftStream stream;
    private final Calibration calibration;
    private double right;
    private boolean any;

    ModelState(String name, DraftStream stream, Calibration calibration) {
        this.name = name;
        this.stream = stream;
        this.calibration = calibration;
    }

    /** The stream in the model. */
    final DraftStream stream() {
        return stream;
    }

    final Calibration calibration() {
        return calibration;
    }

    /** The share of the model's first choices that were right lately, in this stream if it had any, else in all. */
    final double rightLately() {
        return any ? right : calibration.share();
    }

    /**
     * A round is over.
     *
     * @param drafted nodes that were verified, all below each other
     * @param accepted how many of them were accepted
     */
    abstract void verified(int drafted, int accepted);

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final String source(int tag) {
        return NodeSource.MODEL;
    }

    @Override
    public final void learnPrompt(int[] tokens, int from, int to) {
        stream.learn(tokens, from, to);
    }

    @Override
    public final void rewind(int length) {
        stream.rewind(length);
    }

    @Override
    public final void observe(TokenTree tree, int node, TopTokens target) {}

    @Override
    public final void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        int root = stream.length();
        stream.accept(tree, lastAccepted, bonusToken);
        int accepted = tree.depth(lastAccepted);
        // Whatever was verified: each opinion on the way that was taken is right or wrong about what came next.
        int scored = Math.min(accepted + 1, stream.opinions());
        for (int depth = 0; depth < scored && stream.remembers(root + depth); depth++) {
            int actual = stream.token(root + depth);
            TopTokens opinion = stream.opinion(depth);
            if (opinion.size() == 0) {
                break;
            }
            boolean hit = opinion.token(0) == actual;
            calibration.saw(opinion.probability(0), hit);
            double before = rightLately();
            right = before + RATE * ((hit ? 1 : 0) - before);
            any = true;
            if (depth < stream.pathLength() && stream.pathToken(depth) != actual) {
                break; // what it thought of a path that was not taken
            }
        }
        verified(tree.draftNodes(), accepted);
    }

    @Override
    public final long stateBytes() {
        return OWN_BYTES + stream.stateBytes();
    }

    @Override
    public final void close() {
        stream.close();
    }
}
