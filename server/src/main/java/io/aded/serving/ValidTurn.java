package io.aded.serving;

import io.aded.engine.TurnRequest;

/**
 * A turn that {@link TurnValidator} has looked at, and that nobody needs to look at again. What depends on the state of
 * the conversation (whether the prompt fits into what is left, whether messages may follow) is the engine's to say.
 */
public final class ValidTurn {
    private final TurnRequest request;
    private final Constraint constraint;

    /** The validator's. */
    ValidTurn(TurnRequest request, Constraint constraint) {
        this.request = request;
        this.constraint = constraint;
    }

    /** What the answer must match, as it was asked for. */
    Constraint constraint() {
        return constraint;
    }

    /** The turn as the engine takes it. */
    public TurnRequest request() {
        return request;
    }

    @Override
    public String toString() {
        return "a valid turn of up to " + request.maxTokens() + " tokens"; // and no word of its prompt
    }
}
