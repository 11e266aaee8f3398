package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.serving.ServingLimits;
import io.aded.telemetry.EngineTelemetry;
import io.aded.telemetry.Telemetry;
import io.aded.v1.DraftServiceGrpc;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.ModelServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A server over the real engine and a scripted model, reached in-process. */
final class Harness implements AutoCloseable {
    final Engine engine;
    final AdedServer server;
    final ManagedChannel channel;

    private Harness(Engine engine, ServingLimits limits, Telemetry telemetry) {
        this.engine = engine;
        String name = InProcessServerBuilder.generateName();
        server = AdedServer.builder()
                .transport(InProcessServerBuilder.forName(name))
                .serving(Serving.builder().limits(limits).telemetry(telemetry).build())
                .start();
        server.serve(ServedModel.of(engine));
        channel = InProcessChannelBuilder.forName(name).build();
    }

    static Harness start() {
        return start(ServingLimits.DEFAULT);
    }

    static Harness start(ServingLimits limits) {
        return new Harness(engine(), limits, Telemetry.none());
    }

    static Harness start(TargetModel model, EngineOptions options) {
        return new Harness(Engine.start(model, options, EngineTelemetry.NONE), ServingLimits.DEFAULT, Telemetry.none());
    }

    static Harness over(Engine engine) {
        return new Harness(engine, ServingLimits.DEFAULT, Telemetry.none());
    }

    static Harness traced(Telemetry telemetry) {
        return new Harness(
                Engine.start(
                        new ScriptedModel(ScriptedModel.babble(7, 2)),
                        EngineOptions.ofCells(4096),
                        telemetry.forEngine("scripted")),
                ServingLimits.DEFAULT,
                telemetry);
    }

    static Engine engine() {
        return Engine.start(
                new ScriptedModel(ScriptedModel.babble(7, 2)), EngineOptions.ofCells(4096), EngineTelemetry.NONE);
    }

    InferenceServiceGrpc.InferenceServiceBlockingStub inference() {
        return InferenceServiceGrpc.newBlockingStub(channel);
    }

    ModelServiceGrpc.ModelServiceBlockingStub models() {
        return ModelServiceGrpc.newBlockingStub(channel);
    }

    DraftServiceGrpc.DraftServiceBlockingStub drafts() {
        return DraftServiceGrpc.newBlockingStub(channel);
    }

    ConverseClient converse() {
        return new ConverseClient(InferenceServiceGrpc.newStub(channel));
    }

    ConverseClient converse(String clientId) {
        Metadata metadata = new Metadata();
        metadata.put(CallerInterceptor.HEADER, clientId);
        return new ConverseClient(InferenceServiceGrpc.newStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata)));
    }

    @Override
    public void close() {
        channel.shutdownNow();
        server.close();
        engine.close();
    }

    // --- statuses

    static StatusRuntimeException failure(ThrowingCallable call) {
        try {
            call.call();
        } catch (StatusRuntimeException e) {
            return e;
        } catch (Throwable e) {
            throw new AssertionError("not a status", e);
        }
        throw new AssertionError("the call did not fail");
    }

    static void assertStatus(StatusRuntimeException failure, Status.Code code, String reason) {
        assertThat(failure.getStatus().getCode()).as(failure.toString()).isEqualTo(code);
        ErrorInfo info = detail(failure, ErrorInfo.class);
        assertThat(info.getReason()).isEqualTo(reason);
        assertThat(info.getDomain()).isEqualTo("aded.io");
    }

    /** The fields that an invalid request names. */
    static List<String> fields(StatusRuntimeException failure) {
        assertStatus(failure, Status.Code.INVALID_ARGUMENT, "INVALID_REQUEST");
        return paths(failure);
    }

    /** The fields that a failure of any kind names. */
    static List<String> paths(StatusRuntimeException failure) {
        return detail(failure, BadRequest.class).getFieldViolationsList().stream()
                .map(BadRequest.FieldViolation::getField)
                .toList();
    }

    static <M extends Message> M detail(StatusRuntimeException failure, Class<M> type) {
        com.google.rpc.Status status = Objects.requireNonNull(StatusProto.fromThrowable(failure));
        for (Any any : status.getDetailsList()) {
            if (any.is(type)) {
                try {
                    return any.unpack(type);
                } catch (InvalidProtocolBufferException e) {
                    throw new AssertionError(e);
                }
            }
        }
        throw new AssertionError("no " + type.getSimpleName() + " in " + status);
    }
}
