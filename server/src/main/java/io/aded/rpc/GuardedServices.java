package io.aded.rpc;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Services whose methods are reached through a {@link GuardedListener}: it reads the messages, which the transport
 * leaves as bytes, and answers for whatever a handler throws.
 */
final class GuardedServices {
    private final OpenCalls open;
    private final @Nullable MemoryBudget memory;

    private GuardedServices(OpenCalls open, @Nullable MemoryBudget memory) {
        this.open = open;
        this.memory = memory;
    }

    /**
     * The same service, guarded.
     *
     * @param schema what reflection says of it
     * @param open where its calls are found while they are open
     * @param memory what its messages are taken from; null for a service that must answer when there is none left, and
     *     whose messages are small
     */
    static ServerServiceDefinition guard(
            ServerServiceDefinition service, @Nullable Object schema, OpenCalls open, @Nullable MemoryBudget memory) {
        var guard = new GuardedServices(open, memory);
        ServiceDescriptor.Builder descriptor =
                ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName());
        descriptor.setSchemaDescriptor(schema);
        var methods = service.getMethods().stream().map(guard::guard).toList();
        methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        ServerServiceDefinition.Builder guarded = ServerServiceDefinition.builder(descriptor.build());
        methods.forEach(guarded::addMethod);
        return guarded.build();
    }

    private <Q, A> ServerMethodDefinition<InputStream, A> guard(ServerMethodDefinition<Q, A> method) {
        MethodDescriptor<Q, A> descriptor = method.getMethodDescriptor();
        ServerCallHandler<Q, A> handler = method.getServerCallHandler();
        return ServerMethodDefinition.create(
                descriptor.toBuilder(BytesMarshaller.INSTANCE, descriptor.getResponseMarshaller())
                        .build(),
                (call, headers) -> start(call, headers, descriptor, handler));
    }

    private <Q, A> ServerCall.Listener<InputStream> start(
            ServerCall<InputStream, A> call,
            Metadata headers,
            MethodDescriptor<Q, A> descriptor,
            ServerCallHandler<Q, A> handler) {
        var guarded = new GuardedCall<>(call, descriptor);
        InboundBudget.Stream arriving = InboundBudget.STREAM.get();
        if (arriving != null) {
            arriving.refusedBy(guarded::refuse);
        }
        try {
            ServerCall.Listener<Q> listener = handler.startCall(guarded, headers);
            open.add(guarded);
            return new GuardedListener<>(guarded, listener, open, arriving, memory, CallScope.share());
        } catch (Throwable e) { // an Error too is the call's own
            guarded.refuse(e);
            return new ServerCall.Listener<>() {};
        }
    }

    /** Leaves a message as it came: the listener reads it, before it goes back to the transport. */
    private static final class BytesMarshaller implements MethodDescriptor.Marshaller<InputStream> {
        static final BytesMarshaller INSTANCE = new BytesMarshaller();

        @Override
        public InputStream stream(InputStream message) {
            return message;
        }

        @Override
        public InputStream parse(InputStream bytes) {
            return bytes;
        }
    }
}
