package io.aded.host;

import io.aded.model.ForwardingContext;
import io.aded.model.TargetContext;

/**
 * A context that its borrower closes and its owner keeps: to be closed means to be emptied, so that it can be lent
 * again at no cost. Memory for a cache that was found at the start cannot be missing later.
 */
final class LentContext extends ForwardingContext {
    private boolean lent;

    LentContext(TargetContext owned) {
        super(owned);
    }

    /** Lends it out. Used, as all but {@link #free}, by the engine's thread. */
    LentContext lend() {
        if (lent) {
            throw new IllegalStateException("the draft model's context is in use");
        }
        lent = true;
        return this;
    }

    /** Frees the cache, once nobody has it any more. */
    void free() {
        super.close();
    }

    @Override
    public void close() {
        if (lent) {
            lent = false;
            clear();
        }
    }
}
