package io.aded.rpc;

import io.grpc.stub.ServerCallStreamObserver;

/**
 * The sending side of a call. gRPC's observer is not thread-safe, but messages come from the connection's thread, or
 * from the engine's where the transport has none, while other threads may end the call; and whoever ends it ends it
 * once. Nothing here waits for the network.
 */
final class Outbox<T> {
    private final ServerCallStreamObserver<T> observer;
    private final Object lock = new Object();
    private boolean ended;

    Outbox(ServerCallStreamObserver<T> observer) {
        this.observer = observer;
    }

    void send(T message) {
        synchronized (lock) {
            if (!ended) {
                observer.onNext(message);
            }
        }
    }

    /** Ends the call well. */
    void complete() {
        synchronized (lock) {
            if (!ended) {
                ended = true;
                observer.onCompleted();
            }
        }
    }

    /** Ends the call with the status of a failure. */
    void fail(Throwable failure) {
        synchronized (lock) {
            if (!ended) {
                ended = true;
                observer.onError(Statuses.of(failure));
            }
        }
    }

    /** The caller is gone; nothing more is sent. */
    void abandon() {
        synchronized (lock) {
            ended = true;
        }
    }

    boolean isEnded() {
        synchronized (lock) {
            return ended;
        }
    }

    /** Whether the transport takes more without piling up. A call that ended takes everything: it drops it. */
    boolean isReady() {
        return observer.isReady() || isEnded();
    }
}
