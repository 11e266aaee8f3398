package io.aded.serving;

import io.aded.engine.Session;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An open or kept conversation. The mutable fields belong to {@link Conversations} and are read and written under its
 * lock, but for the defaults, which belong to the stream that holds the conversation.
 */
final class Conversation {
    final Key key;
    final Session session;
    final ServedModel model;
    final DraftLedger ledger = new DraftLedger();

    /** What turns of this conversation take where they do not say. */
    Generation defaults;

    /** How long it is kept after its stream; zero for not at all. */
    Duration retention = Duration.ZERO;

    boolean held = true;

    /** How often it has been kept. */
    long keepings;

    /** The expiry that is scheduled while it is kept. */
    @Nullable
    Runnable cancelExpiry;

    /**
     * Names are a client's own: another client's conversation of the same name is another one.
     *
     * @param clientId who
     * @param id which
     */
    record Key(String clientId, String id) {}

    Conversation(Key key, Session session, ServedModel model, Generation defaults) {
        this.key = key;
        this.session = session;
        this.model = model;
        this.defaults = defaults;
    }
}
