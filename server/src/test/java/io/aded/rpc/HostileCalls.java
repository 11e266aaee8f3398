package io.aded.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.DraftServiceGrpc;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.ModelServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Calls of every method with {@link HostileMessages}, some at a time, and a count of how they end. */
final class HostileCalls {
    /** Beyond the longest that a turn may wait for the engine: a call that runs into it hangs. */
    static final int PATIENCE_SECONDS = 120;

    private static final int AT_ONCE = 16;
    private static final long SUSPICIOUS_NANOS = 45_000_000_000L;
    private static final int MOST_FAULTS = 5;

    /** What no request may end with: a fault of ours, or nothing. */
    private static final Set<Status.Code> OURS = EnumSet.of(
            Status.Code.INTERNAL,
            Status.Code.UNKNOWN,
            Status.Code.DATA_LOSS,
            Status.Code.UNAVAILABLE,
            Status.Code.DEADLINE_EXCEEDED);

    private final Channel channel;
    private final boolean tools;
    private final List<Method> methods;
    private final Semaphore places = new Semaphore(AT_ONCE);
    private final Set<Call> open = ConcurrentHashMap.newKeySet();
    private final Map<String, Map<Status.Code, Long>> ends = new TreeMap<>();
    private final List<String> faults = new ArrayList<>();

    /**
     * Calls of a server.
     *
     * @param tools whether its model has tools and reasoning
     */
    HostileCalls(Channel channel, boolean tools) {
        this.channel = channel;
        this.tools = tools;
        this.methods = methods(tools ? 9 : 3);
    }

    /** Bytes both ways. */
    private record Bytes() implements MethodDescriptor.Marshaller<ByteString> {
        @Override
        public InputStream stream(ByteString value) {
            return value.newInput();
        }

