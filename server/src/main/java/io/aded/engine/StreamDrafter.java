package io.aded.engine;

import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.model.TokenTree;

/**
 * What drafts for one stream: its state at a proposer, how its speculation is controlled, and how far the state has
 * seen the stream's history.
 *
 * <p>Owned by the engine thread.
 */
final class StreamDrafter {
    private static final int NONE = -1;

    /** Where nothing is drafted into. */
    private static final TokenTree NOWHERE = new TokenTree(0);

    /** Beside the state: this, the request, and the control with its windows. */
    private static final int BYTES = 1024;

    private final DraftSource source;
    private final DraftState state;
    private final SpeculationControl control;

    /** How it is asked for the running turn's tree. */
    private DraftRequest request;

    /** Tokens of the history that the state has seen. */
    private int seen;

    /** The end token that it saw after them when an answer was closed, or -1: the history may lack it. */
    private int endSeen = NONE;

    StreamDrafter(DraftSource source, DraftState state, SpeculationControl control) {
        this.source = source;
        this.state = state;
        this.control = control;
        request = new DraftRequest(state, NOWHERE);
    }

    /** Drafts go into this tree from now on. */
    void draftInto(TokenTree tree) {
        if (request.tree() != tree) {
            request = new DraftRequest(state, tree);
        }
    }

    /** No turn is running: the last one's tree is nobody's. */
    void rest() {
        draftInto(NOWHERE);
    }

    /** The heap that it takes, in bytes. */
    long bytes() {
        return BYTES + state.stateBytes();
    }

    /** How it is asked for a draft, and what that took. */
    DraftRequest request() {
        return request;
    }

    /** Where it drafts, together with other streams. */
    DraftSource source() {
        return source;
    }

    DraftState state() {
        return state;
    }

    SpeculationControl control() {
        return control;
    }

    /** The history was rewritten from here on: only its first {@code standing} tokens are what they were. */
    void rewritten(int standing) {
        if (seen > standing) {
            rewind(standing);
        }
    }

    private void rewind(int length) {
        state.rewind(length);
        seen = length;
        endSeen = NONE;
    }

    /**
     * Has the state read what it has not seen.
     *
     * @param tokens the history; the first {@code length} entries count
     */
    void read(int[] tokens, int length) {
        int from = seen;
        if (endSeen != NONE && from < length) {
            if (tokens[from] == endSeen) {
                from++;
            } else {
                rewind(seen);
            }
        }
        if (from < length) {
            state.learnPrompt(tokens, from, length);
            endSeen = NONE;
        }
        seen = length;
    }

    /**
     * The state was told the outcome of a round.
     *
     * @param length tokens of the history by now
     * @param end the end token that closed the answer, or -1
     */
    void saw(int length, int end) {
        seen = length;
        endSeen = end;
    }

    /** The stream is over, or forgets what was learned. */
    void close() {
        state.close();
    }
}
