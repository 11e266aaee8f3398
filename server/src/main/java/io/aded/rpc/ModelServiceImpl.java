package io.aded.rpc;

import com.google.protobuf.Timestamp;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.EngineOptions;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.serving.FieldBounds;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.serving.ServingLimits;
import io.aded.v1.FieldLimits;
import io.aded.v1.GetModelRequest;
import io.aded.v1.GetModelResponse;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.GetServerInfoResponse;
import io.aded.v1.Limits;
import io.aded.v1.ListModelsRequest;
import io.aded.v1.ListModelsResponse;
import io.aded.v1.ModelServiceGrpc;
import io.aded.v1.PreparationLimits;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Describes the model and the server. */
final class ModelServiceImpl extends ModelServiceGrpc.ModelServiceImplBase {
    private final Serving serving;
    private final MessageLimits messages;
    private final ServerLimits transport;
    private final String version;
    private final Instant start;

    /**
     * What messages may take.
     *
     * @param largest bytes of one
     * @param inWork bytes of all that are worked on at once
     * @param arriving bytes of all that have arrived in part
     */
    record MessageLimits(int largest, long inWork, long arriving) {}

    ModelServiceImpl(Serving serving, MessageLimits messages, ServerLimits transport, String version, Instant start) {
        this.serving = serving;
        this.messages = messages;
        this.transport = transport;
        this.version = version;
        this.start = start;
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
        InferenceServiceImpl.answer(responses, () -> {
            List<FieldViolation> wrong = new ArrayList<>();
            if (request.getPageSize() < 0) {
                wrong.add(new FieldViolation(
                        "page_size", "is " + request.getPageSize() + "; allowed: 0 (the server's choice) or more"));
            }
            if (!request.getPageToken().isEmpty()) {
                wrong.add(new FieldViolation("page_token", "is none that this server gave; leave it empty"));
            }
            if (!wrong.isEmpty()) {
                throw new AdedException.InvalidRequest(wrong);
            }
            return ListModelsResponse.newBuilder()
                    .addModels(ResponseWriter.model(serving.model()))
                    .build();
        });
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
        GetServerInfoResponse.Builder info = GetServerInfoResponse.newBuilder()
                .setVersion(version)
                .setLibrary(served.info().library())
                .setRuntime(Runtime.version() + " (" + System.getProperty("java.vendor", "unknown vendor") + ")")
                .setStartTime(Timestamp.newBuilder()
                        .setSeconds(start.getEpochSecond())
                        .setNanos(start.getNano()))
                .setLimits(limits(served))
                .setDefaultOptions(ResponseWriter.options(serving.defaults()))
                .setPrefixSharing(ResponseWriter.sharing(
                        served.engines().getFirst().options().prefixSharing()))
                .addAllDrafters(Drafters.available(served.hasDraftModel()).stream()
                        .map(ResponseWriter::drafter)
                        .toList())
                .addAllCapabilities(Capabilities.of(serving))
                .setLoad(ResponseWriter.load(served.status()));
        DraftModelInfo drafting = served.draftModel();
        if (drafting != null) {
            info.setDraftModel(DraftMessages.model(drafting));
        }
        return info.build();
    }

    private Limits limits(ServedModel served) {
        ServingLimits kept = serving.limits();
        EngineOptions options = served.engines().getFirst().options();
        Limits.Builder limits = Limits.newBuilder()
                .setContextTokens(served.contextTokens())
                .setMaxRunning(served.maxRunning())
                .setMaxWaiting(served.maxWaiting())
                .setMaxWait(ResponseWriter.duration(options.maxWait()))
                .setMaxMessageBytes(messages.largest())
                .setMaxRetention(ResponseWriter.duration(kept.maxRetention()))
                .setMaxRetainedConversations(kept.maxRetained())
                .setMaxConversations(serving.conversationBounds().all())
                .setMaxConversationsPerClient(serving.conversationBounds().perClient())
                .setMaxUnread(ResponseWriter.duration(kept.longestUnread()))
                .setMaxMessageBytesInWork(messages.inWork())
                .setMaxMessageBytesArriving(messages.arriving())
                .setMaxConnections(transport.maxConnections())
                .setMaxConnectionIdle(ResponseWriter.duration(transport.maxConnectionIdle()))
                .setPreparation(preparation(served))
                .setFields(fields(served));
        if (serving.coalescing().isPositive()) {
            limits.setCoalescingInterval(ResponseWriter.duration(serving.coalescing()));
        }
        return limits.build();
    }

    private PreparationLimits preparation(ServedModel served) {
        io.aded.serving.PreparationLimits limits = serving.preparation();
        return PreparationLimits.newBuilder()
                .setMaxRunning(limits.threads())
                .setMaxRunningPerClient(limits.perCaller())
                .setMaxWaiting(limits.waitingFor(served.maxRunning() + served.maxWaiting()))
                .setMaxTime(ResponseWriter.duration(limits.longest()))
                .build();
    }

    private static FieldLimits fields(ServedModel served) {
        FieldBounds bounds = served.validator().bounds();
        return FieldLimits.newBuilder()
                .setPromptBytes(bounds.promptBytes())
                .setMessages(bounds.messages())
                .setStopStrings(bounds.stopStrings())
                .setStopStringCharacters(bounds.stopStringCharacters())
                .setStopTokens(bounds.stopTokens())
                .setLogProbabilities(bounds.alternatives())
                .setPriority(bounds.priority())
                .setTemplateVariables(bounds.variables().count())
                .setTemplateVariableDepth(bounds.variables().depth())
                .setTemplateVariableSize(bounds.variables().size())
                .setGrammarCharacters(bounds.grammar().characters())
                .setGrammarDepth(bounds.grammar().depth())
                .setJsonSchemaCharacters(bounds.schema().characters())
                .setJsonSchemaDepth(bounds.schema().depth())
                .setRegularExpressionCharacters(bounds.expression().characters())
                .setRegularExpressionDepth(bounds.expression().depth())
                .build();
    }
}
