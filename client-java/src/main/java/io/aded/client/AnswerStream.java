package io.aded.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * An answer while it grows, to be read once, in one of three ways:
 *
 * <ul>
 *   <li>{@link #iterator}: a blocking loop; {@link #close} (or leaving the {@code try} block) ends the answer early;
 *   <li>{@link #publisher}: a {@link Flow.Publisher} for one subscriber; what it has not requested is not sent;
 *   <li>{@link #future} or {@link #await}: the whole {@link Answer} at once.
 * </ul>
 *
 * <p>The server is at work from the moment the prompt was sent. Whoever does not read to the end closes. Thread-safe.
 */
public final class AnswerStream implements Iterable<AnswerEvent>, AutoCloseable {

    /*
     * Demand: one message at a time.
     *   gRPC hands over a message only if it was asked for, and keeps no account of who asked. Several turns share the
     *   call of a conversation, so a request left over from one answer would let the next one's events in before
     *   anybody wants them. So this class counts demand itself and has at most one message on request ("asked"); when
     *   an answer ends, none is outstanding. Bytes in flight are bounded by HTTP/2's window, and behind that the server
     *   parks the stream.
     *
     * Order of signals:
     *   Events come from the call's executor, one after the other. Failures may also come from a timer. "done" is set
     *   under the lock and makes the first end the only one; "delivering" puts an end off until the event that is being
     *   delivered has been taken, so that a receiver is never entered twice.
     */

    /** Where events come from: a call, or one turn of a conversation. */
    interface Source {
        /**
         * Asks for one event, and allows more.
         *
         * @param demand how many may be delivered before the next pull, 1 or more
         */
        void pull(long demand);

        /** Asks the server to end the answer early; its end is still awaited. */
        void stop();

        /** Ends the answer; nothing more of it is delivered. */
        void abandon();
    }

    /** Whoever reads. Calls come one after the other; {@link #onEnd} is the last. */
    interface Receiver {
        void onEvent(AnswerEvent event);

        void onEnd(@Nullable AdedClientException failure);
    }

    /** Events that a blocking reader may be behind: enough to hide a thread switch, small enough to feel a slow one. */
    private static final int READ_AHEAD = 16;

    private final Object lock = new Object();
    private final Source source;
    private @Nullable Receiver receiver;
    private @Nullable Iterator<AnswerEvent> iterator;
    private @Nullable AdedClientException failure;
    private @Nullable CompletableFuture<Void> timer;
    private final StringBuilder came = new StringBuilder();
    private long demand;
    private boolean asked;
    private boolean delivering;
    private boolean begun;
    private boolean done;

    AnswerStream(Source source) {
        this.source = source;
    }

    /**
     * Reads event by event; {@code hasNext} blocks until there is one or the answer is over. The last event is
     * {@link AnswerEvent.Finished}. Interrupting the reader ends the answer.
     *
     * @throws IllegalStateException if another view was chosen before
     */
    @Override
    public Iterator<AnswerEvent> iterator() {
        synchronized (lock) {
            if (iterator != null) {
                return iterator;
            }
        }
        BlockingReader reader = new BlockingReader();
        attach(reader);
        synchronized (lock) {
            iterator = reader;
        }
        request(READ_AHEAD);
        return reader;
    }

    /**
     * Reads the answer's text alone, piece by piece, none of them empty; a view as {@link #iterator} is, which it
     * shares.
     */
    public Iterable<String> texts() {
        return () -> {
            Iterator<AnswerEvent> events = iterator();
            return new Iterator<>() {
                private @Nullable String head;

                @Override
                public boolean hasNext() {
                    while (head == null && events.hasNext()) {
                        if (events.next() instanceof AnswerEvent.Delta delta
                                && !delta.text().isEmpty()) {
                            head = delta.text();
                        }
                    }
                    return head != null;
                }

                @Override
                public String next() {
                    if (!hasNext() || head == null) {
                        throw new NoSuchElementException("the answer is over");
                    }
                    String text = head;
                    head = null;
                    return text;
                }
            };
        };
    }

    /**
     * Publishes the events to one subscriber, on the client's threads. The publisher completes after
     * {@link AnswerEvent.Finished}; an {@link AdedClientException} is its error. Cancelling the subscription ends the
     * answer.
     */
    public Flow.Publisher<AnswerEvent> publisher() {
        return subscriber -> {
            Subscription subscription = new Subscription(subscriber);
            try {
                claim(subscription);
            } catch (IllegalStateException taken) {
                subscriber.onSubscribe(new Flow.Subscription() {
                    @Override
                    public void request(long count) {}

                    @Override
                    public void cancel() {}
                });
                subscriber.onError(taken);
                return;
            }
            subscriber.onSubscribe(subscription);
            subscription.subscribed();
        };
    }

    /**
     * Collects the whole answer. Cancelling the future, or letting it time out, ends the answer.
     *
     * @throws IllegalStateException if another view was chosen before
     */
    @SuppressWarnings("FutureReturnValueIgnored") // what follows from the end is done there, nobody waits for it
    public CompletableFuture<Answer> future() {
        Collector collector = new Collector();
        attach(collector);
        request(Long.MAX_VALUE);
        CompletableFuture<Answer> future = collector.future;
        future.whenComplete((answer, thrown) -> {
            if (thrown != null) {
                close();
            }
        });
        return future;
    }

    /**
     * Waits for the whole answer.
     *
     * @throws AdedClientException if it fails; {@link AdedClientException.Cancelled} if the waiting thread is
     *     interrupted
     * @throws IllegalStateException if another view was chosen before
     */
    public Answer await() {
        CompletableFuture<Answer> future = future();
        try {
            return future.get();
        } catch (InterruptedException interrupted) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw new AdedClientException.Cancelled(
                    Failures.CANCELLED, "interrupted while waiting for the answer", interrupted);
        } catch (ExecutionException failed) {
            throw rethrown(failed.getCause());
        }
    }

    /**
     * Asks the server to end the answer early. In a conversation the reader still gets the rest that is under way and
     * then {@link AnswerEvent.Finished} with {@link FinishReason#CANCELLED}, and the conversation goes on; a single
     * answer ends with {@link AdedClientException.Cancelled}. Does nothing once the answer is over.
     */
    public void cancel() {
        synchronized (lock) {
            if (done) {
                return;
            }
        }
        source.stop();
    }

    /**
     * Ends the answer if it is not over. Nothing more of it is fetched; a reader that goes on gets what was fetched
     * already and then {@link AdedClientException.Cancelled}.
     */
    @Override
    public void close() {
        finish(new AdedClientException.Cancelled(Failures.CANCELLED, "the answer was closed by its reader", null));
    }

    /** What has come of the answer's text so far. */
    public String text() {
        synchronized (lock) {
            return came.toString();
        }
    }

    /** Whether anything of the answer has come. */
    boolean begun() {
        synchronized (lock) {
            return begun;
        }
    }

    /** Ends the answer by itself when the limit has passed. */
    void expireAfter(Duration timeout) {
        CompletableFuture<Void> started = new CompletableFuture<>();
        synchronized (lock) {
            timer = started;
            if (done) {
                return;
            }
        }
        TimeLimits.set(
                started,
                timeout,
                late -> finish(new AdedClientException.DeadlineExceeded(
                        Failures.TIMEOUT, "the answer was not complete after " + timeout, late)));
    }

    /** Hands an event on. Called by the source, one at a time, no more of them than a {@link Source#pull} allowed. */
    void deliver(AnswerEvent event) {
        Receiver reader;
        boolean last = event instanceof AnswerEvent.Finished;
        synchronized (lock) {
            if (done || receiver == null) {
                return;
            }
            reader = receiver;
            delivering = true;
            begun = true;
            done = last;
            if (event instanceof AnswerEvent.Delta delta) {
                came.append(delta.text());
            }
            if (last) {
                stopTimer();
            }
            if (demand != Long.MAX_VALUE) {
                demand--;
            }
        }
        try {
            reader.onEvent(event);
            if (last) {
                reader.onEnd(null);
            }
        } catch (RuntimeException | Error fault) {
            // The specification of Flow lets us treat a subscriber that throws as one that cancelled.
            close();
            throw fault;
        } finally {
            delivered(reader);
        }
    }

    private void delivered(Receiver reader) {
        AdedClientException ended;
        long wanted;
        synchronized (lock) {
            delivering = false;
            ended = failure;
            wanted = done ? 0 : demand;
            asked = wanted > 0;
        }
        if (ended != null) {
            reader.onEnd(ended);
        } else if (wanted > 0) {
            source.pull(wanted);
        }
    }

    private void finish(AdedClientException reported) {
        synchronized (lock) {
            if (done) {
                return;
            }
        }
        // In this order: whoever hears of the end may at once ask the conversation for its next turn.
        source.abandon();
        fail(reported);
    }

    /** Ends with a failure, once; does nothing if the answer is over. Called by the source for what it reports. */
    void fail(AdedClientException reported) {
        Receiver reader;
        AdedClientException told;
        synchronized (lock) {
            if (done) {
                return;
            }
            done = true;
            told = reported.after(came.toString());
            failure = told;
            stopTimer();
            reader = delivering ? null : receiver;
        }
        if (reader != null) {
            reader.onEnd(told);
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.complete(null);
        }
    }

    private void claim(Receiver reader) {
        synchronized (lock) {
            if (receiver != null) {
                throw new IllegalStateException("this answer is being read already; an answer can be read once, as an "
                        + "iterator, a publisher or a future");
            }
            receiver = reader;
            // Ends are held back until the reader says that it is ready for them.
            delivering = true;
        }
    }

    private void attach(Receiver reader) {
        claim(reader);
        delivered(reader);
    }

    private void request(long count) {
        long wanted;
        synchronized (lock) {
            long sum = demand + count;
            demand = sum < 0 ? Long.MAX_VALUE : sum;
            wanted = done || asked || delivering ? 0 : demand;
            asked |= wanted > 0;
        }
        if (wanted > 0) {
            source.pull(wanted);
        }
    }

    private static RuntimeException rethrown(@Nullable Throwable cause) {
        if (cause instanceof AdedClientException failed) {
            return failed.here();
        }
        return cause instanceof RuntimeException unchecked ? unchecked : new CompletionException(cause);
    }

    /** The blocking view. The queue never holds more than {@link #READ_AHEAD} events and an end. */
    private final class BlockingReader implements Iterator<AnswerEvent>, Receiver {
        private sealed interface Item {}

        private record Next(AnswerEvent event) implements Item {}

        private record End(@Nullable AdedClientException failure) implements Item {}

        private final BlockingQueue<Item> items = new LinkedBlockingQueue<>();
        private @Nullable Item head;

        @Override
        public void onEvent(AnswerEvent event) {
            items.add(new Next(event));
        }

        @Override
        public void onEnd(@Nullable AdedClientException reported) {
            items.add(new End(reported));
        }

        @Override
        public boolean hasNext() {
            if (peek() instanceof End end) {
                if (end.failure() != null) {
                    throw end.failure().here();
                }
                return false;
            }
            return true;
        }

        @Override
        public AnswerEvent next() {
            if (!hasNext() || !(head instanceof Next next)) {
                throw new NoSuchElementException("the answer is over");
            }
            head = null;
            request(1);
            return next.event();
        }

        private Item peek() {
            Item item = head;
            if (item == null) {
                try {
                    item = items.take();
                } catch (InterruptedException interrupted) {
                    close();
                    Thread.currentThread().interrupt();
                    item = new End(new AdedClientException.Cancelled(
                            Failures.CANCELLED, "interrupted while waiting for the answer", interrupted));
                }
                head = item;
            }
            return item;
        }
    }

    /** The reactive view. */
    private final class Subscription implements Flow.Subscription, Receiver {
        private final Flow.Subscriber<? super AnswerEvent> subscriber;
        private volatile boolean cancelled;
        private volatile @Nullable IllegalArgumentException misuse;

        Subscription(Flow.Subscriber<? super AnswerEvent> subscriber) {
            this.subscriber = subscriber;
        }

        void subscribed() {
            delivered(this);
        }

        @Override
        public void request(long count) {
            if (cancelled) {
                return;
            }
            if (count <= 0) {
                misuse = new IllegalArgumentException(
                        "requested " + count + " events; a subscriber must request at least one");
                close();
                return;
            }
            AnswerStream.this.request(count);
        }

        @Override
        public void cancel() {
            cancelled = true;
            close();
        }

        @Override
        public void onEvent(AnswerEvent event) {
            if (cancelled || misuse != null) {
                return;
            }
            try {
                subscriber.onNext(event);
            } catch (RuntimeException | Error fault) {
                cancelled = true;
                throw fault;
            }
        }

        @Override
        public void onEnd(@Nullable AdedClientException reported) {
            if (cancelled) {
                return;
            }
            Throwable thrown = misuse == null ? reported : misuse;
            if (thrown == null) {
                subscriber.onComplete();
            } else {
                subscriber.onError(thrown);
            }
        }
    }

    /** The view for those who want it all at once. */
    static final class Collector implements Receiver {
        private final CompletableFuture<Answer> future = new CompletableFuture<>();
        private final StringBuilder text = new StringBuilder();
        private final List<Integer> tokens = new ArrayList<>();
        private final List<AnswerEvent.TokenLogProbability> logProbabilities = new ArrayList<>();
        private final StringBuilder reasoning = new StringBuilder();
        private final List<ToolCallParts> toolCalls = new ArrayList<>();

        @Override
        public void onEvent(AnswerEvent event) {
            if (event instanceof AnswerEvent.Delta delta) {
                text.append(delta.text());
                add(delta.tokens(), delta.logProbabilities());
            } else if (event instanceof AnswerEvent.ReasoningDelta delta) {
                reasoning.append(delta.text());
                add(delta.tokens(), delta.logProbabilities());
            } else if (event instanceof AnswerEvent.ToolCallDelta delta) {
                add(delta);
                add(delta.tokens(), delta.logProbabilities());
            } else if (event instanceof AnswerEvent.Finished finished) {
                future.complete(whole(finished));
            }
        }

        /** What came, with how it ended. */
        Answer whole(AnswerEvent.Finished finished) {
            return new Answer(
                    text.toString(),
                    tokens,
                    logProbabilities,
                    reasoning.toString(),
                    toolCalls.stream().map(ToolCallParts::whole).toList(),
                    finished);
        }

        private void add(List<Integer> more, List<AnswerEvent.TokenLogProbability> theirs) {
            tokens.addAll(more);
            logProbabilities.addAll(theirs);
        }

        /** Calls come one after the other, but nothing breaks if their pieces are mixed. */
        private void add(AnswerEvent.ToolCallDelta delta) {
            for (ToolCallParts known : toolCalls) {
                if (known.index == delta.index()) {
                    known.arguments.append(delta.arguments());
                    return;
                }
            }
            toolCalls.add(
                    new ToolCallParts(delta.index(), delta.id(), delta.name(), new StringBuilder(delta.arguments())));
        }

        @Override
        public void onEnd(@Nullable AdedClientException reported) {
            if (reported != null) {
                future.completeExceptionally(reported);
            }
        }

        private record ToolCallParts(int index, String id, String name, StringBuilder arguments) {
            Message.ToolCall whole() {
                return new Message.ToolCall(id, name, arguments.toString());
            }
        }
    }
}
