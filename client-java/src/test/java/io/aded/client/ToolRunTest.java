package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.google.rpc.Code;
import io.aded.v1.ContentPart;
import io.aded.v1.ConverseRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class ToolRunTest {
    private final ScriptedTurns server = new ScriptedTurns();

    private record Place(String city) {}

    private record Division(int a, int b) {}

    private record Nothing() {}

    private final ToolFunction weather =
            ToolFunction.of("weather", "The weather in a city.", Place.class, place -> Map.of("in", place.city()));
    private final ToolFunction divide =
            ToolFunction.of("divide", "Divides a by b.", Division.class, two -> two.a() / two.b());

    @AfterEach
    void close() {
        server.close();
    }

    /** What the model was told, call by call. */
    private List<String> told(int call, int turn) {
        return server.calls.get(call).stream()
                .filter(ConverseRequest::hasTurn)
                .skip(turn)
                .findFirst()
                .orElseThrow()
                .getTurn()
                .getChat()
                .getMessages(0)
                .getPartsList()
                .stream()
                .map(ContentPart::getToolResult)
                .map(result ->
                        result.getToolCallId() + (result.getIsError() ? " failed: " : ": ") + result.getContent())
                .toList();
    }

    @Test
    void run_modelCallsThenAnswers_isTheAnswerAndWhatWasCalled() {
        server.wants("weather", "{\"city\":\"Rome\"}").says("It is warm.");
        ToolAnswer ran =
                server.client.chat("How warm is Rome?").tools(weather, divide).run();
        assertThat(ran.text()).isEqualTo("It is warm.");
        assertThat(ran.calls())
                .containsExactly(new ToolOutcome(
                        new Message.ToolCall("call-1", "weather", "{\"city\":\"Rome\"}"), "{\"in\":\"Rome\"}", false));
        assertThat(server.calls.getFirst().getFirst().getOpen().getOptions().getToolsList())
                .extracting(io.aded.v1.Tool::getName)
                .containsExactly("weather", "divide");
        assertThat(told(0, 1)).containsExactly("call-1: {\"in\":\"Rome\"}");
    }

    @Test
    void run_callsThatCannotBeMade_areToldToTheModel() {
        server.wants(
                        "divide", "{\"a\":1,\"b\":0}",
                        "fly", "{}",
                        "divide", "{\"a\":1}",
                        "divide", "{\"a\":")
                .says("I cannot.");
        ToolAnswer ran = server.client.chat("Divide and fly.").tools(divide).run();
        assertThat(ran.calls()).extracting(ToolOutcome::isError).containsOnly(true);
        assertThat(told(0, 1))
                .containsExactly(
                        "call-1 failed: ArithmeticException: / by zero",
                        "call-2 failed: there is no tool \"fly\"; there are divide",
                        "call-3 failed: arguments lacks \"b\"",
                        "call-4 failed: the arguments are no JSON: it ends too soon, at character 5");
    }

    @Test
    void run_roundsUsedUp_endsWithTheLastAnswer() {
        server.wants("weather", "{\"city\":\"a\"}").wants("weather", "{\"city\":\"b\"}");
        ToolAnswer ran = server.client.chat("Weather!").tools(weather).rounds(2).run();
        assertThat(ran.answer().reason()).isEqualTo(FinishReason.TOOL_CALLS);
        assertThat(ran.calls()).hasSize(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.client.chat("").tools(weather).rounds(0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.client.chat("").tools(weather, weather));
    }

    @Test
    void run_withThreads_carriesOutTheCallsOfAnAnswerSideBySide() {
        CyclicBarrier both = new CyclicBarrier(2);
        ToolFunction meet =
                ToolFunction.of("meet", "", Nothing.class, nothing -> both.await(10, TimeUnit.SECONDS) >= 0);
        server.wants("meet", "", "meet", "{}").says("Met.");
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            ToolAnswer ran =
                    server.client.chat("Meet.").tools(meet).executor(threads).run();
            assertThat(ran.calls()).extracting(ToolOutcome::result).containsExactly("true", "true");
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void iterator_showsWhatHappensInOrder() {
        server.wants("weather", "{\"city\":\"Rome\"}").says("It", " is warm.");
        List<String> seen = new ArrayList<>();
        ToolRun run = server.client.chat("How warm is Rome?").tools(weather);
        for (ToolEvent event : run) {
            seen.add(
                    switch (event) {
                        case ToolEvent.Said said ->
                            said.round() + " " + said.event().getClass().getSimpleName();
                        case ToolEvent.Calling calling ->
                            "calling " + calling.call().name();
                        case ToolEvent.Called called ->
                            "called " + called.outcome().result();
                    });
        }
        assertThat(seen)
                .containsExactly(
                        "1 ToolCallDelta",
                        "1 Finished",
                        "calling weather",
                        "called {\"in\":\"Rome\"}",
                        "2 Delta",
                        "2 Delta",
                        "2 Finished");
        assertThatIllegalStateException().isThrownBy(run::iterator);
    }

    @Test
    void run_inAConversation_leavesItOpen() {
        server.wants("weather", "{\"city\":\"Rome\"}").says("Warm.").says("Bye.");
        try (Conversation conversation = server.client.converse()) {
            assertThat(conversation.chat("How warm?").tools(weather).run().text())
                    .isEqualTo("Warm.");
            assertThat(conversation.ask("Bye").await().text()).isEqualTo("Bye.");
        }
        assertThat(server.calls).hasSize(1);
    }

    @Test
    void cancel_whileTheModelAnswers_endsWithWhatCame() {
        ToolRun run = server.client.chat("Silence.").tools(weather);
        Thread.ofVirtual().start(() -> {
            while (server.calls.isEmpty() || server.calls.getFirst().size() < 2) {
                Thread.onSpinWait();
            }
            run.cancel();
        });
        assertThat(run.run().answer().reason()).isEqualTo(FinishReason.CANCELLED);
    }

    @Test
    void cancel_whileAFunctionRuns_interruptsItAndEndsTheRun() throws InterruptedException {
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        ToolFunction sleep = ToolFunction.of("sleep", "", Nothing.class, nothing -> {
            working.countDown();
            try {
                return new CountDownLatch(1).await(1, TimeUnit.MINUTES);
            } catch (InterruptedException woken) {
                interrupted.countDown();
                throw woken;
            }
        });
        server.wants("sleep", "{}");
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            ToolRun run = server.client.chat("Sleep.").tools(sleep).executor(threads);
            Thread.ofVirtual().start(() -> {
                try {
                    working.await();
                    run.cancel();
                } catch (InterruptedException impossible) {
                    throw new AssertionError(impossible);
                }
            });
            assertThatExceptionOfType(AdedClientException.Cancelled.class).isThrownBy(run::run);
            interrupted.await();
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void run_answerFails_isThatFailure() {
        server.wants("weather", "{\"city\":\"Rome\"}")
                .fails(Code.INTERNAL, "ENGINE_FAILED", Duration.ofSeconds(1), "It");
        assertThatExceptionOfType(AdedClientException.Internal.class)
                .isThrownBy(() -> server.client.chat("Rome?").tools(weather).run())
                .satisfies(failed -> assertThat(failed.text()).isEqualTo("It"));
    }
}
