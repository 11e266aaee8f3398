package io.aded.client;

import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceStub;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import org.jspecify.annotations.Nullable;

/** One {@code Generate} call: an answer without a conversation. */
final class SingleAnswer implements ClientResponseObserver<GenerateRequest, GenerateResponse>, AnswerStream.Source {
    private final AnswerStream answer = new AnswerStream(this);
    private @Nullable ClientCallStreamObserver<GenerateRequest> call;

    private SingleAnswer() {}

    static AnswerStream start(InferenceServiceStub stub, GenerateRequest request) {
        SingleAnswer single = new SingleAnswer();
        stub.generate(request, single);
        return single.answer;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateRequest> started) {
        started.disableAutoRequestWithInitial(0);
        call = started;
    }

    @Override
    public void onNext(GenerateResponse response) {
        switch (response.getEventCase()) {
            case DELTA -> answer.deliver(ResponseReader.delta(response.getDelta()));
            case REASONING_DELTA -> answer.deliver(ResponseReader.reasoning(response.getReasoningDelta()));
            case TOOL_CALL_DELTA -> answer.deliver(ResponseReader.toolCall(response.getToolCallDelta()));
            case ROUND -> answer.deliver(ResponseReader.round(response.getRound()));
            case FINISHED -> answer.deliver(ResponseReader.finished(response.getFinished()));
            // An event of a later version of the API: pass over it.
            case EVENT_NOT_SET -> pull();
        }
    }

    @Override
    public void onError(Throwable thrown) {
        answer.fail(Failures.decode(thrown));
    }

    @Override
    public void onCompleted() {
        answer.fail(new AdedClientException.Internal(
                "INCOMPLETE_ANSWER", "the server closed the stream before the answer was complete", null));
    }

    @Override
    public void pull() {
        call().request(1);
    }

    @Override
    public void stop() {
        call().cancel("the answer was cancelled by its reader", null);
    }

    @Override
    public void abandon() {
        stop();
    }

    private ClientCallStreamObserver<GenerateRequest> call() {
        if (call == null) {
            throw new IllegalStateException("the call has not started");
        }
        return call;
    }
}
