package io.aded.template.jinja;

import io.aded.model.Patience;
import io.aded.template.jinja.TemplateException.Kind;

/** Counts what one rendering costs and stops it at its bounds. */
final class Meter {
    private static final int CLOCK_EVERY = 1024;

    private final Bounds bounds;
    private long steps;
    private long nextLook = CLOCK_EVERY;
    private int depth;

    Meter(Bounds bounds) {
        this.bounds = bounds;
    }

    /** One operation. */
    void step() {
        charge(1);
    }

    /** An operation that copies or looks at so many characters or items. */
    void work(long items) {
        charge(1 + items / 64);
    }

    private void charge(long cost) {
        steps += cost;
        if (steps > bounds.steps()) {
            throw new TemplateException(
                    Kind.EXHAUSTED, "the chat template takes more than " + bounds.steps() + " steps");
        }
        if (steps >= nextLook) {
            nextLook = steps + CLOCK_EVERY;
            Patience.check();
            if (bounds.clock().nanos() - bounds.deadlineNanos() >= 0 && bounds.deadlineNanos() != Long.MAX_VALUE) {
                throw new TemplateException(Kind.EXHAUSTED, "the chat template was not done by the call's deadline");
            }
        }
    }

    /** Before a text or list of so many characters or items is made. */
    void size(long length) {
        if (length > bounds.outputChars()) {
            throw new TemplateException(
                    Kind.EXHAUSTED,
                    "the chat template makes a text of more than " + bounds.outputChars() + " characters");
        }
        work(length);
    }

    /** Into a macro, a recursive loop, a nested value. */
    void enter() {
        if (++depth > bounds.depth()) {
            throw new TemplateException(
                    Kind.EXHAUSTED, "the chat template nests deeper than " + bounds.depth() + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
