package io.aded.rpc;

import io.aded.serving.Caller;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.serving.Tokenization;
import io.aded.serving.TurnInput;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.CountTokensResponse;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.DetokenizeResponse;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.TokenizeRequest;
import io.aded.v1.TokenizeResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Answers prompts. */
final class InferenceServiceImpl extends InferenceServiceGrpc.InferenceServiceImplBase {
    private final Serving serving;
    private final int mostAnswerBytes;

    /**
     * Answers for what is behind it.
     *
     * @param mostAnswerBytes the largest answer to a single question
     */
    InferenceServiceImpl(Serving serving, int mostAnswerBytes) {
        this.serving = serving;
        this.mostAnswerBytes = mostAnswerBytes;
    }

    @Override
    public StreamObserver<ConverseRequest> converse(StreamObserver<ConverseResponse> responses) {
        return new ConverseCall(serving, (ServerCallStreamObserver<ConverseResponse>) responses);
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
        GenerateCall.start(request, (ServerCallStreamObserver<GenerateResponse>) responses, serving);
    }

    @Override
    public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
        Caller caller = CallScope.caller(serving);
        answer(responses, () -> {
            Tokenization made = serving.tokenize(
                    caller,
                    serving.model(request.getModel()),
                    new Tokenization.Input(
                            request.getText(),
                            request.getAddSpecial(),
                            request.getParseSpecial(),
                            request.getWithPieces()),
                    mostAnswerBytes);
            TokenizeResponse.Builder response = TokenizeResponse.newBuilder().addAllPieces(made.pieces());
            for (int token : made.tokens()) {
                response.addTokens(token);
            }
            return response.build();
        });
    }

    @Override
    public void detokenize(DetokenizeRequest request, StreamObserver<DetokenizeResponse> responses) {
        Caller caller = CallScope.caller(serving);
        answer(responses, () -> {
            int[] tokens = RequestReader.ints(request.getTokensList());
            return DetokenizeResponse.newBuilder()
                    .setText(serving.detokenize(
                            caller,
                            serving.model(request.getModel()),
                            tokens,
                            request.getWithSpecial(),
                            mostAnswerBytes))
                    .build();
        });
    }

    @Override
    public void countTokens(CountTokensRequest request, StreamObserver<CountTokensResponse> responses) {
        Caller caller = CallScope.caller(serving);
        answer(
                responses,
                () -> {
                    ServedModel model = serving.model(request.getModel());
                    TurnInput input = new RequestReader().count(request);
                    return CountTokensResponse.newBuilder()
                            .setTokens(serving.countTokens(caller, model, input))
                            .setContextTokens(model.contextTokens())
                            .build();
                },
                failure -> FieldPaths.below("", request.hasPrompt(), failure));
    }

    /** Answers a unary call, or fails it with the right status. */
    static <T> void answer(StreamObserver<T> responses, Supplier<T> work) {
        answer(responses, work, UnaryOperator.identity());
    }

    /** As above; the failure says what is wrong under the names that the caller used. */
    private static <T> void answer(StreamObserver<T> responses, Supplier<T> work, UnaryOperator<Throwable> named) {
        T response;
        try {
            response = work.get();
        } catch (RuntimeException | Error e) { // a request that took too much memory is its own call's trouble
            responses.onError(Statuses.of(named.apply(e)));
            return;
        }
        responses.onNext(response);
        responses.onCompleted();
    }
}
