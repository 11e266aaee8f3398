package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.aded.v1.ContentPart;
import io.aded.v1.ContentPart.PartCase;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseRequest.EventCase;
import io.aded.v1.ConverseResponse;
import io.aded.v1.ToolResult;
import io.aded.v1.Update;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.inprocess.InProcessChannelBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class ConversationTest {
    private final Sidecars sidecars = new Sidecars();
    private final AdedClient client = sidecars.client;

    @AfterEach
    void close() {
        sidecars.close();
    }

    @Test
    void open_withOptions_sendsThemAndReportsWhatIsInForce() {
        ConversationOptions options = ConversationOptions.builder()
                .id("desk-7")
                .requireResume(true)
                .retention(Duration.ofMinutes(5))
                .defaults(AnswerOptions.builder()
                        .sampling(Sampling.builder().temperature(0.25).seed(9).build())
                        .draft(Draft.of("aded-mcts").withMaxNodes(32))
                        .constraint(Constraint.jsonSchema("{}"))
                        .logProbabilities(3)
                        .build())
                .build();
        try (Conversation conversation = client.converse(options)) {
            ConversationInfo info = conversation.info();
            assertThat(info.id()).isEqualTo("desk-7");
            assertThat(info.resumed()).isTrue();
            assertThat(info.historyTokens()).isEqualTo(12);
            assertThat(info.retention()).isEqualTo(Duration.ofMinutes(5));
            assertThat(info.defaults()).isEqualTo(options.defaults());
            assertThat(info.devices()).containsExactly("CPU");
        }
        ConverseRequest first = sidecars.fake.conversed.element();
        assertThat(first.getOpen().getRequireResume()).isTrue();
        assertThat(first.getOpen().getOptions().getLogProbabilities()).isEqualTo(3);
        assertThat(first.getOpen().getOptions().hasReportRounds()).isFalse();
        assertThat(first.getOpen().hasReset()).isFalse();
    }

    @Test
    void open_everyOption_comesBackAsItWasSent() {
        AnswerOptions everything = AnswerOptions.builder()
                .sampling(Sampling.builder()
                        .temperature(0.5)
                        .topK(1)
                        .topP(0.25)
                        .minP(0.125)
                        .typicalP(0.75)
                        .topNSigma(0.5)
                        .xtcProbability(0.5)
                        .xtcThreshold(0.5)
                        .dynamicTemperatureRange(0.5)
                        .dynamicTemperatureExponent(0.5)
                        .mirostatTau(0.5)
                        .mirostatEta(0.5)
                        .repeatPenalty(2)
                        .frequencyPenalty(-1)
                        .presencePenalty(1)
                        .penaltyWindow(8)
                        .dryMultiplier(0.5)
                        .dryBase(0.5)
                        .dryAllowedLength(2)
                        .dryWindow(2)
                        .drySequenceBreakers(List.of("x", "\n"))
                        .seed(-1)
                        .logitBias(Map.of(3, Float.NEGATIVE_INFINITY))
                        .build())
                .constraint(Constraint.regularExpression("[ab]+"))
                .draft(new Draft("aded", 1, 2, 3, true))
                .maxTokens(0)
                .stopStrings("a", "b")
                .stopTokens(List.of(1, 2))
                .ignoreEnd(false)
                .logProbabilities(-1)
                .reportRounds(false)
                .priority(-7)
                .prefixSharing(PrefixSharing.CALLER)
                .tools(Tool.of("weather", "Tells it.", "{}"), new Tool("time", "", "", false))
                .toolChoice(ToolChoice.of("time"))
                .parallelToolCalls(false)
                .reasoning(Reasoning.NONE)
                .templateVariables(
                        Map.of("thinking", false, "depth", 2.5, "names", List.of("x", "y"), "inner", Map.of("z", true)))
                .build();
        try (Conversation conversation = client.converse(
                ConversationOptions.builder().defaults(everything).build())) {
            assertThat(conversation.info().defaults()).isEqualTo(everything);
        }
        for (Constraint constraint : List.of(
                Constraint.none(), Constraint.grammar("g"), Constraint.jsonSchema("{}"), Constraint.jsonObject())) {
            for (ToolChoice choice : List.of(ToolChoice.AUTO, ToolChoice.NONE, ToolChoice.REQUIRED)) {
                AnswerOptions options = AnswerOptions.builder()
                        .constraint(constraint)
                        .toolChoice(choice)
                        .build();
                try (Conversation conversation = client.converse(
                        ConversationOptions.builder().defaults(options).build())) {
                    assertThat(conversation.info().defaults()).isEqualTo(options);
                }
            }
        }
    }

    @Test
    void ask_messageOfSeveralParts_isSentPartByPart() {
        var call = new Message.ToolCall("call-1", "weather", "{}");
        Message said = new Message("assistant", List.of(new Message.Reasoning("hm"), new Message.Text("wait"), call));
        try (Conversation conversation = client.converse()) {
            conversation
                    .ask(Prompt.messages(said, Message.tool(call, "rain"), Message.user("turn")), AnswerOptions.DEFAULT)
                    .await();
        }
        var messages = sidecars.fake.conversed.stream()
                .filter(ConverseRequest::hasTurn)
                .findFirst()
                .orElseThrow()
                .getTurn()
                .getChat()
                .getMessagesList();
        assertThat(said.content()).isEqualTo("wait");
        assertThat(messages.get(0).getContent()).isEmpty();
        assertThat(messages.get(0).getPartsList())
                .extracting(ContentPart::getPartCase)
                .containsExactly(PartCase.REASONING, PartCase.TEXT, PartCase.TOOL_CALL);
        assertThat(messages.get(1).getParts(0).getToolResult())
                .returns("call-1", ToolResult::getToolCallId)
                .returns("weather", ToolResult::getName)
                .returns("rain", ToolResult::getContent);
        assertThat(messages.get(2).getContent()).isEqualTo("turn");
        assertThat(messages.get(2).getPartsCount()).isZero();
    }

    @Test
    void open_refused_throwsWhatTheServerSaid() {
        ConversationOptions options =
                ConversationOptions.builder().model("another").build();
        assertThatExceptionOfType(AdedClientException.NotFound.class).isThrownBy(() -> client.converse(options));
    }

    @Test
    void open_noAnswerInTime_failsAndCancels() {
        ConversationOptions options = ConversationOptions.builder()
                .model("slow")
                .openTimeout(Duration.ofMillis(100))
                .build();
        assertThatExceptionOfType(AdedClientException.DeadlineExceeded.class)
                .isThrownBy(() -> client.converse(options));
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
    }

    @Test
    void ask_severalTurns_shareOneStream() {
        try (Conversation conversation = client.converse()) {
            for (int turn = 1; turn <= 20; turn++) {
                assertThat(conversation.ask("turn").await().text()).isEqualTo("turn " + turn);
            }
        }
        assertThat(sidecars.fake.headers).hasSize(1);
    }

    @Test
    void ask_whileAnAnswerIsRead_isRefusedHere() {
        try (Conversation conversation = client.converse()) {
            Iterator<AnswerEvent> events = conversation.ask("count 100").iterator();
            events.next();
            assertThatThrownBy(() -> conversation.ask("turn")).isInstanceOf(IllegalStateException.class);
            events.forEachRemaining(event -> {});
            assertThat(conversation.ask("turn").await().text()).isEqualTo("turn 2");
        }
    }

    @Test
    void cancel_runningTurn_finishesItAsCancelledAndGoesOn() {
        try (Conversation conversation = client.converse()) {
            AnswerStream answer = conversation.ask("forever");
            List<AnswerEvent> events = new ArrayList<>();
            for (AnswerEvent event : answer) {
                events.add(event);
                if (events.size() == 3) {
                    answer.cancel();
                }
            }
            assertThat(events.getLast())
                    .isInstanceOfSatisfying(
                            AnswerEvent.Finished.class,
                            finished -> assertThat(finished.reason()).isEqualTo(FinishReason.CANCELLED));
            assertThat(conversation.ask("turn").await().text()).isEqualTo("turn 2");
        }
    }

    @Test
    void close_answerEarly_drainsItBeforeTheNextTurnIsSent() {
        try (Conversation conversation = client.converse()) {
            for (int turn = 1; turn < 40; turn += 2) {
                try (AnswerStream answer = conversation.ask("forever")) {
                    answer.iterator().next();
                }
                assertThat(conversation.ask("turn").await().text()).isEqualTo("turn " + (turn + 1));
            }
        }
        assertThat(sidecars.fake.cancelledCalls).hasValue(0);
    }

    @Test
    void close_answerNeverRead_freesTheConversation() {
        try (Conversation conversation = client.converse()) {
            conversation.ask("count 3").close();
            assertThat(conversation.ask("turn").await().text()).isEqualTo("turn 2");
        }
    }

    @Test
    void close_waitingTurn_isNeverSent() {
        try (Conversation conversation = client.converse()) {
            conversation.ask("forever").close();
            AnswerStream waiting = conversation.ask("count 1");
            waiting.close();
            assertThat(conversation.ask("echo me").await().text()).isEqualTo("echo me");
        }
        assertThat(sidecars.fake.conversed)
                .filteredOn(request -> request.getEventCase() == EventCase.TURN)
                .extracting(
                        request -> request.getTurn().getChat().getMessages(0).getContent())
                .endsWith("echo me")
                .hasSizeBetween(2, 3);
    }

    @Test
    void demand_leftFromOneAnswer_doesNotLetTheNextOneIn() {
        try (Conversation conversation = client.converse()) {
            // The iterator reads ahead by 16; the answer is over after 2, so most of its demand is unused.
            conversation.ask("count 1").iterator().forEachRemaining(event -> {});
            int before = sidecars.fake.deltasSent.get();
            AnswerStream unread = conversation.ask("forever");
            await().until(() -> sidecars.fake.conversed.size() == 3);
            await().during(Duration.ofMillis(200))
                    .untilAsserted(() -> assertThat(sidecars.fake.deltasSent).hasValue(before));
            unread.close();
        }
    }

    @Test
    void close_whileTheEndArrives_leavesNothingOnRequest() throws InterruptedException {
        Arrivals arrivals = new Arrivals();
        ManagedChannel counted = InProcessChannelBuilder.forName(sidecars.name)
                .intercept(arrivals)
                .build();
        try (AdedClient own = AdedClient.builder(counted).build();
                Conversation conversation = own.converse()) {
            for (int turn = 0; turn < 20; turn++) {
                AnswerStream answer = conversation.ask("count 1");
                answer.iterator();
                arrivals.ending.acquire();
                answer.close();
                arrivals.ended.acquire();
                assertThat(arrivals.onRequest).hasValue(0);
            }
        } finally {
            counted.shutdownNow();
        }
    }

    @Test
    void failure_inATurn_endsTheConversation() {
        try (Conversation conversation = client.converse()) {
            Iterator<AnswerEvent> events =
                    conversation.ask("fail 1 INVALID_ARGUMENT").iterator();
            assertThat(events.next()).isInstanceOf(AnswerEvent.Delta.class);
            assertThatExceptionOfType(AdedClientException.InvalidRequest.class).isThrownBy(events::hasNext);
            assertThatExceptionOfType(AdedClientException.InvalidRequest.class)
                    .isThrownBy(() -> conversation.ask("turn"));
        }
    }

    @Test
    void server_goneBetweenTurns_nextAskFails() {
        try (Conversation conversation = client.converse()) {
            conversation.ask("turn").await();
            sidecars.server.shutdownNow();
            await().untilAsserted(() -> assertThatExceptionOfType(AdedClientException.Unavailable.class)
                    .isThrownBy(() -> conversation.ask("turn").await()));
        }
    }

    @Test
    void server_endsTheStream_runningAnswerFails() {
        try (Conversation conversation = client.converse()) {
            assertThatExceptionOfType(AdedClientException.Unavailable.class)
                    .isThrownBy(() -> conversation.ask("stop short 1").await())
                    .satisfies(failure -> assertThat(failure.reason()).isEqualTo("CONVERSATION_ENDED"));
        }
    }

    @Test
    void close_whileAnswering_failsTheReaderAndCancelsTheCall() {
        Conversation conversation = client.converse();
        CompletableFuture<Answer> answer = conversation.ask("silent").future();
        conversation.close();
        conversation.close();
        assertThatThrownBy(answer::get).hasCauseInstanceOf(AdedClientException.Cancelled.class);
        await().untilAsserted(() -> assertThat(sidecars.fake.cancelledCalls).hasValue(1));
        assertThatThrownBy(() -> conversation.ask("turn")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void close_callEndsWhileItIsCancelled_readerIsToldThatTheClientClosed() {
        // Over a direct channel, the end of a call is heard within the call that cancels it.
        ManagedChannel direct =
                InProcessChannelBuilder.forName(sidecars.name).directExecutor().build();
        try (AdedClient client = AdedClient.builder(direct).build()) {
            Conversation conversation = client.converse();
            CompletableFuture<Answer> answer = conversation.ask("silent").future();
            conversation.close();
            assertThatThrownBy(answer::get)
                    .cause()
                    .isInstanceOfSatisfying(
                            AdedClientException.Cancelled.class,
                            failed -> assertThat(failed.reason()).isEqualTo("CLIENT_CANCELLED"));
        } finally {
            direct.shutdownNow();
        }
    }

    @Test
    void timeout_ofATurn_failsItAndLeavesTheConversation() {
        try (Conversation conversation = client.converse()) {
            AnswerOptions options =
                    AnswerOptions.builder().timeout(Duration.ofMillis(10)).build();
            for (int turn = 2; turn <= 40; turn += 2) {
                assertThatExceptionOfType(AdedClientException.DeadlineExceeded.class)
                        .isThrownBy(() ->
                                conversation.ask(Prompt.user("silent"), options).await());
                assertThat(conversation.ask("turn").await().text()).isEqualTo("turn " + turn);
            }
        }
    }

    @Test
    void timeout_readerBlocksWhenToldOfIt_othersAreToldAllTheSame() throws InterruptedException {
        AnswerOptions brief =
                AnswerOptions.builder().timeout(Duration.ofMillis(10)).build();
        CountDownLatch told = new CountDownLatch(1);
        CompletableFuture<Void> release = new CompletableFuture<>();
        try (Conversation first = client.converse();
                Conversation second = client.converse()) {
            CompletableFuture<Void> blocked = first.ask(Prompt.user("silent"), brief)
                    .future()
                    .handle((answer, failure) -> {
                        told.countDown();
                        release.join();
                        return null;
                    });
            told.await();
            AnswerStream other = second.ask(Prompt.user("silent"), brief);
            assertThatExceptionOfType(AdedClientException.DeadlineExceeded.class)
                    .isThrownBy(other::await);
            release.complete(null);
            blocked.join();
        }
    }

    @Test
    void update_betweenTurns_isSentInOrder() {
        try (Conversation conversation = client.converse()) {
            conversation.ask("turn").await();
            conversation.update(Draft.OFF);
            conversation.update(Sampling.GREEDY);
            conversation.ask("turn").await();
        }
        assertThat(sidecars.fake.conversed)
                .extracting(ConverseRequest::getEventCase)
                .containsExactly(EventCase.OPEN, EventCase.TURN, EventCase.UPDATE, EventCase.UPDATE, EventCase.TURN);
    }

    @Test
    void reset_besideWhatIsSet_namesBothInTheMaskOfAnUpdate() {
        try (Conversation conversation = client.converse()) {
            conversation.update(AnswerOptions.builder()
                    .sampling(Sampling.builder().temperature(0.5).topK(3).build())
                    .maxTokens(7)
                    .reset("sampling.seed", "constraint")
                    .build());
            conversation
                    .ask(Prompt.user("turn"), AnswerOptions.builder().reset("*").build())
                    .await();
        }
        Update update = sidecars.fake.conversed.stream()
                .filter(ConverseRequest::hasUpdate)
                .findFirst()
                .orElseThrow()
                .getUpdate();
        assertThat(update.getUpdateMask().getPathsList())
                .containsExactly("sampling.seed", "constraint", "sampling.temperature", "sampling.top_k", "max_tokens");
        assertThat(update.getOptions().getSampling().getTopK()).isEqualTo(3);
        assertThat(sidecars.fake.conversed)
                .last()
                .satisfies(turn ->
                        assertThat(turn.getTurn().getReset().getPathsList()).containsExactly("*"));
    }

    @Test
    void timeout_amongTheDefaults_isEachTurns() {
        ConversationOptions options = ConversationOptions.builder()
                .defaults(AnswerOptions.builder().timeout(Duration.ofMillis(20)).build())
                .build();
        try (Conversation conversation = client.converse(options)) {
            assertThatExceptionOfType(AdedClientException.DeadlineExceeded.class)
                    .isThrownBy(() -> conversation.ask("silent").await());
            AnswerOptions patient =
                    AnswerOptions.builder().timeout(Duration.ofSeconds(20)).build();
            assertThat(conversation.ask(Prompt.user("turn"), patient).await().text())
                    .isEqualTo("turn 2");
        }
    }

    @Test
    void conversations_inParallel_doNotMix() {
        List<CompletableFuture<List<String>>> all = new ArrayList<>();
        for (int speaker = 0; speaker < 20; speaker++) {
            String words = "speaker " + speaker;
            all.add(CompletableFuture.supplyAsync(() -> {
                List<String> heard = new ArrayList<>();
                try (Conversation conversation = client.converse()) {
                    for (int turn = 0; turn < 10; turn++) {
                        heard.add(conversation.ask(words).await().text());
                    }
                }
                return heard;
            }));
        }
        for (int speaker = 0; speaker < all.size(); speaker++) {
            assertThat(all.get(speaker).join()).hasSize(10).containsOnly("speaker " + speaker);
        }
    }

    /** Counts messages on request, and makes ends so large that it takes a while to read them. */
    private static final class Arrivals implements ClientInterceptor {
        private static final int MANY = 300_000;

        final AtomicInteger onRequest = new AtomicInteger();
        final Semaphore ending = new Semaphore(0);
        final Semaphore ended = new Semaphore(0);

        @Override
        public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void request(int messages) {
                    onRequest.addAndGet(messages);
                    super.request(messages);
                }

                @Override
                public void start(Listener<R> listener, Metadata headers) {
                    super.start(
                            new SimpleForwardingClientCallListener<>(listener) {
                                @Override
                                public void onMessage(R message) {
                                    onRequest.decrementAndGet();
                                    if (message instanceof ConverseResponse response && response.hasFinished()) {
                                        R large = large(message, response);
                                        ending.release();
                                        super.onMessage(large);
                                        ended.release();
                                    } else {
                                        super.onMessage(message);
                                    }
                                }
                            },
                            headers);
                }
            };
        }

        @SuppressWarnings("unchecked") // it is what the message is
        private static <R> R large(R message, ConverseResponse response) {
            ConverseResponse.Builder large = response.toBuilder();
            large.getFinishedBuilder()
                    .getSpeculationBuilder()
                    .addAllAcceptanceHistogram(Collections.nCopies(MANY, 1_000L));
            return (R) large.build();
        }
    }
}
