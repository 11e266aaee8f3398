package io.aded.serving;

import io.aded.engine.Session;
import io.aded.model.AdedException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Every conversation that is open, and those that are kept for a while after their stream has ended.
 *
 * <p>A conversation is <i>held</i> by one stream, or <i>kept</i> by nobody. Kept ones end when their time is over, when
 * more than the allowed number are kept (the one kept longest goes first), or with the server. Sessions are closed on
 * the executor, never under the lock.
 */
final class Conversations implements AutoCloseable {
    private final Object lock = new Object();
    private final Map<Conversation.Key, Conversation> all = new HashMap<>();
    /** In the order in which they were kept. */
    private final SequencedSet<Conversation> kept = new LinkedHashSet<>();

    /** How many there are of each client that has any. */
    private final Map<String, Integer> byClient = new HashMap<>();

    private ConversationBounds bounds = ConversationBounds.DEFAULT;
    private final Duration maxRetention;
    private final int maxKept;
    private final Executor executor;
    private final Alarm alarm;
    private int placesTaken;
    private boolean closed;

    /** Names of conversations that have none. */
    private final SecureRandom names = new SecureRandom();

    /** Wakes somebody later. */
    interface Alarm extends AutoCloseable {
        /**
         * Runs a task after a delay.
         *
         * @return calls it off, if it has not begun
         */
        Runnable after(Duration delay, Runnable task);

        @Override
        void close();

        /** On a thread of its own, which is started when it is first needed. */
        static Alarm onThread() {
            var timer = new ScheduledThreadPoolExecutor(
                    1,
                    Thread.ofPlatform().daemon(true).name("aded-conversations").factory());
            timer.setRemoveOnCancelPolicy(true);
            // After the end nobody is woken any more, and whoever asks must not hear of that.
            timer.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
            return new Alarm() {
                @Override
                public Runnable after(Duration delay, Runnable task) {
                    ScheduledFuture<?> scheduled = timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
                    return () -> scheduled.cancel(false);
                }

                @Override
                public void close() {
                    timer.shutdownNow();
                }
            };
        }
    }

    Conversations(ServingLimits limits, Executor executor, Alarm alarm) {
        this.maxRetention = limits.maxRetention();
        this.maxKept = limits.maxRetained();
        this.executor = executor;
        this.alarm = alarm;
    }

    /**
     * Takes a kept conversation up again.
     *
     * @return null if there is none of that name
     * @throws AdedException.FailedPrecondition if another stream holds it
     */
    @Nullable
    Conversation resume(Conversation.Key key) {
        synchronized (lock) {
            Conversation conversation = all.get(key);
            if (conversation == null) {
                return null;
            }
            if (conversation.held) {
                throw heldElsewhere();
            }
            conversation.held = true;
            forgetExpiry(conversation);
            return conversation;
        }
    }

    /** Sets how many there may be. */
    void bound(ConversationBounds value) {
        synchronized (lock) {
            bounds = value;
        }
    }

    /** Takes a place for a client's conversation. */
    private void takePlace(String clientId) {
        synchronized (lock) {
            int own = byClient.getOrDefault(clientId, 0);
            if (own >= bounds.perClient()) {
                throw tooMany(bounds.perClient() + " conversations of this client");
            }
            if (placesTaken >= bounds.all()) {
                throw tooMany(bounds.all() + " conversations");
            }
            placesTaken++;
            byClient.put(clientId, own + 1);
        }
    }

    /** Under the lock: a conversation is over, or was none. */
    private void givePlaceBack(String clientId) {
        placesTaken--;
        int left = byClient.getOrDefault(clientId, 1) - 1;
        if (left == 0) {
            byClient.remove(clientId);
        } else {
            byClient.put(clientId, left);
        }
    }

    private static AdedException.ResourceExhausted tooMany(String what) {
        return new AdedException.ResourceExhausted(
                "TOO_MANY_CONVERSATIONS", what + " are open or kept, which is the limit; end some of them first", null);
    }

