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
        var outbox = new Outbox<>(observer);
        SingleAnswer answer = serving.answer(new OutboxSink<>(outbox, ResponseWriter::generateResponse, ""));
        observer.setOnCancelHandler(() -> {
            outbox.abandon();
            answer.gone();
        });
        observer.setOnReadyHandler(answer::ready);
        try {
            answer.start(request.getModel(), new RequestReader().turn(request), CallScope.caller(serving));
        } catch (RuntimeException | Error e) {
            outbox.fail(FieldPaths.below("", request.hasPrompt(), e));
        }
    }
}
