package io.aded.rpc;

import io.aded.model.AdedException;
import io.aded.serving.AnswerEvent;
import io.aded.serving.AnswerSink;
import java.util.function.Function;

/**
 * Events as messages of a call.
 *
 * @param outbox where they go
 * @param writer makes a message of an event
 * @param turn the path of a turn's message, such as {@code turn.}; empty for a request
 */
record OutboxSink<T>(Outbox<T> outbox, Function<AnswerEvent, T> writer, String turn) implements AnswerSink {
    @Override
    public AdedException ofTurn(AdedException failure) {
        return FieldPaths.below(turn, false, failure) instanceof AdedException named ? named : failure;
    }

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
