package io.aded.client;

import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceStub;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An answer without a conversation: one {@code Generate} call, and those that try it again before anything came. */
final class SingleAnswer implements AnswerStream.Source {
    /** Messages requested at once: enough that requests cost nothing beside them, few enough to stay small. */
    private static final int BATCH = 32;

    private final AnswerStream answer = new AnswerStream(this);
    private final Object lock = new Object();
    private final InferenceServiceStub stub;
    private final GenerateRequest request;
    private final @Nullable Duration limit;
    private final RetryPolicy retry;
    private final long end;
    private @Nullable ClientCallStreamObserver<GenerateRequest> call;
    private int attempt = 1;
    private int outstanding; // requested, or to be requested of the next attempt, and not come yet
    private boolean stopped;

    private SingleAnswer(
            InferenceServiceStub stub, GenerateRequest request, @Nullable Duration limit, RetryPolicy retry) {
        this.stub = stub;
        this.request = request;
        this.limit = limit;
        this.retry = retry;
        end = limit == null ? 0 : System.nanoTime() + limit.toNanos();
    }

    static AnswerStream start(
            InferenceServiceStub stub, GenerateRequest request, @Nullable Duration limit, RetryPolicy retry) {
        SingleAnswer single = new SingleAnswer(stub, request, limit, retry);
        single.begin();
        return single.answer;
    }

    private void begin() {
        int number;
        synchronized (lock) {
            number = attempt;
        }
        InferenceServiceStub limited =
                limit == null ? stub : stub.withDeadlineAfter(left(limit).toNanos(), TimeUnit.NANOSECONDS);
        Responses responses = new Responses();
        limited.generate(request, responses);
        begun(number, responses.started());
    }

    /** From now on the call may be asked and cancelled; what was wanted of it meanwhile is made up for. */
    private void begun(int number, ClientCallStreamObserver<GenerateRequest> started) {
        int pulled;
        boolean cancelled;
        synchronized (lock) {
            if (attempt != number) {
                return;
            }
            call = started;
            pulled = outstanding;
            cancelled = stopped;
        }
        if (cancelled) {
            started.cancel("the answer was cancelled by its reader", null);
        } else if (pulled > 0) {
            started.request(pulled);
        }
    }

    private Duration left(Duration whole) {
        return Duration.ofNanos(Math.min(whole.toNanos(), Math.max(1, end - System.nanoTime())));
    }

    @Override
    public void pull(long demand) {
        ClientCallStreamObserver<GenerateRequest> asked;
        int count;
        synchronized (lock) {
            if (outstanding > 0) {
                return;
            }
            outstanding = (int) Math.min(demand, BATCH);
            count = outstanding;
            asked = call;
        }
        if (asked != null) {
            asked.request(count);
        }
    }

    @Override
    public void stop() {
        ClientCallStreamObserver<GenerateRequest> running;
        synchronized (lock) {
            stopped = true;
            running = call;
        }
        if (running == null) {
            answer.fail(cancelled());
        } else {
            running.cancel("the answer was cancelled by its reader", null);
        }
    }

    @Override
    public void abandon() {
        stop();
    }

    private static AdedClientException cancelled() {
        return new AdedClientException.Cancelled(Failures.CANCELLED, "the answer was cancelled by its reader", null);
    }

    /** Between two attempts there is no call; what is pulled then is pulled from the next one. */
    @SuppressWarnings("FutureReturnValueIgnored") // the next attempt reports to the answer, not to its timer
    private void ended(AdedClientException failure) {
        Optional<Duration> pause;
        synchronized (lock) {
            Duration left = limit == null ? null : left(limit);
            pause = stopped || answer.begun() ? Optional.empty() : retry.pause(attempt, failure, left);
            if (pause.isPresent()) {
                attempt++;
                call = null;
            }
        }
        if (pause.isEmpty()) {
            answer.fail(failure);
            return;
        }
        CompletableFuture.delayedExecutor(pause.get().toNanos(), TimeUnit.NANOSECONDS)
                .execute(this::beginUnlessStopped);
    }

    private void beginUnlessStopped() {
        synchronized (lock) {
            if (stopped) {
                return;
            }
        }
        begin();
    }

    /** One attempt's responses. */
    private final class Responses implements ClientResponseObserver<GenerateRequest, GenerateResponse> {
        private @Nullable ClientCallStreamObserver<GenerateRequest> mine;

        @Override
        public void beforeStart(ClientCallStreamObserver<GenerateRequest> starting) {
            starting.disableAutoRequestWithInitial(0);
            mine = starting;
        }

        ClientCallStreamObserver<GenerateRequest> started() {
            if (mine == null) {
                throw new IllegalStateException("the call has not started");
            }
            return mine;
        }

        @Override
        public void onNext(GenerateResponse response) {
            synchronized (lock) {
                outstanding--;
            }
            switch (response.getEventCase()) {
                case DELTA -> answer.deliver(ResponseReader.delta(response.getDelta()));
                case REASONING_DELTA -> answer.deliver(ResponseReader.reasoning(response.getReasoningDelta()));
                case TOOL_CALL_DELTA -> answer.deliver(ResponseReader.toolCall(response.getToolCallDelta()));
                case ROUND -> answer.deliver(ResponseReader.round(response.getRound()));
                case FINISHED -> answer.deliver(ResponseReader.finished(response.getFinished()));
                // An event of a later version of the API: pass over it.
                case EVENT_NOT_SET -> pull(1);
            }
        }

        @Override
        public void onError(Throwable thrown) {
            boolean byReader;
            synchronized (lock) {
                byReader = stopped;
            }
            ended(Failures.decode(thrown, limit != null, byReader));
        }

        @Override
        public void onCompleted() {
            answer.fail(new AdedClientException.Internal(
                    "INCOMPLETE_ANSWER", "the server closed the stream before the answer was complete", null));
        }
    }
}
