package io.aded.draft;

import java.util.List;

/**
 * A proposer that looks at each stream by itself. Threads may ask it for different streams at once, and use the states
 * of different streams at once; {@link #open}, {@link DraftState#share} and all else stay the engine's thread's.
 */
public interface StreamwiseProposer extends Proposer {

    /**
     * Drafts for one stream, if it wants a draft, as {@link #propose(List)} does for several. Throws nothing: where it
     * fails, the request {@linkplain DraftRequest#failed has failed}.
     */
    void propose(DraftRequest asking);

    @Override
    default void propose(List<DraftRequest> asking) {
        for (int i = 0; i < asking.size(); i++) {
            propose(asking.get(i));
        }
    }
}
