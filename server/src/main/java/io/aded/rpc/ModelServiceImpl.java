package io.aded.rpc;

import com.google.protobuf.Timestamp;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.serving.Generation;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.serving.ServingLimits;
import io.aded.v1.DraftMode;
import io.aded.v1.GetModelRequest;
import io.aded.v1.GetModelResponse;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.GetServerInfoResponse;
import io.aded.v1.Limits;
import io.aded.v1.ModelServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.time.Instant;

/** Describes the model and the server. */
final class ModelServiceImpl extends ModelServiceGrpc.ModelServiceImplBase {
    private final Serving serving;
    private final ServerLimits limits;
    private final String version;
    private final Instant start;

    ModelServiceImpl(Serving serving, ServerLimits limits, String version, Instant start) {
        this.serving = serving;
        this.limits = limits;
        this.version = version;
        this.start = start;
    }

    @Override
    public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> responses) {
        InferenceServiceImpl.answer(
                responses,
                () -> GetModelResponse.newBuilder()
                        .setModel(ResponseWriter.model(serving.model(request.getName())))
                        .build());
    }

    @Override
    public void getServerInfo(GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> responses) {
        InferenceServiceImpl.answer(responses, () -> info(serving.model()));
    }

    private GetServerInfoResponse info(ServedModel served) {
        Generation defaults = serving.defaults();
        GetServerInfoResponse.Builder info = GetServerInfoResponse.newBuilder()
                .setVersion(version)
                .setLibrary(served.info().library())
                .setRuntime(Runtime.version() + " (" + System.getProperty("java.vendor", "unknown vendor") + ")")
                .setStartTime(Timestamp.newBuilder()
                        .setSeconds(start.getEpochSecond())
                        .setNanos(start.getNano()))
                .setLimits(limits(served))
                .setDefaultSampling(ResponseWriter.sampling(defaults.sampling()))
                .setDefaultDraft(ResponseWriter.draft(defaults.draft()))
                .addCapabilities("grammar")
                .addCapabilities("json_schema")
                .setLoad(ResponseWriter.load(served.status()));
        if (serving.limits().keepsConversations()) {
            info.addCapabilities("resume");
        }
        Drafters.all().stream()
                .map(ResponseWriter::mode)
                .filter(mode -> mode != DraftMode.DRAFT_MODE_UNSPECIFIED)
                .sorted(java.util.Comparator.comparingInt(DraftMode::getNumber))
                .forEach(info::addDraftModes);
        return info.build();
    }

    private Limits limits(ServedModel served) {
        ServingLimits kept = serving.limits();
        EngineOptions options = served.engines().getFirst().options();
        return Limits.newBuilder()
                .setContextTokens(served.contextTokens())
                .setMaxRunning(sum(served, EngineOptions::maxRunning))
                .setMaxWaiting(sum(served, EngineOptions::maxWaiting))
                .setMaxWait(ResponseWriter.duration(options.maxWait()))
                .setMaxMessageBytes(limits.maxMessageBytes())
                .setMaxRetention(ResponseWriter.duration(kept.maxRetention()))
                .setMaxRetainedConversations(kept.maxRetained())
                .build();
    }

    private static int sum(ServedModel served, java.util.function.ToIntFunction<EngineOptions> limit) {
        return served.engines().stream().map(Engine::options).mapToInt(limit).sum();
    }
}
