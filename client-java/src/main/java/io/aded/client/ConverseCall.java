package io.aded.client;

import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One call in which a {@link Conversation} goes on: writes messages, asks for those of the server one by one, and hands
 * them to a listener, which is called without the lock.
 */
final class ConverseCall implements ClientResponseObserver<ConverseRequest, ConverseResponse> {
    /** Who is told what comes. */
    interface Listener {
        void said(ConverseCall by, ConverseResponse response);

        /** Nothing more comes, whoever ended it. */
        void ended(ConverseCall by, AdedClientException reported);
    }

    /** What the server opened; the listener completes it, or has it fail. */
    final CompletableFuture<ConversationInfo> opened = new CompletableFuture<>();

    private final Object lock;
    private final Listener listener;
    private @Nullable ClientCallStreamObserver<ConverseRequest> call;
    private boolean open;

    /**
     * A call that has not begun.
     *
     * @param lock held while messages are sent: a call may be written to by one thread at a time
     */
    ConverseCall(Object lock, Listener listener) {
        this.lock = lock;
        this.listener = listener;
    }

    /** Whether turns can be sent: the server has opened the conversation. Under the lock. */
    boolean isOpen() {
        return open;
    }

    /** The server has. Under the lock. */
    void open() {
        open = true;
    }

    void send(ConverseRequest request) {
        synchronized (lock) {
            call().onNext(request);
        }
    }

    /** Asks for one more message. */
    void request() {
        call().request(1);
    }

    void halfClose() {
        call().onCompleted();
    }

    void cancel(String why) {
        synchronized (lock) {
            if (call != null) {
                call.cancel(why, null);
            }
        }
    }

    private ClientCallStreamObserver<ConverseRequest> call() {
        if (call == null) {
            throw new IllegalStateException("the call has not started");
        }
        return call;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<ConverseRequest> started) {
        started.disableAutoRequestWithInitial(1);
        synchronized (lock) {
            call = started;
        }
    }

    @Override
    public void onNext(ConverseResponse response) {
        listener.said(this, response);
    }

    @Override
    public void onError(Throwable thrown) {
        listener.ended(this, Failures.decode(thrown));
    }

    @Override
    public void onCompleted() {
        listener.ended(
                this,
                new AdedClientException.Unavailable("CONVERSATION_ENDED", "the server ended the conversation", null)
                        .of("OK", List.of()));
    }
}
