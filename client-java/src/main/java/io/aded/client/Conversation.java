package io.aded.client;

import io.aded.v1.Cancel;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceStub;
import io.aded.v1.Turn;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with the model: it remembers what was said, keeps its KV cache on the server, and guesses better with
 * every turn. One turn at a time; open several conversations to talk in parallel.
 *
 * <p>An answer that fails ends the conversation: {@link #ask} throws the same failure from then on. A conversation
 * opened with an id can be resumed by opening it again. Thread-safe.
 */
public final class Conversation implements AutoCloseable {

    /*
     * One call, many answers.
     *   "current" is the answer that events belong to. An answer that its reader closed early is still current on the
     *   server until its "finished" arrives; meanwhile we are "draining": events are pulled and dropped. A turn asked
     *   for in that time waits in "next" and is sent when the drain is over, so that the server never sees two turns at
     *   once.
     *
     *   Messages are sent under the lock, since a call may be written to by one thread at a time. "requested" says that
     *   one message is on request already; there is never more than one, so none is left over when an answer ends.
     */

    private final Object lock = new Object();
    private final CompletableFuture<ConversationInfo> opened = new CompletableFuture<>();
    private @Nullable ClientCallStreamObserver<ConverseRequest> call;
    private @Nullable ConversationInfo info;
    private @Nullable TurnSource current;
    private @Nullable TurnSource next;
    private @Nullable AdedClientException failure;
    private @Nullable Duration timeout;
    private boolean requested = true;
    private boolean draining;
    private boolean closed;

    private Conversation(ConversationOptions options) {
        timeout = options.defaults().timeout();
    }

    static Conversation open(InferenceServiceStub stub, ConversationOptions options, RetryPolicy retry) {
        return Attempts.of(retry, options.openTimeout(), left -> {
            Conversation conversation = new Conversation(options);
            stub.converse(conversation.new Responses());
            conversation.await(options, left);
            return conversation;
        });
    }

    private void await(ConversationOptions options, Duration limit) {
        send(ConverseRequest.newBuilder().setOpen(RequestWriter.open(options)).build());
        try {
            ConversationInfo answered = opened.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            synchronized (lock) {
                info = answered;
            }
        } catch (InterruptedException interrupted) {
            abort("interrupted while opening");
            Thread.currentThread().interrupt();
            throw new AdedClientException.Cancelled(
                    Failures.CANCELLED, "interrupted while opening the conversation", interrupted);
        } catch (TimeoutException late) {
            abort("not opened in time");
            throw new AdedClientException.DeadlineExceeded(
                    Failures.TIMEOUT, "the conversation was not open after " + options.openTimeout(), late);
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            throw Failures.decode(cause == null ? failed : cause);
        }
    }

    /** What the server opened. */
    public ConversationInfo info() {
        synchronized (lock) {
            if (info == null) {
                throw new IllegalStateException("the conversation is not open");
            }
            return info;
        }
    }

    /** Says something as the user. As {@link #ask(Prompt, AnswerOptions)} with the conversation's defaults. */
    public AnswerStream ask(String content) {
        return ask(Prompt.user(content), AnswerOptions.DEFAULT);
    }

    /**
     * Starts the next turn. An answer that was closed early is waited for in the background before the turn is sent.
     *
     * @throws IllegalStateException if the previous answer is still being read, or the conversation was closed
     * @throws AdedClientException if the conversation has failed
     */
    public AnswerStream ask(Prompt prompt, AnswerOptions options) {
        TurnSource turn = new TurnSource(RequestWriter.turn(prompt, options));
        Duration limit = options.timeout();
        synchronized (lock) {
            requireOpen();
            limit = limit == null ? timeout : limit;
            if (next != null || (current != null && !draining)) {
                throw new IllegalStateException(
                        "the previous answer is still running; read it to its end or close it first");
            }
            if (current == null) {
                begin(turn);
            } else {
                next = turn;
            }
        }
        if (limit != null) {
            turn.answer.expireAfter(limit);
        }
        return turn.answer;
    }

    /** Changes how tokens are drawn in the turns that follow; null values stay. */
    public void update(Sampling sampling) {
        update(AnswerOptions.builder().sampling(sampling).build());
    }

    /** Changes how the server guesses ahead in the turns that follow; null values stay. */
    public void update(Draft draft) {
        update(AnswerOptions.builder().draft(draft).build());
    }

    /**
     * Changes how the turns that follow are answered: what is set replaces what was in force, what is reset returns to
     * the server's own default, the rest stays. A turn that is running is not affected.
     */
    public void update(AnswerOptions changes) {
        synchronized (lock) {
            requireOpen();
            send(ConverseRequest.newBuilder()
                    .setUpdate(RequestWriter.update(changes))
                    .build());
            if (changes.timeout() != null) {
                timeout = changes.timeout();
            }
        }
    }

    /** Ends the conversation. A running answer is cancelled. */
    @Override
    public void close() {
        TurnSource running;
        TurnSource waiting;
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            running = draining ? null : current;
            waiting = next;
            if (failure == null) {
                if (current == null) {
                    call().onCompleted();
                } else {
                    call().cancel("the conversation was closed", null);
                }
            }
        }
        AdedClientException reason =
                new AdedClientException.Cancelled(Failures.CANCELLED, "the conversation was closed", null);
        if (running != null) {
            running.answer.fail(reason);
        }
        if (waiting != null) {
            waiting.answer.fail(reason);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the conversation was closed");
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void begin(TurnSource turn) {
        current = turn;
        draining = false;
        send(ConverseRequest.newBuilder().setTurn(turn.message).build());
        if (turn.wanted) {
            requestOne();
        }
    }

    private void requestOne() {
        if (!requested) {
            requested = true;
            call().request(1);
        }
    }

    private void send(ConverseRequest request) {
        synchronized (lock) {
            call().onNext(request);
        }
    }

    private void abort(String why) {
        synchronized (lock) {
            closed = true;
            call().cancel(why, null);
        }
    }

    private ClientCallStreamObserver<ConverseRequest> call() {
        if (call == null) {
            throw new IllegalStateException("the call has not started");
        }
        return call;
    }

    private void sendCancel() {
        if (failure == null && !closed) {
            send(ConverseRequest.newBuilder()
                    .setCancel(Cancel.getDefaultInstance())
                    .build());
        }
    }

    private void end(AdedClientException reported) {
        TurnSource running;
        TurnSource waiting;
        synchronized (lock) {
            if (failure == null) {
                failure = reported;
            }
            running = draining ? null : current;
            waiting = next;
            current = null;
            next = null;
        }
        opened.completeExceptionally(reported);
        if (running != null) {
            running.answer.fail(reported);
        }
        if (waiting != null) {
            waiting.answer.fail(reported);
        }
    }

    /** One turn, as the source of its answer's events. */
    private final class TurnSource implements AnswerStream.Source {
        private final Turn message;
        private final AnswerStream answer = new AnswerStream(this);
        private boolean wanted;

        TurnSource(Turn message) {
            this.message = message;
        }

        @Override
        public void pull() {
            synchronized (lock) {
                if (current == this) {
                    requestOne();
                } else {
                    wanted = true;
                }
            }
        }

        @Override
        public void stop() {
            synchronized (lock) {
                if (current == this && !draining) {
                    sendCancel();
                    return;
                }
            }
            answer.close();
        }

        @Override
        public void abandon() {
            synchronized (lock) {
                if (next == this) {
                    next = null;
                } else if (current == this && !draining) {
                    sendCancel();
                    draining = true;
                    requestOne();
                }
            }
        }
    }

    /** What the server says. */
    private final class Responses implements ClientResponseObserver<ConverseRequest, ConverseResponse> {

        @Override
        public void beforeStart(ClientCallStreamObserver<ConverseRequest> started) {
            started.disableAutoRequestWithInitial(1);
            synchronized (lock) {
                call = started;
            }
        }

        @Override
        public void onNext(ConverseResponse response) {
            synchronized (lock) {
                requested = false;
            }
            switch (response.getEventCase()) {
                case OPENED -> opened.complete(ResponseReader.opened(response.getOpened()));
                case DELTA -> deliver(ResponseReader.delta(response.getDelta()));
                case REASONING_DELTA -> deliver(ResponseReader.reasoning(response.getReasoningDelta()));
                case TOOL_CALL_DELTA -> deliver(ResponseReader.toolCall(response.getToolCallDelta()));
                case ROUND -> deliver(ResponseReader.round(response.getRound()));
                case FINISHED -> deliver(ResponseReader.finished(response.getFinished()));
                // An event of a later version of the API: pass over it.
                case EVENT_NOT_SET -> {
                    synchronized (lock) {
                        requestOne();
                    }
                }
            }
        }

        private void deliver(AnswerEvent event) {
            TurnSource receiving = null;
            synchronized (lock) {
                boolean last = event instanceof AnswerEvent.Finished;
                if (!draining) {
                    receiving = current;
                } else if (!last) {
                    requestOne();
                }
                if (last) {
                    current = null;
                    draining = false;
                    if (next != null) {
                        TurnSource waiting = next;
                        next = null;
                        begin(waiting);
                    }
                }
            }
            if (receiving != null) {
                receiving.answer.deliver(event);
            }
        }

        @Override
        public void onError(Throwable thrown) {
            end(Failures.decode(thrown));
        }

        @Override
        public void onCompleted() {
            end(new AdedClientException.Unavailable("CONVERSATION_ENDED", "the server ended the conversation", null));
        }
    }
}
