package io.aded.rpc;

import io.aded.model.AdedException;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.util.internal.PlatformDependent;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of messages that have arrived and are not read yet, of all calls of a server together.
 *
 * <p>gRPC gathers a message in direct memory until its last byte is there, and lets a client send all of it; nothing
 * else bounds what clients leave unfinished. HTTP/2's flow control does not: a window is refilled as bytes are
 * gathered. So every call is followed by a tracer, to which the transport tells each piece of a message. When the
 * budget is spent, the call with the largest unfinished message is refused, and what it had gathered is freed. Thread-
 * safe.
 */
final class InboundBudget {
    static final Context.Key<Stream> STREAM = Context.key("aded-inbound");

    /** What a piece costs beside its bytes: a buffer's handle, and a place in the list of a message's pieces. */
    private static final int PIECE = 256;

    private final long most;
    private final Object lock = new Object();
    private final Set<Stream> gathering = new HashSet<>();
    private long all;

    InboundBudget(long most) {
        this.most = most;
    }

    /** A quarter of the direct memory that the transport may have, and up to 256 MiB. */
    static InboundBudget ofDirectMemory() {
        return new InboundBudget(Math.min(PlatformDependent.maxDirectMemory() / 4, 256L << 20));
    }

    /** Follows calls. */
    ServerStreamTracer.Factory tracers() {
        return new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
                return new Stream();
            }
        };
    }

    /** What a call is refused by. */
    @FunctionalInterface
    interface Refusal {
        /** Ends the call; from any thread, and without waiting. */
        void refuse(AdedException reason);
    }

    /** What has arrived of one call. */
    final class Stream extends ServerStreamTracer {
        // All guarded by the lock.
        private final Queue<Long> whole = new ArrayDeque<>();
        private long unfinished;
        private long held;
        private boolean over;
        private @Nullable Refusal refusal;
        private boolean refused;

        @Override
        public Context filterContext(Context context) {
            return context.withValue(STREAM, this);
        }

        /** Says how the call is refused. */
        void refusedBy(Refusal how) {
            synchronized (lock) {
                refusal = how;
                if (!refused) {
                    return;
                }
            }
            how.refuse(exhausted());
        }

        @Override
        public void inboundWireSize(long bytes) {
            Stream victim;
            synchronized (lock) {
                if (over || refused) {
                    return;
                }
                unfinished += bytes + PIECE;
                held += bytes + PIECE;
                all += bytes + PIECE;
                gathering.add(this);
                victim = all > most ? largest() : null;
                if (victim != null) {
                    victim.refused = true;
                    victim.letGo();
                }
            }
            if (victim != null) {
                victim.end();
            }
        }

        private Stream largest() {
            Stream largest = this;
            for (Stream other : gathering) {
                if (other.unfinished > largest.unfinished) {
                    largest = other;
                }
            }
            return largest;
        }

        private void end() {
            Refusal how;
            synchronized (lock) {
                how = refusal;
            }
            if (how != null) {
                how.refuse(exhausted());
            }
        }

        /** Frees what is counted; under the lock. */
        private void letGo() {
            all -= held;
            held = 0;
            unfinished = 0;
            whole.clear();
            gathering.remove(this);
        }

        @Override
        public void inboundMessageRead(int number, long wireSize, long size) {
            synchronized (lock) {
                if (!over && !refused) {
                    whole.add(unfinished);
                    unfinished = 0;
                    gathering.remove(this);
                }
            }
        }

        /** A message that was whole has been read. */
        void read() {
            synchronized (lock) {
                Long bytes = whole.poll();
                if (bytes != null) {
                    held -= bytes;
                    all -= bytes;
                }
            }
        }

        @Override
        public void streamClosed(Status status) {
            synchronized (lock) {
                over = true;
                letGo();
            }
        }
    }

    private AdedException exhausted() {
        return new AdedException.ResourceExhausted(
                "INBOUND_BYTES",
                "unfinished messages take all the memory that there is for them, and this call's is the largest;"
                        + " allowed: " + most + " bytes of all calls together; try again later",
                null);
    }

    /** The most bytes that may have arrived and not be read yet. */
    long most() {
        return most;
    }

    /** Bytes that have arrived and are not read yet. */
    long held() {
        synchronized (lock) {
            return all;
        }
    }
}
