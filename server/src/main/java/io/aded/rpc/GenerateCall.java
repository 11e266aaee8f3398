package io.aded.rpc;

import io.aded.serving.Serving;
import io.aded.serving.SingleAnswer;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.grpc.stub.ServerCallStreamObserver;

/** One call of {@code Generate}: its request to a {@link SingleAnswer}, and what comes of it back. */
final class GenerateCall {
    private GenerateCall() {}

    static void start(GenerateRequest request, ServerCallStreamObserver<GenerateResponse> observer, Serving serving) {
        var sink = new OutboxSink<>(
                new Outbox<>(observer), ResponseWriter::generateResponse, "", CallScope.connectionThread());
        SingleAnswer answer = serving.answer(sink);
        sink.tell(answer::ready, answer::gone);
        observer.setOnCancelHandler(() -> {
            sink.abandon();
            answer.gone();
        });
        observer.setOnReadyHandler(sink::resume);
        try {
            answer.start(request.getModel(), new RequestReader().turn(request), CallScope.caller(serving));
        } catch (RuntimeException | Error e) {
            sink.fail(FieldPaths.below("", request.hasPrompt(), e));
        }
    }
}