        @Override
        public ByteString parse(InputStream stream) {
            try {
                return ByteString.readFrom(stream);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private record Method(MethodDescriptor<ByteString, ByteString> raw, Descriptor input) {
        static Method of(MethodDescriptor<?, ?> method) {
            var schema = (ProtoMethodDescriptorSupplier) Objects.requireNonNull(method.getSchemaDescriptor());
            return new Method(
                    method.toBuilder(new Bytes(), new Bytes()).build(),
                    schema.getMethodDescriptor().getInputType());
        }

        boolean severalMessages() {
            return !raw.getType().clientSendsOneMessage();
        }
    }

    /** What is served, but for watching health, which never ends; inference so often: most is to be broken there. */
    private static List<Method> methods(int inference) {
        return Stream.concat(
                        Collections.nCopies(inference, InferenceServiceGrpc.getServiceDescriptor()).stream(),
                        Stream.of(
                                ModelServiceGrpc.getServiceDescriptor(),
                                DraftServiceGrpc.getServiceDescriptor(),
                                HealthGrpc.getServiceDescriptor(),
                                ServerReflectionGrpc.getServiceDescriptor()))
                .flatMap(service -> service.getMethods().stream())
                .filter(method -> !method.equals(HealthGrpc.getWatchMethod()))
                .<Method>map(Method::of)
                .toList();
    }

    /** Begins a call, as soon as there is a place for it. */
    void next(SplittableRandom random) throws InterruptedException {
        places.acquire();
        Call call = new Call(methods.get(random.nextInt(methods.size())), random);
        open.add(call);
        call.start();
    }

    /** Waits until all calls have ended. */
    void awaitAll() throws InterruptedException {
        if (!places.tryAcquire(AT_ONCE, 2L * PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            fault("calls never end: " + open);
        }
    }

    /** Looks for a call that has been open for suspiciously long; says what all threads were doing then. */
    void watch() {
        long now = System.nanoTime();
        for (Call call : open) {
            if (now - call.begun > SUSPICIOUS_NANOS && !call.told) {
                call.told = true;
                StringBuilder text = new StringBuilder("open for " + (now - call.begun) / 1_000_000 + " ms: " + call);
                Thread.getAllStackTraces().forEach((thread, stack) -> {
                    if (thread.getName().startsWith("aded-")) {
                        text.append("\n  ").append(thread.getName()).append(' ').append(thread.getState());
                        for (StackTraceElement element : stack) {
                            text.append("\n    ").append(element);
                        }
                    }
                });
                System.out.println(text);
            }
        }
    }

    /** One call, which sends what it has to all at once, or the next when what came before is dealt with. */
    private final class Call extends ClientCall.Listener<ByteString> {
        private final Method method;
        private final ClientCall<ByteString, ByteString> call;
        private final List<ByteString> all = new ArrayList<>();
        private final Queue<ByteString> unsent;
        private final boolean inStep;
        private final boolean leavesEarly;
        private final boolean leavesAtOnce;
        private final boolean hurried;
        private final String caller;
        private final long begun = System.nanoTime();
        private volatile boolean told;
        private boolean left;

        Call(Method method, SplittableRandom random) {
            this.method = method;
            var hostile = new HostileMessages(random, tools);
            int manner = random.nextInt(4);
            if (manner == 0) {
                for (int i = method.severalMessages() ? 1 + random.nextInt(4) : 1; i > 0; i--) {
                    all.add(hostile.any(method.input()));
                }
            } else {
                for (Message meant : new MeantRequests(random, tools).of(method.input())) {
                    all.add(hostile.near(meant));
                }
            }
            unsent = new ArrayDeque<>(all);
            inStep = method.severalMessages() && random.nextInt(6) > 0;
            leavesEarly = random.nextInt(12) == 0;
            leavesAtOnce = random.nextInt(32) == 0;
            hurried = random.nextInt(64) == 0;
            caller = random.nextInt(4) == 0 ? "caller-" + random.nextInt(3) : "";
            CallOptions options = hurried
                    ? CallOptions.DEFAULT.withDeadlineAfter(random.nextInt(20_000), TimeUnit.MICROSECONDS)
                    : CallOptions.DEFAULT.withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
            call = channel.newCall(method.raw(), options);
        }

        void start() {
            Metadata metadata = new Metadata();
            if (!caller.isEmpty()) {
                metadata.put(CallerInterceptor.HEADER, caller);
            }
            call.start(this, metadata);
            call.request(1);
            send();
            if (leavesAtOnce) {
                leave();
            }
        }

        private synchronized void leave() {
            left = true;
            call.cancel("enough", null);
        }

        /** Sends until there is something to wait for. */
        private synchronized void send() {
            if (left) {
                return;
            }
            ByteString message = unsent.poll();
            while (message != null) {
                call.sendMessage(message);
                if (inStep && answered(message)) {
                    return;
                }
                message = unsent.poll();
            }
            left = true; // there is nothing more to send
            call.halfClose();
        }

        /** Whether something will come for it. */
        private boolean answered(ByteString message) {
            if (method.input() != ConverseRequest.getDescriptor()) {
                return false;
            }
            try {
                ConverseRequest request = ConverseRequest.parseFrom(message);
                return request.hasOpen() || request.hasTurn();
            } catch (InvalidProtocolBufferException refused) {
                return true; // the end of the call
            }
        }

        private boolean ends(ByteString message) {
            if (method.input() != ConverseRequest.getDescriptor()) {
                return false;
            }
            try {
                ConverseResponse response = ConverseResponse.parseFrom(message);
                return response.hasOpened() || response.hasFinished();
            } catch (InvalidProtocolBufferException e) {
                fault("an answer that cannot be read: " + this);
                return false;
            }
        }

        @Override
        public void onMessage(ByteString message) {
            if (leavesEarly) {
                leave();
                return;
            }
            call.request(1);
            if (inStep && ends(message)) {
                send();
            }
        }

        @Override
        public void onClose(Status status, @Nullable Metadata trailers) {
            open.remove(this);
            ended(this, status);
            places.release();
        }

        private boolean isOurFault(Status.Code code) {
            return switch (code) {
                case DEADLINE_EXCEEDED -> !hurried;
                case CANCELLED -> !leavesEarly && !leavesAtOnce;
                default -> OURS.contains(code);
            };
        }

        @Override
        public String toString() {
            return method.raw().getFullMethodName() + (inStep ? " in step" : "")
                    + (caller.isEmpty() ? "" : " " + caller)
                    + " "
                    + all.stream()
                            .map(message -> Base64.getEncoder().encodeToString(message.toByteArray()))
                            .toList();
        }
    }

    private synchronized void ended(Call call, Status status) {
        ends.computeIfAbsent(
                        Objects.requireNonNull(call.method.raw().getBareMethodName()),
                        _ -> new EnumMap<>(Status.Code.class))
                .merge(status.getCode(), 1L, Long::sum);
        if (call.isOurFault(status.getCode())) {
            fault(status + " " + call);
        }
    }

    synchronized void fault(String what) {
        if (faults.size() < MOST_FAULTS) {
            faults.add(what);
            System.out.println("fault: " + what);
        }
    }

    synchronized List<String> faults() {
        return List.copyOf(faults);
    }

    /** How calls ended, of all methods together. */
    synchronized Map<Status.Code, Long> ends() {
        Map<Status.Code, Long> all = new EnumMap<>(Status.Code.class);
        ends.values().forEach(of -> of.forEach((code, count) -> all.merge(code, count, Long::sum)));
        return all;
    }

    /** How calls ended, a line for each method. */
    synchronized String table() {
        StringBuilder text = new StringBuilder();
        ends.forEach((method, of) -> text.append("  %-22s %s%n".formatted(method, of)));
        return text.append("  %-22s %s%n".formatted("all", ends())).toString();
    }
}
