package io.aded.rpc;

import io.aded.v1.Cancel;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.Finished;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Opened;
import io.aded.v1.Turn;
import io.aded.v1.Update;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** A stream of Converse as a test drives it: send, then wait for what comes. */
final class ConverseClient implements ClientResponseObserver<ConverseRequest, ConverseResponse> {
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(20);

    final BlockingQueue<ConverseResponse> responses = new LinkedBlockingQueue<>();
    final CompletableFuture<Status> ended = new CompletableFuture<>();
    private final boolean greedy;
    private final Patience patience;
    private final BlockingQueue<Status> statuses = new LinkedBlockingQueue<>();
    private @Nullable ClientCallStreamObserver<ConverseRequest> requests;
    private @Nullable StatusRuntimeException failure;

    ConverseClient(InferenceServiceGrpc.InferenceServiceStub stub) {
        this(stub, true);
    }

    /** A client that is not greedy takes a message only when it is told to. */
    ConverseClient(InferenceServiceGrpc.InferenceServiceStub stub, boolean greedy) {
        this(stub, greedy, Patience.of(LONGEST_WAIT));
    }

    ConverseClient(InferenceServiceGrpc.InferenceServiceStub stub, boolean greedy, Patience patience) {
        this.greedy = greedy;
        this.patience = patience;
        stub.converse(this);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<ConverseRequest> observer) {
        requests = observer;
        if (!greedy) {
            observer.disableAutoRequestWithInitial(1);
        }
    }

    private ClientCallStreamObserver<ConverseRequest> requests() {
        ClientCallStreamObserver<ConverseRequest> known = requests;
        if (known == null) {
            throw new IllegalStateException("the call has not started");
        }
        return known;
    }

    ConverseClient take(int messages) {
        requests().request(messages);
        return this;
    }

    ConverseClient send(ConverseRequest request) {
        requests().onNext(request);
        return this;
    }

    ConverseClient open(Open open) {
        return send(ConverseRequest.newBuilder().setOpen(open).build());
    }

    ConverseClient turn(Turn turn) {
        return send(ConverseRequest.newBuilder().setTurn(turn).build());
    }

    ConverseClient update(Update update) {
        return send(ConverseRequest.newBuilder().setUpdate(update).build());
    }

    ConverseClient cancelTurn() {
        return send(ConverseRequest.newBuilder()
                .setCancel(Cancel.getDefaultInstance())
                .build());
    }

    ConverseClient halfClose() {
        requests().onCompleted();
        return this;
    }

    ConverseClient hangUp() {
        requests().cancel("the client hangs up", null);
        return this;
    }

    Opened opened() {
        ConverseResponse response = next();
        if (!response.hasOpened()) {
            throw new AssertionError("not opened but " + response);
        }
        return response.getOpened();
    }

    ConverseResponse next() {
        try {
            ConverseResponse response = patience.next(responses);
            if (response == null) {
                throw new AssertionError("no message came; the call ended with " + ended.getNow(null), failure);
            }
            return response;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Everything up to the end of the running answer. */
    List<ConverseResponse> answer() {
        List<ConverseResponse> answer = new ArrayList<>();
        do {
            answer.add(next());
        } while (!answer.getLast().hasFinished());
        return answer;
    }

    static String text(List<ConverseResponse> answer) {
        StringBuilder text = new StringBuilder();
        answer.forEach(response -> text.append(response.getDelta().getText()));
        return text.toString();
    }

    static List<Integer> tokens(List<ConverseResponse> answer) {
        return answer.stream()
                .flatMap(response -> response.getDelta().getTokensList().stream())
                .toList();
    }

    static Finished finished(List<ConverseResponse> answer) {
        return answer.getLast().getFinished();
    }

    Status end() {
        try {
            Status status = patience.next(statuses);
            if (status == null) {
                throw new AssertionError("the call did not end; last messages: " + responses);
            }
            statuses.add(status);
            return status;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    StatusRuntimeException failure() {
        Status status = end();
        StatusRuntimeException known = failure;
        if (known == null) {
            throw new AssertionError("the call did not fail: " + status);
        }
        return known;
    }

    @Override
    public void onNext(ConverseResponse response) {
        responses.add(response);
    }

    @Override
    public void onError(Throwable thrown) {
        if (thrown instanceof StatusRuntimeException status) {
            failure = status;
        }
        finish(Status.fromThrowable(thrown));
    }

    @Override
    public void onCompleted() {
        finish(Status.OK);
    }

    private void finish(Status status) {
        ended.complete(status);
        statuses.add(status);
    }
}
