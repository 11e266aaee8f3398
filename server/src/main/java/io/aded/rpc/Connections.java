package io.aded.rpc;

import io.aded.telemetry.ConnectionGauges;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Error;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Stream;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of a server, which are bounded. Without a bound they end where the process may open no more files:
 * then nobody new is let in, a health check neither, and nobody is told.
 *
 * <p>When there are as many as may be, who does nothing gives way: of the connections without a call, the one that came
 * first is closed, and its client told so before if it has called before. A newcomer is turned away only if there are
 * calls on all of them. Either is counted, and told in the log once a minute at most.
 *
 * <p>It should not come to that: a client that was turned away tries again only after a second. So while an eighth or
 * less of the places is free, calls that nobody needs are ended, and connections are looked through for those which are
 * there for such calls only; and no conversation begins, since it may hold a connection for as long as it likes.
 * Thread-safe.
 */
final class Connections {
    private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

    /** To look at all of them is not done for each newcomer of a flood, if nothing was found a moment ago. */
    private static final long LOOK_AGAIN_NANOS = Duration.ofMillis(100).toNanos();

    /** Connections that are looked at in one go, on their own threads, and how far apart that is. */
    private static final int SWEEP = 512;

    private static final int SWEEP_MILLIS = 20;
    /** How often all are looked through after somebody has come: a call that was ended is over a moment later. */
    private static final int ROUNDS = 3;

    private static final int ROUND_MILLIS = 100;

    private static final long TELL_AGAIN_NANOS = Duration.ofMinutes(1).toNanos();
    private static final long LEAVING_MILLIS = 1_000;
    /** They take a file each. */
    private static final int MOST_LEAVING = 128;

    private final int most;
    private final LongSupplier nanoClock;
    private final Crowd crowd;
    private final Object lock = new Object();

    // All guarded by the lock.
    /** In the order in which they came. */
    private final Set<Channel> open = new LinkedHashSet<>();

    /** Asked to go, in the order in which they were. */
    private final Set<Channel> leaving = new LinkedHashSet<>();

    /** Being closed at this moment. */
    private int closing;

    private long displaced;
    private long refused;
    private long untold;
    private long tellAfter;
    private long lookAfter;
    /** Rounds of looking through all that are still to come, the one that goes on included. */
    private int rounds;

    /** Calls that are still to be ended, since one more has come for each. */
    private int owed;

    /** Frees connections of calls that nobody needs. */
    @FunctionalInterface
    interface Crowd {
        /** One more has come, and there is hardly a place left. False if there is no such call, or none yet. */
        boolean grows();
    }

    /**
     * None yet.
     *
     * @param most that may be open at once, at least 1
     * @param crowd told of each that comes while an eighth or less of the places is free
     */
    Connections(int most, LongSupplier nanoClock, Crowd crowd) {
        this.most = most;
        this.nanoClock = nanoClock;
        this.crowd = crowd;
        lookAfter = nanoClock.getAsLong();
        tellAfter = lookAfter;
    }