    /** Under the lock: a conversation is over. */
    private void remove(Conversation conversation) {
        if (all.remove(conversation.key, conversation)) {
            givePlaceBack(conversation.key.clientId());
        }
    }

    /**
     * Begins a new conversation, held by the caller.
     *
     * @throws AdedException.ResourceExhausted if there are as many as there may be
     */
    Conversation begin(
            String clientId, String wantedId, ServedModel model, Generation defaults, Supplier<Session> opener) {
        takePlace(clientId);
        Session session;
        try {
            session = opener.get();
        } catch (RuntimeException | Error e) {
            synchronized (lock) {
                givePlaceBack(clientId);
            }
            throw e;
        }
        // A colon is not allowed in callers' names, so names that we make up never meet theirs. They cannot be guessed:
        // who knows one may ask how the conversation fares, and callers without a name are all the same client.
        String id = wantedId.isEmpty()
                ? "auto:" + session.id() + "-" + Long.toUnsignedString(names.nextLong(), Character.MAX_RADIX)
                : wantedId;
        Conversation conversation = new Conversation(new Conversation.Key(clientId, id), session, model, defaults);
        synchronized (lock) {
            if (!closed && all.putIfAbsent(conversation.key, conversation) == null) {
                return conversation;
            }
            givePlaceBack(clientId);
        }
        session.close();
        throw isClosed() ? Backend.drainingNow() : heldElsewhere();
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    /** An open or kept conversation, to look at. */
    @Nullable
    Conversation find(Conversation.Key key) {
        synchronized (lock) {
            return all.get(key);
        }
    }

    /** Sets how long a conversation will be kept: what was asked for, cut down to what is allowed. */
    void keepFor(Conversation conversation, @Nullable Duration asked) {
        Duration most = maxKept == 0 ? Duration.ZERO : maxRetention;
        synchronized (lock) {
            conversation.retention = asked == null || asked.compareTo(most) > 0 ? most : asked;
        }
    }

    /** The stream is done with a conversation: it is kept or closed. No turn of it is running any more. */
    void release(Conversation conversation) {
        List<Conversation> over = new ArrayList<>();
        synchronized (lock) {
            if (!conversation.held) {
                return;
            }
            conversation.held = false;
            if (closed || conversation.retention.isZero()) {
                remove(conversation);
                over.add(conversation);
            } else {
                kept.add(conversation);
                long keeping = ++conversation.keepings;
                conversation.cancelExpiry = alarm.after(conversation.retention, () -> expire(conversation, keeping));
                while (kept.size() > maxKept) {
                    Conversation oldest = kept.getFirst();
                    forgetExpiry(oldest);
                    remove(oldest);
                    over.add(oldest);
                }
            }
        }
        closeAll(over);
    }

    private void expire(Conversation conversation, long keeping) {
        synchronized (lock) {
            // An alarm that had begun when it was called off must not end what has been taken up and kept again since.
            if (conversation.keepings != keeping || !kept.remove(conversation)) {
                return;
            }
            conversation.cancelExpiry = null;
            remove(conversation);
        }
        closeAll(List.of(conversation));
    }

    private void forgetExpiry(Conversation conversation) {
        kept.remove(conversation);
        Runnable cancel = conversation.cancelExpiry;
        if (cancel != null) {
            cancel.run();
            conversation.cancelExpiry = null;
        }
    }

    private void closeAll(List<Conversation> conversations) {
        for (Conversation conversation : conversations) {
            executor.execute(conversation.session::close);
        }
    }

    private static AdedException.FailedPrecondition heldElsewhere() {
        return new AdedException.FailedPrecondition(
                "CONVERSATION_HELD", "another stream holds this conversation; end that stream first");
    }

    /** Conversations that are kept at the moment. */
    int keptCount() {
        synchronized (lock) {
            return kept.size();
        }
    }

    /** Closes what is kept; what is held is closed when it is released. */
    @Override
    public void close() {
        List<Conversation> over;
        synchronized (lock) {
            closed = true;
            over = List.copyOf(kept);
            kept.clear();
            over.forEach(this::remove);
        }
        alarm.close();
        over.forEach(conversation -> conversation.session.close());
    }
}
