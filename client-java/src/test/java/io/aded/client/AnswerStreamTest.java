package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.rpc.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class AnswerStreamTest {
    private final Sidecars sidecars = new Sidecars();
    private final AdedClient client = sidecars.client;

    @AfterEach
    void close() {
        sidecars.close();
    }

    /** Waits until the server has the call: one that is cancelled before is never seen there. */
    private void awaitStart() {
        await().until(() -> !sidecars.fake.generated.isEmpty());
    }

    @Test
    void iterator_wholeAnswer_yieldsEveryEventInOrder() {
        List<String> texts = new ArrayList<>();
        AnswerEvent last = null;
        try (AnswerStream answer = client.generate("count 40")) {
            for (AnswerEvent event : answer) {
                if (event instanceof AnswerEvent.Delta delta) {
                    texts.add(delta.text());
                }
                last = event;
            }
        }
        assertThat(texts).hasSize(40).startsWith("1 ", "2 ").endsWith("40 ");
        assertThat(last).isInstanceOfSatisfying(AnswerEvent.Finished.class, finished -> {
            assertThat(finished.reason()).isEqualTo(FinishReason.STOP);
            assertThat(finished.seed()).isEqualTo(-2);
            assertThat(finished.usage().completionTokens()).isEqualTo(40);
            assertThat(finished.usage().totalTime()).isEqualTo(Duration.ofSeconds(1, 7));
            assertThat(finished.speculation().acceptanceHistogram()).containsExactly(0L, 1L, 0L, 1L);
        });
    }

    @Test
    void iterator_closedEarly_cancelsOnTheServer() {
        try (AnswerStream answer = client.generate("forever")) {
            assertThat(answer.iterator().next()).isInstanceOf(AnswerEvent.Delta.class);
        }
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
    }

    @Test
    void iterator_slowReader_holdsTheServerBack() {
        try (AnswerStream answer = client.generate("forever")) {
            Iterator<AnswerEvent> events = answer.iterator();
            events.next();
            await().until(() -> sidecars.fake.deltasSent.get() > 16);
            await().during(Duration.ofMillis(200))
                    .untilAsserted(() -> assertThat(sidecars.fake.deltasSent).hasValueLessThan(24));
        }
    }

    @Test
    void iterator_failureMidway_comesAfterWhatWasSent() {
        Iterator<AnswerEvent> events =
                client.generate("fail 2 RESOURCE_EXHAUSTED").iterator();
        assertThat(events.next()).isEqualTo(new AnswerEvent.Delta("1 ", List.of(1), List.of()));
        assertThat(events.next()).isEqualTo(new AnswerEvent.Delta("2 ", List.of(2), List.of()));
        assertThatExceptionOfType(AdedClientException.ResourceExhausted.class)
                .isThrownBy(events::hasNext)
                .satisfies(failure -> {
                    assertThat(failure.reason()).isEqualTo("SCRIPTED_RESOURCE_EXHAUSTED");
                    assertThat(failure.retryAfter()).contains(Duration.ofMillis(2500));
                });
        // It stays failed: a second look must not block for ever.
        assertThatExceptionOfType(AdedClientException.ResourceExhausted.class).isThrownBy(events::next);
    }

    @Test
    void iterator_closedByAnotherThread_wakesTheReader() {
        AnswerStream answer = client.generate("silent");
        CompletableFuture<Boolean> reading =
                CompletableFuture.supplyAsync(() -> answer.iterator().hasNext());
        awaitStart();
        answer.close();
        assertThatThrownBy(reading::join).hasCauseInstanceOf(AdedClientException.Cancelled.class);
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
    }

    @Test
    void iterator_interrupted_failsAsCancelledAndKeepsTheFlag() throws InterruptedException {
        AnswerStream answer = client.generate("silent");
        awaitStart();
        AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
        AtomicBoolean flag = new AtomicBoolean();
        Thread reader = Thread.ofPlatform().start(() -> {
            try {
                boolean more = answer.iterator().hasNext();
                thrown.set(new AssertionError("hasNext returned " + more));
            } catch (RuntimeException failure) {
                thrown.set(failure);
                flag.set(Thread.currentThread().isInterrupted());
            }
        });
        reader.interrupt();
        reader.join();
        assertThat(thrown.get()).isInstanceOf(AdedClientException.Cancelled.class);
        assertThat(flag).isTrue();
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
    }

    @Test
    void iterator_streamEndsWithoutFinished_failsAsInternal() {
        Iterator<AnswerEvent> events = client.generate("stop short 1").iterator();
        assertThat(events.next()).isInstanceOf(AnswerEvent.Delta.class);
        assertThatExceptionOfType(AdedClientException.Internal.class)
                .isThrownBy(events::hasNext)
                .satisfies(failure -> assertThat(failure.reason()).isEqualTo("INCOMPLETE_ANSWER"));
    }

    @Test
    void publisher_requestsThree_getsThreeAndNoMore() {
        Recorder recorder = new Recorder();
        client.generate("forever").publisher().subscribe(recorder);
        recorder.subscription().request(3);
        await().untilAsserted(() -> assertThat(recorder.events).hasSize(3));
        await().during(Duration.ofMillis(200)).untilAsserted(() -> {
            assertThat(recorder.events).hasSize(3);
            assertThat(sidecars.fake.deltasSent).hasValueLessThan(8);
        });
        recorder.subscription().request(2);
        await().untilAsserted(() -> assertThat(recorder.events).hasSize(5));
        recorder.subscription().cancel();
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
        assertThat(recorder.ended.get()).isZero();
    }

    @Test
    void publisher_unboundedDemand_completesAfterFinished() {
        Recorder recorder = new Recorder();
        client.generate("count 3").publisher().subscribe(recorder);
        recorder.subscription().request(Long.MAX_VALUE);
        recorder.subscription().request(Long.MAX_VALUE);
        await().untilAsserted(() -> assertThat(recorder.completed).isTrue());
        assertThat(recorder.events).hasSize(4);
        assertThat(recorder.events.getLast()).isInstanceOf(AnswerEvent.Finished.class);
        assertThat(recorder.ended).hasValue(1);
    }

    @Test
    void publisher_failure_isTheLastSignalOnce() {
        Recorder recorder = new Recorder();
        client.generate("fail 1 UNAVAILABLE").publisher().subscribe(recorder);
        recorder.subscription().request(10);
        await().untilAsserted(
                        () -> assertThat(recorder.thrown.get()).isInstanceOf(AdedClientException.Unavailable.class));
        assertThat(recorder.events).hasSize(1);
        assertThat(recorder.ended).hasValue(1);
    }

    @Test
    void publisher_refusedBeforeAnyDemand_reportsTheFailureAnyway() {
        Recorder recorder = new Recorder();
        client.generate("fail 0 INVALID_ARGUMENT").publisher().subscribe(recorder);
        await().untilAsserted(
                        () -> assertThat(recorder.thrown.get()).isInstanceOf(AdedClientException.InvalidRequest.class));
    }

    @Test
    void publisher_secondSubscriber_isTurnedAway() {
        AnswerStream answer = client.generate("count 1");
        Recorder first = new Recorder();
        Recorder second = new Recorder();
        Flow.Publisher<AnswerEvent> publisher = answer.publisher();
        publisher.subscribe(first);
        publisher.subscribe(second);
        assertThat(second.thrown.get()).isInstanceOf(IllegalStateException.class);
        first.subscription().request(5);
        await().untilAsserted(() -> assertThat(first.completed).isTrue());
    }

    @Test
    void publisher_demandOfZero_isAnErrorOfTheSubscriber() {
        Recorder recorder = new Recorder();
        client.generate("forever").publisher().subscribe(recorder);
        awaitStart();
        recorder.subscription().request(0);
        await().untilAsserted(() -> assertThat(recorder.thrown.get()).isInstanceOf(IllegalArgumentException.class));
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
    }

    @Test
    void publisher_subscriberThrows_endsTheAnswerAndHearsNoMore() {
        AtomicInteger calls = new AtomicInteger();
        client.generate("forever").publisher().subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(AnswerEvent event) {
                calls.incrementAndGet();
                throw new IllegalStateException("a fault of the subscriber's");
            }

            @Override
            public void onError(Throwable thrown) {
                calls.addAndGet(100);
            }

            @Override
            public void onComplete() {
                calls.addAndGet(100);
            }
        });
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
        assertThat(calls).hasValue(1);
    }

    @Test
    void publisher_requestsFromWithinOnNext_neverNests() {
        AtomicInteger depth = new AtomicInteger();
        AtomicInteger deepest = new AtomicInteger();
        CountDownLatch complete = new CountDownLatch(1);
        client.generate("count 500").publisher().subscribe(new Flow.Subscriber<>() {
            private Flow.@Nullable Subscription subscription;

            @Override
            public void onSubscribe(Flow.Subscription given) {
                subscription = given;
                given.request(1);
            }

            @Override
            public void onNext(AnswerEvent event) {
                deepest.accumulateAndGet(depth.incrementAndGet(), Math::max);
                if (subscription != null) {
                    subscription.request(1);
                }
                depth.decrementAndGet();
            }

            @Override
            public void onError(Throwable thrown) {}

            @Override
            public void onComplete() {
                complete.countDown();
            }
        });
        await().until(() -> complete.getCount() == 0);
        assertThat(deepest).hasValue(1);
    }

    @Test
    void future_wholeAnswer_joinsTextAndTokens() throws ExecutionException, InterruptedException {
        Answer answer = client.generate("four words of text").future().get();
        assertThat(answer.text()).isEqualTo("four words of text");
        assertThat(answer.tokens()).containsExactly(1, 2, 3, 4);
        assertThat(answer.reason()).isEqualTo(FinishReason.STOP);
        assertThat(answer.usage().promptTokens()).isEqualTo(4);
    }

    @Test
    void future_cancelled_cancelsOnTheServer() {
        CompletableFuture<Answer> future = client.generate("silent").future();
        awaitStart();
        assertThat(future.cancel(true)).isTrue();
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
    }

    @Test
    void future_timesOut_cancelsOnTheServer() {
        AnswerStream answer = client.generate("silent");
        awaitStart();
        CompletableFuture<Answer> future = answer.future().orTimeout(20, TimeUnit.MILLISECONDS);
        assertThatThrownBy(future::get).hasCauseInstanceOf(TimeoutException.class);
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
    }

    @Test
    void await_failure_isThrownAsItself() {
        assertThatExceptionOfType(AdedClientException.InvalidRequest.class)
                .isThrownBy(() -> client.generate("fail 0 INVALID_ARGUMENT").await())
                .satisfies(failure -> assertThat(failure.violations())
                        .containsExactly(
                                new AdedClientException.Violation(
                                        "options.sampling.temperature", "is NaN; allowed: 0 to 100"),
                                new AdedClientException.Violation("options.max_tokens", "is -1; allowed: 0 or more")))
                .withMessage("scripted " + Code.INVALID_ARGUMENT);
    }

    @Test
    void await_afterAnotherView_isRefused() {
        AnswerStream answer = client.generate("count 2");
        answer.iterator().next();
        assertThatThrownBy(answer::await)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("read once");
    }

    @Test
    void cancel_singleAnswer_failsAsCancelled() {
        AnswerStream answer = client.generate("silent");
        CompletableFuture<Answer> future = answer.future();
        answer.cancel();
        assertThatThrownBy(future::get).hasCauseInstanceOf(AdedClientException.Cancelled.class);
    }

    @Test
    void cancel_afterTheEnd_changesNothing() {
        AnswerStream answer = client.generate("count 1");
        assertThat(answer.await().text()).isEqualTo("1 ");
        answer.cancel();
        answer.close();
        assertThat(sidecars.fake.cancelledCalls).hasValue(0);
    }

    @Test
    void timeout_passes_failsAsDeadlineExceededOnBothSides() {
        AnswerOptions options =
                AnswerOptions.builder().timeout(Duration.ofMillis(500)).build();
        assertThatExceptionOfType(AdedClientException.DeadlineExceeded.class)
                .isThrownBy(
                        () -> client.generate(Prompt.user("silent"), options).await());
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
        assertThat(sidecars.fake.deadline).isNotNull();
    }

    @Test
    void server_goneMidway_failsAsUnavailable() {
        Iterator<AnswerEvent> events = client.generate("forever").iterator();
        events.next();
        sidecars.server.shutdownNow();
        assertThatExceptionOfType(AdedClientException.Unavailable.class)
                .isThrownBy(() -> events.forEachRemaining(event -> {}));
    }

    @Test
    void rounds_askedFor_arriveAfterTheirDelta() {
        List<AnswerEvent> events = new ArrayList<>();
        AnswerOptions options = AnswerOptions.builder().reportRounds(true).build();
        client.generate(Prompt.user("count 1"), options).iterator().forEachRemaining(events::add);
        assertThat(events).hasSize(3);
        assertThat(events.get(1)).isInstanceOfSatisfying(AnswerEvent.Round.class, round -> {
            assertThat(round.drafter()).isEqualTo("aded");
            assertThat(round.nodes())
                    .containsExactly(
                            new AnswerEvent.DraftNode(7, "r", -1, 1f, false, ""),
                            new AnswerEvent.DraftNode(1, "1 ", 0, 0.5f, true, "suffix"));
            assertThat(round.emittedTokens()).containsExactly(1);
            assertThat(round.verifyTime()).isEqualTo(Duration.ofMillis(2));
        });
    }

    /** Notes what it is told. */
    private static final class Recorder implements Flow.Subscriber<AnswerEvent> {
        final List<AnswerEvent> events = Collections.synchronizedList(new ArrayList<>());
        final AtomicBoolean completed = new AtomicBoolean();
        final AtomicInteger ended = new AtomicInteger();
        final AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
        private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();

        Flow.Subscription subscription() {
            return subscription.join();
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription.complete(given);
        }

        @Override
        public void onNext(AnswerEvent event) {
            events.add(event);
        }

        @Override
        public void onError(Throwable failure) {
            thrown.set(failure);
            ended.incrementAndGet();
        }

        @Override
        public void onComplete() {
            completed.set(true);
            ended.incrementAndGet();
        }
    }
}
