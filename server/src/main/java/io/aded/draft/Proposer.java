package io.aded.draft;

import java.util.List;

/**
 * What drafts for all streams of an engine, asked once a pass. Used by the engine's thread only.
 *
 * <p>In a pass the engine calls {@link #propose} with every stream that is to be verified and has a state here, then
 * plays the pass, then tells each state what came of it ({@link DraftState#observe}, {@link DraftState#accept}), then
 * calls {@link #settle} with the same streams.
 */
public interface Proposer extends AutoCloseable {
    /*
     * Why per pass and not per stream
     *
     *   A drafter that is itself a model has to see all streams at once: it drafts level by level, one small forward
     *   pass for every stream that wants another level. The first stream pays for the level, the others ride along; so
     *   the price is asked per level (levelNanos), not per node. llama.cpp (begin, process, draft, accept) and vLLM
     *   (propose) draw the line at the same place; this one adds trees and their probabilities.
     *
     *   Where the draft model takes over the target's KV cells, it needs to know the stream's sequence
     *   (DraftRequest.sequence) and a moment when the accepted tokens stand and all others are gone (settle).
     *
     *   Drafters that look only at their own stream are asked one by one, by several threads at once where an engine
     *   has them: see StreamwiseProposer.
     */

    /** Opens the state of a stream that has no tokens yet. Who opens it closes it. */
    DraftState open();

    /**
     * Drafts for all streams of the pass that ask, into their trees. A request that wants no draft is in the list all
     * the same, since its stream will be verified. Tells each request {@linkplain DraftRequest#drafted how long} it
     * took. Allocates nothing once the states have grown.
     *
     * <p>A failure that concerns one stream is said of {@linkplain DraftRequest#failed its request}; what is thrown
     * ends the turns of all that ask.
     *
     * <p>It may be called again with no outcome in between: then the pass did not happen, and the states stand where
     * they stood.
     *
     * @param asking states opened here; each tree holds its root and nothing else
     */
    void propose(List<DraftRequest> asking);

    /**
     * The pass is over: every state has seen its outcome, and the target's cache holds the accepted tokens and no
     * others. {@link DraftRequest#committed} says how many tokens those are. A drafter with a cache of its own brings
     * it up to date here, for all streams at once. Nothing by default.
     *
     * @param pass the streams that were verified
     */
    default void settle(List<DraftRequest> pass) {}

    /**
     * What one more level of drafts costs when so many streams want it, in nanoseconds, whatever the number of nodes; 0
     * if drafting takes no forward pass, so that what requests are {@linkplain DraftRequest#drafted charged} is all
     * there is to pay.
     *
     * @param streams 1 or more
     */
    double levelNanos(int streams);

    /** How the drafters fared among which this one chooses; none by default, where there is no choice. */
    default List<ArmStatistics> arms() {
        return List.of();
    }

    /** Gives back all it holds, once. States must have been closed before. */
    @Override
    void close();
}
