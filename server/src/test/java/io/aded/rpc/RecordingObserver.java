package io.aded.rpc;

import io.grpc.stub.ServerCallStreamObserver;

/**
 * A call's sending side that remembers what it was given, and insists on its contract: one at a time, one end, the
 * last.
 */
final class RecordingObserver extends ServerCallStreamObserver<String> {
    private String heard = "";
    private boolean entered;
    private boolean ended;
    private boolean ready;

    /** Whether the transport takes more. */
    void setReady(boolean isReady) {
        ready = isReady;
    }

    /** What was sent and how it ended, in order. */
    String heard() {
        return heard.strip();
    }

    private void hear(String what, boolean last) {
        if (entered) {
            throw new AssertionError("entered while another thread was in it");
        }
        if (ended) {
            throw new AssertionError("heard " + what + " after the end");
        }
        entered = true;
        heard = heard + " " + what;
        ended = last;
        entered = false;
    }

    @Override
    public void onNext(String message) {
        hear(message, false);
    }

    @Override
    public void onError(Throwable failure) {
        hear("failed", true);
    }

    @Override
    public void onCompleted() {
        hear("completed", true);
    }

    @Override
    public boolean isReady() {
        return ready;
    }

    @Override
    public boolean isCancelled() {
        return false;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {}

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void setCompression(String compression) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}
}
