package io.aded.rpc;

import io.aded.model.AdedException;
import io.aded.serving.Serving;
import io.aded.v1.DraftServiceGrpc;
import io.aded.v1.ExportDraftTableRequest;
import io.aded.v1.ExportDraftTableResponse;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.ImportDraftTableRequest;
import io.aded.v1.ImportDraftTableResponse;
import io.aded.v1.ResetDraftStateRequest;
import io.aded.v1.ResetDraftStateResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** Tells how drafting fares. Tables are not exchanged: those methods say so. */
final class DraftServiceImpl extends DraftServiceGrpc.DraftServiceImplBase {
    private final Serving serving;

    DraftServiceImpl(Serving serving) {
        this.serving = serving;
    }

    @Override
    public void getDraftStatistics(
            GetDraftStatisticsRequest request, StreamObserver<GetDraftStatisticsResponse> responses) {
        InferenceServiceImpl.answer(
                responses,
                () -> DraftMessages.statistics(
                        serving.drafting(CallScope.caller(serving), request.getConversationId()),
                        serving.draftModel()));
    }

    @Override
    public void exportDraftTable(ExportDraftTableRequest request, StreamObserver<ExportDraftTableResponse> responses) {
        responses.onError(notServed("ExportDraftTable"));
    }

    @Override
    public StreamObserver<ImportDraftTableRequest> importDraftTable(
            StreamObserver<ImportDraftTableResponse> responses) {
        responses.onError(notServed("ImportDraftTable"));
        return new StreamObserver<>() {
            @Override
            public void onNext(ImportDraftTableRequest ignored) {}

            @Override
            public void onError(Throwable ignored) {}

            @Override
            public void onCompleted() {}
        };
    }

    @Override
    public void resetDraftState(ResetDraftStateRequest request, StreamObserver<ResetDraftStateResponse> responses) {
        responses.onError(notServed("ResetDraftState"));
    }

    private static StatusRuntimeException notServed(String method) {
        return Statuses.of(new AdedException.NotServed(List.of("DraftService." + method)));
    }
}
