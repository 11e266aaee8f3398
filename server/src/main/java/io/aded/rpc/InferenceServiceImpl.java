package io.aded.rpc;

import io.aded.engine.Prompt;
import io.aded.model.Vocabulary;
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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Answers prompts. */
final class InferenceServiceImpl extends InferenceServiceGrpc.InferenceServiceImplBase {
    private final Backend backend;
    private final Conversations conversations;
    private final TurnStarter starter;
    private final Executor executor;
    private final Set<ConverseCall> streams = ConcurrentHashMap.newKeySet();

    InferenceServiceImpl(Backend backend, Conversations conversations, TurnStarter starter, Executor executor) {
        this.backend = backend;
        this.conversations = conversations;
        this.starter = starter;
        this.executor = executor;
    }

    @Override
    public StreamObserver<ConverseRequest> converse(StreamObserver<ConverseResponse> responses) {
        var observer = (ServerCallStreamObserver<ConverseResponse>) responses;
        var call = new ConverseCall(backend, conversations, starter, observer, streams::remove);
        streams.add(call);
        return call;
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
        try {
            GenerateCall.start(
                    request, (ServerCallStreamObserver<GenerateResponse>) responses, backend, starter, executor);
        } catch (RuntimeException | StackOverflowError e) {
            responses.onError(Statuses.of(e));
        }
    }

    @Override
    public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
        answer(responses, () -> {
            Vocabulary vocabulary = backend.model().model().vocabulary();
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
            ServedModel model = backend.model();
            var reader = new RequestReader(model, "");
            reader.tokens("tokens", request.getTokensList());
            reader.wrong().check();
            String text = model.model()
                    .vocabulary()
                    .detokenize(RequestReader.ints(request.getTokensList()), request.getWithSpecial());
            return DetokenizeResponse.newBuilder().setText(text).build();
        });
    }

    @Override
    public void countTokens(CountTokensRequest request, StreamObserver<CountTokensResponse> responses) {
        answer(responses, () -> {
            ServedModel model = backend.model();
            var reader = new RequestReader(model, "");
            Prompt prompt = reader.prompt(request);
            reader.wrong().check();
            return CountTokensResponse.newBuilder()
                    .setTokens(model.leastBusy().countTokens(prompt))
                    .setContextTokens(model.contextTokens())
                    .build();
        });
    }

    /** The server is shutting down: streams end as soon as their running turn has. */
    void drain() {
        streams.forEach(ConverseCall::drain);
    }

    /** Streams of {@code Converse} that are open. */
    int streams() {
        return streams.size();
    }

    /** Answers a unary call, or fails it with the right status. */
    static <T> void answer(StreamObserver<T> responses, Supplier<T> work) {
        T response;
        try {
            response = work.get();
        } catch (RuntimeException | StackOverflowError e) {
            responses.onError(Statuses.of(e));
            return;
        }
        responses.onNext(response);
        responses.onCompleted();
    }
}