    /** What is put first into the pipeline of a channel that listens: what it accepts comes by here. */
    ChannelHandler door() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object accepted) {
                if (accepted instanceof Channel connection
                        && !enter(connection, context.channel().eventLoop())) {
                    connection.unsafe().closeForcibly();
                } else {
                    context.fireChannelRead(accepted);
                }
            }
        };
    }

    private boolean enter(Channel connection, EventLoop doorkeeper) {
        long now = nanoClock.getAsLong();
        if (isCrowded()) {
            lookThrough(doorkeeper, crowd.grows() ? 0 : 1);
        }
        if (!take(connection)) {
            Channel idle = longestIdle(now);
            if (idle == null || !replace(idle, connection)) {
                tell(now, false);
                return false;
            }
            close(idle);
            hurry();
            tell(now, true);
        }
        connection.closeFuture().addListener(_ -> left(connection));
        return true;
    }

    /** Whether an eighth or less of the places is free. */
    private boolean isCrowded() {
        synchronized (lock) {
            return open.size() >= most - most / 8;
        }
    }

    /** Whether one that is open holds one of the last places, an eighth of them, which nobody is to keep for long. */
    boolean isNearlyFull() {
        synchronized (lock) {
            return most >= 8 && open.size() > most - most / 8;
        }
    }

    private boolean take(Channel connection) {
        synchronized (lock) {
            return open.size() < most && open.add(connection);
        }
    }

    private @Nullable Channel longestIdle(long now) {
        Channel[] all;
        synchronized (lock) {
            if (now - lookAfter < 0) {
                return null;
            }
            all = open.toArray(Channel[]::new);
        }
        for (Channel each : all) {
            if (isIdle(each)) {
                return each;
            }
        }
        synchronized (lock) {
            lookAfter = now + LOOK_AGAIN_NANOS;
        }
        return null;
    }

    /** Has all of them looked through soon, and so many calls ended that nobody needs. */
    private void lookThrough(EventLoop doorkeeper, int calls) {
        synchronized (lock) {
            boolean begun = rounds > 0;
            rounds = ROUNDS;
            owed = Math.min(owed + calls, most / 8);
            if (begun) {
                return;
            }
        }
        doorkeeper.schedule(() -> round(doorkeeper), SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** In a flood calls begin some time after their connections. */
    private void round(EventLoop doorkeeper) {
        int calls;
        synchronized (lock) {
            calls = owed;
        }
        int left = calls;
        while (left > 0 && crowd.grows()) {
            left--;
        }
        synchronized (lock) {
            owed -= calls - left;
        }
        sweep(doorkeeper, all(), 0);
    }

    private Channel[] all() {
        synchronized (lock) {
            return open.toArray(Channel[]::new);
        }
    }

    /** Has some of them looked at on their own threads: a call that was ended and that its client keeps is none. */
    private void sweep(EventLoop doorkeeper, Channel[] all, int from) {
        int to = Math.min(all.length, from + SWEEP);
        for (Channel each : Arrays.asList(all).subList(from, to)) {
            each.eventLoop().execute(() -> {
                if (isOver(each)) {
                    each.unsafe().close(each.newPromise());
                }
            });
        }
        if (doorkeeper.isShuttingDown()) {
            return;
        }
        if (to < all.length) {
            doorkeeper.schedule(() -> sweep(doorkeeper, all, to), SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        } else if (hasAnotherRound()) {
            doorkeeper.schedule(() -> round(doorkeeper), ROUND_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private boolean hasAnotherRound() {
        synchronized (lock) {
            rounds--;
            owed = rounds > 0 ? owed : 0;
            return rounds > 0;
        }
    }

    /** Whether there are calls on it and all of them have ended. */
    private static boolean isOver(Channel connection) {
        Http2ConnectionHandler http2 = connection.pipeline().get(Http2ConnectionHandler.class);
        try {
            return http2 != null
                    && http2.connection().numActiveStreams() > 0
                    && http2.connection()
                                    .forEachActiveStream(
                                            stream -> stream.state() == Http2Stream.State.HALF_CLOSED_LOCAL)
                            == null;
        } catch (Http2Exception e) {
            return false;
        }
    }

    /**
     * Whether there is no call on it. From another thread than the connection's own this may be a moment old: a call
     * that has come since is carried out before the connection is closed.
     */
    private static boolean isIdle(Channel connection) {
        Http2ConnectionHandler http2 = connection.pipeline().get(Http2ConnectionHandler.class);
        return http2 == null || http2.connection().numActiveStreams() == 0;
    }

    /** False if so many are being closed that the connection's threads do not get around to it. */
    private boolean replace(Channel idle, Channel connection) {
        synchronized (lock) {
            if (closing >= MOST_LEAVING || !open.remove(idle)) {
                return false;
            }
            leaving.add(idle);
            return open.add(connection);
        }
    }

    /** If many were asked to go, the one that was asked first is not waited for any longer. */
    private void hurry() {
        Channel first;
        synchronized (lock) {
            if (leaving.size() <= MOST_LEAVING) {
                return;
            }
            first = leaving.iterator().next();
            leaving.remove(first);
            closing++;
        }
        first.eventLoop().execute(() -> {
            cutOff(first);
            first.close(); // what was called meanwhile is carried out before
        });
    }

    /**
     * Closes it. Whoever has called over it before may be sending a call right now: such a client is asked to go (a
     * GOAWAY that still accepts all calls, as RFC 9113, 6.8 advises) and closes by itself, or is closed after a time.
     */
    private static void close(Channel idle) {
        idle.eventLoop().execute(() -> {
            Http2ConnectionHandler http2 = idle.pipeline().get(Http2ConnectionHandler.class);
            if (http2 == null || http2.connection().remote().lastStreamCreated() == 0) {
                idle.unsafe().close(idle.newPromise());
            } else {
                ChannelHandlerContext context = idle.pipeline().context(http2);
                http2.goAway(
                        context,
                        Integer.MAX_VALUE,
                        Http2Error.NO_ERROR.code(),
                        Unpooled.EMPTY_BUFFER,
                        context.newPromise());
                context.flush();
                later(idle, idle::close);
            }
            later(idle, () -> later(idle, () -> cutOff(idle)));
        });
    }

    private static void later(Channel channel, Runnable step) {
        channel.eventLoop().schedule(step, LEAVING_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Who reads nothing takes no farewell either. */
    private static void cutOff(Channel idle) {
        if (idle.isOpen() && isIdle(idle)) {
            idle.unsafe().close(idle.newPromise());
        }
    }

    private void left(Channel connection) {
        synchronized (lock) {
            if (!open.remove(connection) && !leaving.remove(connection)) {
                closing--;
            }
        }
    }

    private void tell(long now, boolean entered) {
        long unsaid;
        synchronized (lock) {
            if (entered) {
                displaced++;
            } else {
                refused++;
            }
            untold++;
            if (now - tellAfter < 0) {
                return;
            }
            tellAfter = now + TELL_AGAIN_NANOS;
            unsaid = untold;
            untold = 0;
        }
        LOG.warn(
                "There are as many connections as may be, {}: {}{}",
                most,
                entered
                        ? "one without a call was closed for a new one"
                        : "a new one was turned away, since there are calls on all of them",
                unsaid > 1 ? " (and " + (unsaid - 1) + " closed or turned away since this was last said)" : "");
    }

    /** How many there are and were. */
    ConnectionGauges gauges() {
        synchronized (lock) {
            return new ConnectionGauges(open.size(), displaced, refused);
        }
    }
}
