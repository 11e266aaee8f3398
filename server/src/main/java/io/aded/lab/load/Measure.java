package io.aded.lab.load;

import java.util.Locale;

/** A kind of time that is measured, each with a histogram of its own. */
enum Measure {
    /** From the intended start to the first token. */
    FIRST_TOKEN("first token"),
    /** What a token took: the time from one message to the next, divided among the tokens that came with it. */
    INTER_TOKEN("inter-token"),
    /** From one message with tokens to the next: what a reader sees as a pause. Drafts make them fewer and longer. */
    PAUSE("pause"),
    /** From the intended start to the end. */
    WHOLE("whole call"),
    /** In the server's queue, as it tells. */
    QUEUE("queue"),
    /** From the intended start until the call was sent; only in open loop. */
    START_DELAY("start delay"),
    /** What a health check took, which asks all the while; only if somebody attacks. */
    HEALTH("health");

    private final String label;

    Measure(String label) {
        this.label = label;
    }

    /** What tables call it. */
    String label() {
        return label;
    }

    /** What JSON calls it. */
    String field() {
        return name().toLowerCase(Locale.ROOT);
    }
}
