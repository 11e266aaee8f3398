package io.aded.rpc;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The calls that a server is at, so that those which are left when it stops are told why they end. Thread-safe. */
final class OpenCalls {
    private final Set<GuardedCall<?, ?, ?>> calls = ConcurrentHashMap.newKeySet();

    void add(GuardedCall<?, ?, ?> call) {
        calls.add(call);
    }

    void remove(GuardedCall<?, ?, ?> call) {
        calls.remove(call);
    }

    /** Ends all of them over their handlers' heads. */
    void refuseAll(Throwable reason) {
        calls.forEach(call -> call.refuse(reason));
    }
}
