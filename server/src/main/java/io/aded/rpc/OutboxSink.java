package io.aded.rpc;

import io.aded.serving.AnswerEvent;
import io.aded.serving.AnswerSink;
import java.util.function.Function;

/**
 * Events as messages of a call.
 *
 * @param outbox where they go
 * @param writer makes a message of an event
 */
record OutboxSink<T>(Outbox<T> outbox, Function<AnswerEvent, T> writer) implements AnswerSink {
    @Override
    public void send(AnswerEvent event) {
        outbox.send(writer.apply(event));
    }

    @Override
    public void complete() {
        outbox.complete();
    }

    @Override
    public void fail(Throwable failure) {
        outbox.fail(failure);
    }

    @Override
    public boolean isReady() {
        return outbox.isReady();
    }
}
