package io.aded.rpc;

import io.aded.model.AdedException;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads what arrives of one call, and hands it to the call's handler.
 *
 * <p>Bytes that are no message (text that is not UTF-8, or no protobuf at all) are INVALID_ARGUMENT; gRPC by itself
 * lets the call die with a status that blames the server. Memory for a message is taken from the budget before it is
 * parsed, and given back when it has been dealt with: at the end of a call that answers once, after each message of one
 * that goes on. Whatever a handler throws, an {@link Error} too, is INTERNAL for this call and goes to the log; gRPC
 * would make it UNKNOWN.
 */
final class GuardedListener<Q, A> extends ServerCall.Listener<InputStream> {
    /** Health checks and the like are small, and must be answered when no memory is left to take. */
    private static final int SMALL = 64 << 10;

    private final GuardedCall<InputStream, Q, A> call;
    private final ServerCall.Listener<Q> handler;
    private final OpenCalls open;
    private final InboundBudget.@Nullable Stream arriving;
    private final @Nullable MemoryBudget memory;
    private final String caller;
    private final boolean answersOnce;
    private final boolean stays;

    private MemoryBudget.@Nullable Share share;
    private boolean heard;
    /** Whether the handler knows that nobody waits for it any more. */
    private boolean told;

    /**
     * A listener; its methods are called one after the other.
     *
     * @param open where the call is found while it is open
     * @param arriving where bytes that arrive are counted
     * @param memory what messages are taken from; null to take small ones only, from nothing
     * @param caller whose memory it is
     */
    GuardedListener(
            GuardedCall<InputStream, Q, A> call,
            ServerCall.Listener<Q> handler,
            OpenCalls open,
            InboundBudget.@Nullable Stream arriving,
            @Nullable MemoryBudget memory,
            String caller) {
        this.call = call;
        this.handler = handler;
        this.open = open;
        this.arriving = arriving;
        this.memory = memory;
        this.caller = caller;
        answersOnce = call.getMethodDescriptor().getType() == MethodType.UNARY;
        stays = memory != null && call.getMethodDescriptor().getType() == MethodType.BIDI_STREAMING;
    }

    @Override
    public void onMessage(InputStream bytes) {
        if (call.isRefused()) {
            return;
        }
        guarded(() -> {
            Q message = read(bytes);
            if (arriving != null) {
                arriving.read();
            }
            if (stays && !heard) {
                open.requireRoomToStay();
            }
            heard = true;
            if (memory != null || answersOnce) {
                open.heard(call);
            }
            handler.onMessage(message);
            if (call.getMethodDescriptor().getType() == MethodType.BIDI_STREAMING) {
                giveBack();
            }
        });
    }

    private Q read(InputStream bytes) {
        try {
            InputStream measured = bytes instanceof KnownLength
                    ? bytes
                    : new ByteArrayInputStream(bytes.readAllBytes()); // compressed: the transport bounds what comes out
            int size = measured.available();
            if (memory != null) {
                giveBack();
                share = memory.take(caller, size);
            } else if (size > SMALL) {
                throw AdedException.ResourceExhausted.forGood(
                        "MESSAGE_TOO_LARGE", "a message has " + size + " bytes; allowed: at most " + SMALL);
            }
            return call.getMethodDescriptor().parseRequest(measured);
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED) {
                throw AdedException.ResourceExhausted.forGood(
                        "MESSAGE_TOO_LARGE", "a message is larger than messages may be when it is decompressed");
            }
            throw unreadable();
        } catch (IOException e) {
            throw unreadable();
        }
    }

    private static AdedException unreadable() {
        return new AdedException.InvalidRequest(
                "request", "cannot be read; allowed: a message of this API whose strings are valid UTF-8");
    }

    @Override
    public void onHalfClose() {
        if (!call.isRefused()) {
            guarded(() -> {
                handler.onHalfClose();
                if (!answersOnce) {
                    giveBack(); // what goes on after this is the engine's, which has budgets of its own
                }
            });
        }
    }

    @Override
    public void onReady() {
        if (!call.isRefused()) {
            guarded(handler::onReady);
        }
    }

    @Override
    public void onCancel() {
        open.remove(call);
        giveBack();
        gone();
    }

    @Override
    public void onComplete() {
        open.remove(call);
        giveBack();
        if (call.isRefused()) {
            gone();
        } else if (!told) {
            told = true;
            guarded(handler::onComplete);
        }
    }

    /** What was begun for this call ends, and sends nothing any more. */
    private void gone() {
        if (!told) {
            told = true;
            guarded(handler::onCancel);
        }
    }

    private void giveBack() {
        MemoryBudget.Share taken = share;
        if (taken != null) {
            share = null;
            taken.giveBack();
        }
    }

    /** A step of the handler. */
    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (Throwable e) { // an Error too is the call's own
            call.refuse(e);
            gone();
        }
    }
}
