package io.aded.client;

import io.aded.v1.Cancel;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceStub;
import io.aded.v1.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with the model: it remembers what was said, keeps its KV cache on the server, and guesses better with
 * every turn. One turn at a time; open several conversations to talk in parallel.
 *
 * <p>A turn that fails before anything of its answer came, because nobody answers or a queue is full, is tried again
 * ({@link RetryPolicy}) if the conversation can be had as it was: it is new, or the server keeps it. Any other answer
 * that fails ends the conversation: {@link #ask} throws the same failure from then on. A conversation opened with an id
 * can be resumed by opening it again. Thread-safe.
 */
public final class Conversation implements AutoCloseable {

    /*
     * One call, many answers.
     *   "current" is the answer that events belong to. An answer that its reader closed early is still current on the
     *   server until its "finished" arrives; meanwhile we are "draining": events are pulled and dropped. A turn asked
     *   for in that time waits in "next" and is sent when the drain is over, so that the server never sees two turns at
     *   once.
     *
     * One call after the other.
     *   "link" is the call under way, null where one broke and the conversation can be had again: the next turn then
     *   opens another ("reconnect"), and is sent when that is open. What comes from a call that is not "link" any more
     *   is passed over. "updates" are those since the last answer, which another call has to be told again.
     *
     *   Messages are sent under the lock, since a call may be written to by one thread at a time. "requested" says that
     *   one message is on request already; there is never more than one, so none is left over when an answer ends.
     */

    private final Object lock = new Object();
    private final InferenceServiceStub stub;
    private final ConversationOptions options;
    private final RetryPolicy retry;
    private final List<ConverseRequest> updates = new ArrayList<>();
    private final Incoming incoming = new Incoming();
    private @Nullable ConverseCall link;
    private @Nullable ConversationInfo info;
    private @Nullable TurnSource current;
    private @Nullable TurnSource next;
    private @Nullable AdedClientException failure;
    private @Nullable Duration timeout;
    private boolean asked;
    private boolean requested;
    private boolean draining;
    private boolean closed;

    private Conversation(InferenceServiceStub stub, ConversationOptions options, RetryPolicy retry) {
        this.stub = stub;
        this.options = options;
        this.retry = retry;
        timeout = options.defaults().timeout();
    }

    static Conversation open(InferenceServiceStub stub, ConversationOptions options, RetryPolicy retry) {
        return Attempts.of(retry, options.openTimeout(), left -> {
            Conversation conversation = new Conversation(stub, options, retry);
            conversation.open(left);
            return conversation;
        });
    }

    private void open(Duration limit) {
        ConverseCall first = new ConverseCall(lock, incoming);
        synchronized (lock) {
            link = first;
            requested = true;
        }
        start(first, options);
        try {
            first.opened.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            abort(first, "interrupted while opening");
            Thread.currentThread().interrupt();
            throw new AdedClientException.Cancelled(
                    Failures.CANCELLED, "interrupted while opening the conversation", interrupted);
        } catch (TimeoutException late) {
            abort(first, "not opened in time");
            throw notOpenInTime();
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            throw Failures.decode(cause == null ? failed : cause).here();
        }
    }

    private void start(ConverseCall call, ConversationOptions opening) {
        stub.converse(call);
        synchronized (lock) {
            if (closed) {
                call.cancel("the conversation was closed");
                return;
            }
            call.send(ConverseRequest.newBuilder()
                    .setOpen(RequestWriter.open(opening))
                    .build());
        }
    }

    private AdedClientException notOpenInTime() {
        return new AdedClientException.DeadlineExceeded(
                Failures.TIMEOUT, "the conversation was not open after " + options.openTimeout(), null);
    }

    /** What the server opened; after a turn that was tried again, what it opened then. */
    public ConversationInfo info() {
        synchronized (lock) {
            if (info == null) {
                throw new IllegalStateException("the conversation is not open");
            }
            return info;
        }
    }

    /** A question of the user as the next turn, to be answered as a whole, as it grows, as a value, or with tools. */
    public Chat chat(String content) {
        return chat(Prompt.user(content));
    }

    /** As {@link #chat(String)}, of messages, raw text or token ids. */
    public Chat chat(Prompt prompt) {
        return new Chat(new InTurns(), prompt, AnswerOptions.DEFAULT);
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
        boolean lost = false;
        synchronized (lock) {
            requireOpen();
            limit = limit == null ? timeout : limit;
            turn.limit(limit);
            if (next != null || (current != null && !draining)) {
                throw new IllegalStateException(
                        "the previous answer is still running; read it to its end or close it first");
            }
            if (current == null) {
                lost = link == null;
                begin(turn);
            } else {
                next = turn;
            }
        }
        if (lost) {
            reconnectAfter(Duration.ZERO, turn);
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
        ConverseRequest update = ConverseRequest.newBuilder()
                .setUpdate(RequestWriter.update(changes))
                .build();
        synchronized (lock) {
            requireOpen();
            updates.add(update);
            if (link != null && link.isOpen()) {
                link.send(update);
            }
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
            if (failure == null && link != null) {
                if (current == null && link.isOpen()) {
                    link.halfClose();
                } else {
                    link.cancel("the conversation was closed");
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
            throw failure.here();
        }
    }

    /** Makes a turn the current one, and sends it if there is a call for it. */
    private void begin(TurnSource turn) {
        current = turn;
        draining = false;
        if (link != null && link.isOpen()) {
            sendTurn(turn, link);
        }
    }

    private void sendTurn(TurnSource turn, ConverseCall over) {
        asked = true;
        turn.sent = true;
        over.send(ConverseRequest.newBuilder().setTurn(turn.message).build());
        if (turn.wanted) {
            requestOne();
        }
    }

    private void requestOne() {
        if (!requested && link != null) {
            requested = true;
            link.request();
        }
    }

    private void abort(ConverseCall aborted, String why) {
        synchronized (lock) {
            closed = true;
            aborted.cancel(why);
        }
    }

    private void sendCancel() {
        if (failure == null && !closed && link != null) {
            link.send(ConverseRequest.newBuilder()
                    .setCancel(Cancel.getDefaultInstance())
                    .build());
        }
    }

    /** A call is over. A turn that nothing has come of may be tried again; else the conversation is over. */
    private void end(ConverseCall ended, AdedClientException reported) {
        TurnSource running;
        TurnSource waiting;
        Optional<Duration> pause = Optional.empty();
        synchronized (lock) {
            if (ended != link) {
                return;
            }
            TurnSource turn = draining ? next : current;
            if (info != null && !closed && canBeHadAgain()) {
                // Between turns nobody waits: the next one finds the call gone.
                pause = turn == null ? retry.pause(1, reported, null) : turn.pause(reported);
            }
            if (pause.isPresent()) {
                link = null;
                requested = false;
                draining = false;
                current = turn;
                next = null;
                running = turn;
                waiting = null;
            } else {
                if (failure == null) {
                    failure = reported;
                }
                // Who closes tells them so; what the call makes of being cancelled would not say that it was us.
                running = closed || draining ? null : current;
                waiting = closed ? null : next;
                current = null;
                next = null;
            }
        }
        ended.opened.completeExceptionally(reported);
        if (pause.isPresent()) {
            if (running != null) {
                reconnectAfter(pause.get(), running);
            }
            return;
        }
        if (running != null) {
            running.answer.fail(reported);
        }
        if (waiting != null) {
            waiting.answer.fail(reported);
        }
    }

    /** Nothing has been asked yet, and it began with nothing; or the server keeps it. */
    private boolean canBeHadAgain() {
        return info != null && (isKept(info) || (!asked || onlyThisOne()) && !info.resumed());
    }

    private boolean isKept(ConversationInfo opened) {
        return !options.id().isEmpty() && !opened.retention().isZero();
    }

    /** Whether the turn that is waited for is the only one that the conversation has had. */
    private boolean onlyThisOne() {
        return !draining && current != null && current.isFirst;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // what becomes of it is told to the turn
    private void reconnectAfter(Duration pause, TurnSource turn) {
        CompletableFuture.delayedExecutor(pause.toNanos(), TimeUnit.NANOSECONDS).execute(() -> reconnect(turn));
    }

    /** Opens the conversation in another call, unless the turn that wanted it was given up meanwhile. */
    private void reconnect(TurnSource turn) {
        ConverseCall fresh = new ConverseCall(lock, incoming);
        ConversationOptions again;
        synchronized (lock) {
            if (closed || current != turn || link != null || info == null) {
                return;
            }
            link = fresh;
            requested = true;
            again = isKept(info) ? options.resuming(info.id()) : options;
        }
        start(fresh, again);
        CompletableFuture<Void> opening = fresh.opened.thenAccept(opened -> {});
        TimeLimits.set(opening, options.openTimeout(), late -> {
            end(fresh, notOpenInTime());
            fresh.cancel("not opened in time");
        });
    }

    /** Turns of this conversation, for those who ask by {@link #chat}. */
    private final class InTurns implements Chat.Asked {
        @Override
        public AnswerStream ask(Prompt prompt, AnswerOptions options) {
            return Conversation.this.ask(prompt, options);
        }

        @Override
        public ToolRun.Talk talk(AnswerOptions options, List<Tool> tools) {
            update(AnswerOptions.builder().tools(tools.toArray(Tool[]::new)).build());
            return new ToolRun.Talk() {
                @Override
                public AnswerStream ask(Prompt prompt) {
                    return Conversation.this.ask(prompt, options);
                }

                @Override
                public void close() {} // the conversation goes on
            };
        }
    }

    /** One turn, as the source of its answer's events. */
    private final class TurnSource implements AnswerStream.Source {
        private final Turn message;
        private final AnswerStream answer = new AnswerStream(this);
        private boolean isFirst;
        private boolean sent;
        private boolean wanted;
        private boolean stopping;
        private boolean limited;
        private long end;
        private int attempt = 1;

        TurnSource(Turn message) {
            this.message = message;
        }

        /** From now on. */
        void limit(@Nullable Duration limit) {
            isFirst = !asked;
            limited = limit != null;
            end = limit == null ? 0 : System.nanoTime() + limit.toNanos();
        }

        /** After what time it is tried again, if it is. */
        Optional<Duration> pause(AdedClientException reported) {
            if (answer.begun() || stopping) {
                return Optional.empty();
            }
            Duration left = limited ? Duration.ofNanos(Math.max(1, end - System.nanoTime())) : null;
            Optional<Duration> pause = retry.pause(attempt, reported, left);
            if (pause.isPresent()) {
                attempt++;
                sent = false;
            }
            return pause;
        }

        @Override
        public void pull(long demand) {
            synchronized (lock) {
                wanted = true;
                if (current == this && sent) {
                    requestOne();
                }
            }
        }

        @Override
        public void stop() {
            synchronized (lock) {
                if (current == this && !draining && sent) {
                    if (!stopping) {
                        sendCancel();
                    }
                    stopping = true;
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
                    if (!sent) {
                        current = null;
                        return;
                    }
                    sendCancel();
                    draining = true;
                    requestOne();
                }
            }
        }
    }

    /** What calls tell. */
    private final class Incoming implements ConverseCall.Listener {
        @Override
        public void said(ConverseCall by, ConverseResponse response) {
            switch (response.getEventCase()) {
                case OPENED -> opened(by, ResponseReader.opened(response.getOpened()));
                case DELTA -> deliver(by, ResponseReader.delta(response.getDelta()));
                case REASONING_DELTA -> deliver(by, ResponseReader.reasoning(response.getReasoningDelta()));
                case TOOL_CALL_DELTA -> deliver(by, ResponseReader.toolCall(response.getToolCallDelta()));
                case ROUND -> deliver(by, ResponseReader.round(response.getRound()));
                case FINISHED -> deliver(by, ResponseReader.finished(response.getFinished()));
                // An event of a later version of the API: pass over it.
                case EVENT_NOT_SET -> {
                    synchronized (lock) {
                        if (isAwaited(by)) {
                            requestOne();
                        }
                    }
                }
            }
        }

        /**
         * Whether a call is the one under way, whose message is then on request no more. Under the lock, and in one
         * with what the message changes: a reader who closes before that sees it on request, and asks for no other.
         */
        private boolean isAwaited(ConverseCall by) {
            if (link != by) {
                return false;
            }
            requested = false;
            return true;
        }

        @Override
        public void ended(ConverseCall by, AdedClientException reported) {
            end(by, reported);
        }

        private void opened(ConverseCall by, ConversationInfo told) {
            synchronized (lock) {
                if (!isAwaited(by)) {
                    return;
                }
                info = told;
                if (!by.isOpen() && !closed) {
                    by.open();
                    updates.forEach(by::send);
                    if (current != null) {
                        sendTurn(current, by);
                    }
                }
            }
            by.opened.complete(told);
        }

        private void deliver(ConverseCall by, AnswerEvent event) {
            TurnSource receiving = null;
            synchronized (lock) {
                if (!isAwaited(by)) {
                    return;
                }
                boolean last = event instanceof AnswerEvent.Finished;
                if (!draining) {
                    receiving = current;
                } else if (!last) {
                    requestOne();
                }
                if (receiving != null) {
                    receiving.wanted = false;
                }
                if (last) {
                    current = null;
                    draining = false;
                    updates.clear();
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
    }
}
