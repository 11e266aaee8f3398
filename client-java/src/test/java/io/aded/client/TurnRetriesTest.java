package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.google.rpc.Code;
import io.aded.v1.ConverseRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class TurnRetriesTest {
    private static final Duration SOON = Duration.ofMillis(5);

    private final ScriptedTurns server = new ScriptedTurns();

    @AfterEach
    void close() {
        server.close();
    }

    private static ConversationOptions kept() {
        return ConversationOptions.builder().id("c1").build();
    }

    private List<ConverseRequest.EventCase> sent(int call) {
        return server.calls.get(call).stream()
                .map(ConverseRequest::getEventCase)
                .toList();
    }

    @Test
    void ask_firstTurnRefused_isTriedInANewConversationWithItsUpdates() {
        server.fails(Code.RESOURCE_EXHAUSTED, "QUEUE_FULL", Duration.ofMillis(30))
                .says("Hi");
        try (Conversation conversation = server.client.converse()) {
            conversation.update(Draft.OFF);
            long began = System.nanoTime();
            assertThat(conversation.ask("Hello").await().text()).isEqualTo("Hi");
            assertThat(System.nanoTime() - began).isGreaterThan(30_000_000);
        }
        assertThat(sent(1))
                .containsExactly(
                        ConverseRequest.EventCase.OPEN,
                        ConverseRequest.EventCase.UPDATE,
                        ConverseRequest.EventCase.TURN);
        assertThat(server.calls.get(1).getFirst().getOpen().getRequireResume()).isFalse();
    }

    @Test
    void ask_laterTurnOfAKeptConversation_isTriedWhereItWasLeft() {
        server.keeping(Duration.ofMinutes(1))
                .says("a")
                .fails(Code.UNAVAILABLE, "DRAINING", SOON)
                .fails(Code.UNAVAILABLE, "DRAINING", SOON)
                .says("b");
        try (Conversation conversation = server.client.converse(kept())) {
            assertThat(conversation.ask("one").await().text()).isEqualTo("a");
            assertThat(conversation.ask("two").await().text()).isEqualTo("b");
            assertThat(conversation.info().resumed()).isTrue();
        }
        assertThat(server.calls).hasSize(3);
        assertThat(server.calls.get(2).getFirst().getOpen().getRequireResume()).isTrue();
        assertThat(server.calls.get(2).getFirst().getOpen().getConversationId()).isEqualTo("c1");
    }

    @Test
    void ask_laterTurnThatNobodyKeeps_isNotTriedAgain() {
        server.says("a").fails(Code.UNAVAILABLE, "DRAINING", SOON).says("never");
        try (Conversation conversation = server.client.converse()) {
            conversation.ask("one").await();
            assertThatExceptionOfType(AdedClientException.Unavailable.class)
                    .isThrownBy(() -> conversation.ask("two").await())
                    .satisfies(failed -> assertThat(failed.reason()).isEqualTo("DRAINING"));
        }
        assertThat(server.calls).hasSize(1);
    }

    @Test
    void ask_afterTheFirstEvent_isNotTriedAgainAndHasItsText() {
        server.fails(Code.UNAVAILABLE, "DRAINING", SOON, "Once").says("never");
        try (Conversation conversation = server.client.converse()) {
            assertThatExceptionOfType(AdedClientException.Unavailable.class)
                    .isThrownBy(() -> conversation.ask("one").await())
                    .satisfies(failed -> assertThat(failed.text()).isEqualTo("Once"));
            assertThatExceptionOfType(AdedClientException.Unavailable.class).isThrownBy(() -> conversation.ask("two"));
        }
        assertThat(server.calls).hasSize(1);
    }

    @Test
    void ask_otherReasonsOrAttemptsUsedUp_fails() {
        server.fails(Code.RESOURCE_EXHAUSTED, "NOT_READ", SOON);
        try (Conversation conversation = server.client.converse()) {
            assertThatExceptionOfType(AdedClientException.ResourceExhausted.class)
                    .isThrownBy(() -> conversation.ask("one").await());
        }
        for (int i = 0; i < 3; i++) {
            server.fails(Code.UNAVAILABLE, "DRAINING", SOON);
        }
        try (Conversation conversation = server.client.converse()) {
            assertThatExceptionOfType(AdedClientException.Unavailable.class)
                    .isThrownBy(() -> conversation.ask("one").await());
        }
        assertThat(server.calls).hasSize(1 + 3);
    }

    @Test
    void ask_noTimeForThePause_failsAtOnceWithTheReason() {
        server.fails(Code.RESOURCE_EXHAUSTED, "QUEUE_FULL", Duration.ofMinutes(5));
        AnswerOptions soon =
                AnswerOptions.builder().timeout(Duration.ofMinutes(1)).build();
        try (Conversation conversation = server.client.converse()) {
            assertThatExceptionOfType(AdedClientException.ResourceExhausted.class)
                    .isThrownBy(
                            () -> conversation.ask(Prompt.user("Hello"), soon).await())
                    .satisfies(failed -> assertThat(failed.retryAfter()).contains(Duration.ofMinutes(5)));
        }
    }

    @Test
    void cancel_duringThePause_endsTheTurnAndTheConversationGoesOn() {
        server.fails(Code.RESOURCE_EXHAUSTED, "QUEUE_FULL", Duration.ofMinutes(5))
                .says("Hi");
        try (Conversation conversation = server.client.converse()) {
            AnswerStream waiting = conversation.ask("Hello");
            CompletableFuture<Answer> answer = waiting.future();
            await().until(() -> server.calls.getFirst().size() == 2);
            // The turn has been sent; its failure is on the way, after which there is no call to cancel it in.
            await().untilAsserted(() -> {
                waiting.cancel();
                assertThat(answer).isCompletedExceptionally();
            });
            assertThat(answer)
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .havingRootCause()
                    .isInstanceOf(AdedClientException.Cancelled.class);
            assertThat(conversation.ask("Again").await().text()).isEqualTo("Hi");
        }
    }

    @Test
    void server_goneBetweenTurns_keptConversationGoesOn() {
        server.keeping(Duration.ofMinutes(1))
                .says("a")
                .fails(Code.UNAVAILABLE, "GONE", SOON)
                .says("b");
        try (Conversation conversation = server.client.converse(kept())) {
            conversation.ask("one").await();
            // Left before it was read: the call breaks while nobody waits.
            conversation.ask("two").close();
            await().untilAsserted(() ->
                    assertThat(conversation.ask("three").await().text()).isEqualTo("b"));
        }
    }
}
