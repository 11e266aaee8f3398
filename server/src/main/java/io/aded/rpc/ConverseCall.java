package io.aded.rpc;

import io.aded.serving.ConversationStream;
import io.aded.serving.Serving;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/**
 * One stream of {@code Converse}: its messages to a {@link ConversationStream} and back.
 *
 * <p>A message is asked for only when the one before has been dealt with, so a client that sends faster than we read is
 * held back by HTTP/2's flow control.
 */
final class ConverseCall implements StreamObserver<ConverseRequest> {
    private final ServerCallStreamObserver<ConverseResponse> observer;
    private final OutboxSink<ConverseResponse> sink;
    private final ConversationStream stream;

    ConverseCall(Serving serving, ServerCallStreamObserver<ConverseResponse> observer) {
        this.observer = observer;
        this.sink = new OutboxSink<>(
                new Outbox<>(observer), ResponseWriter::converseResponse, "turn.", CallScope.connectionThread());
        this.stream = serving.converse(CallScope.caller(serving), sink);
        sink.tell(stream::ready, stream::gone);
        observer.disableAutoRequest();
        observer.setOnCancelHandler(this::onGone);
        observer.setOnReadyHandler(sink::resume);
        observer.request(1);
    }

    @Override
    public void onNext(ConverseRequest request) {
        if (stream.isOver()) {
            return;
        }
        try {
            switch (request.getEventCase()) {
                case OPEN -> stream.open(new RequestReader().open(request.getOpen()));
                case TURN -> stream.turn(new RequestReader().turn(request.getTurn()));
                case CANCEL -> stream.cancelTurn();
                case UPDATE -> stream.update(new RequestReader().update(request.getUpdate()));
                case EVENT_NOT_SET -> stream.nothing();
            }
            observer.request(1);
        } catch (RuntimeException | Error e) {
            stream.fail(named(request, e));
        }
    }

    /** What is wrong, under the names that the caller used. */
    private static Throwable named(ConverseRequest request, Throwable failure) {
        return switch (request.getEventCase()) {
            case OPEN -> FieldPaths.below("open.", false, failure);
            case TURN -> FieldPaths.below("turn.", request.getTurn().hasPrompt(), failure);
            case UPDATE -> FieldPaths.below("update.", false, failure);
            case CANCEL, EVENT_NOT_SET -> failure;
        };
    }

    @Override
    public void onCompleted() {
        stream.halfClose();
    }

    @Override
    public void onError(Throwable failure) {
        onGone();
    }

    /** The client cancelled, its deadline passed, or its connection broke. */
    private void onGone() {
        sink.abandon();
        stream.gone();
    }
}
