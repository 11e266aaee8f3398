package io.aded.serving;

import io.aded.model.AdedException;

/**
 * The sending side of a call, which a façade implements. Thread-safe: events come from the engine's threads, while the
 * end may come from any. Nothing here may wait or throw; after the first end everything is dropped.
 */
public interface AnswerSink {

    /** Something happened. */
    void send(AnswerEvent event);

    /** The call ends well. */
    void complete();

    /** The call ends with a failure: an {@link AdedException}, or a fault of ours. */
    void fail(Throwable failure);

    /** The failure of a turn that was running, with its fields named as this caller knows them. */
    default AdedException ofTurn(AdedException failure) {
        return failure;
    }

    /** Whether more can be sent without piling up; true once the call has ended. While false the stream is paused. */
    boolean isReady();
}
