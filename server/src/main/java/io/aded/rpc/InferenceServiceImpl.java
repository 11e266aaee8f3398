package io.aded.rpc;

import io.aded.model.Vocabulary;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
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

    InferenceServiceImpl(Serving serving) {
        this.serving = serving;
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
        answer(responses, () -> {
            Vocabulary vocabulary = serving.model(request.getModel()).model().vocabulary();
            TokenizeResponse.Builder response = TokenizeResponse.newBuilder();
            for (int token :
                    vocabulary.tokenize(request.getText(), request.getAddSpecial(), request.getParseSpecial())) {
                response.addTokens(token);
                if (request.getWithPieces()) {
                    response.addPieces(ResponseWriter.piece(token, vocabulary));
                }
            }
            return response.build();
        });
    }

    @Override
    public void detokenize(DetokenizeRequest request, StreamObserver<DetokenizeResponse> responses) {
        answer(responses, () -> {
            int[] tokens = RequestReader.ints(request.getTokensList());
            return DetokenizeResponse.newBuilder()
                    .setText(serving.detokenize(serving.model(request.getModel()), tokens, request.getWithSpecial()))
                    .build();
        });
    }

    @Override
    public void countTokens(CountTokensRequest request, StreamObserver<CountTokensResponse> responses) {
        answer(
                responses,
                () -> {
                    ServedModel model = serving.model(request.getModel());
                    TurnInput input = new RequestReader().count(request);
                    return CountTokensResponse.newBuilder()
                            .setTokens(serving.countTokens(model, input.prompt(), input.unreadable()))
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
        } catch (RuntimeException | StackOverflowError e) {
            responses.onError(Statuses.of(named.apply(e)));
            return;
        }
        responses.onNext(response);
        responses.onCompleted();
    }
}
