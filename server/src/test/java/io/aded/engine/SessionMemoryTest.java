package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** What open conversations hold, by the account and by the heap, and who gives up what when it is too much. */
@Isolated("it measures the heap")
class SessionMemoryTest {
    private static LocalEngine engine(long bytes) {
        return new LocalEngine(
                new ScriptedModel(ScriptedModel.babble(7, 2)),
                EngineOptions.ofCells(8192).withSessionBytes(bytes),
                EngineTelemetry.NONE,
                Drafters.proposers(DrafterSettings.DEFAULT),
                System::nanoTime);
    }

    private static List<Integer> say(Session session, String text, DrafterKind drafter) {
        Recorder recorder = new Recorder();
        session.submit(
                TurnRequest.of(
                                new Prompt.Messages(List.of(new ChatMessage("user", text))),
                                SamplingParameters.GREEDY,
                                DraftPolicy.of(drafter),
                                20)
                        .withIgnoreEnd(true),
                recorder);
        recorder.await();
        return recorder.tokens;
    }

    /** Bytes of all objects that are reachable: what the JVM counts when it is asked for a histogram of its classes. */
    private static long heap() throws JMException {
        String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {null},
                        new String[] {String[].class.getName()});
        return histogram
                .lines()
                .map(line -> line.trim().split("\\s+"))
                .filter(words -> words.length >= 4 && words[0].endsWith(":") && !words[3].contains("Filler"))
                .mapToLong(words -> Long.parseLong(words[2]))
                .sum();
    }

    @Test
    void held_conversationsThatHaveDrafted_isWhatTheHeapSays() throws JMException {
        List<DrafterKind> drafting =
                Drafters.withoutModel().stream().filter(DrafterKind::drafts).toList();
        try (LocalEngine engine = engine(Long.MAX_VALUE / 2)) {
            try (Session warm = engine.openSession()) {
                for (DrafterKind kind : drafting) {
                    say(warm, "what the process keeps is there once", kind);
                }
            }
            for (List<DrafterKind> kinds : List.of(List.of(Drafters.ADED), List.of(Drafters.ADED_MCTS), drafting)) {
                await().until(() -> engine.status().sessions() == 0);
                long before = heap();
                long accountBefore = engine.memory().held();
                List<Session> sessions = new ArrayList<>();
                int count = kinds.size() == 1 ? 40 : 10;
                for (int i = 0; i < count; i++) {
                    Session session = engine.openSession();
                    sessions.add(session);
                    for (DrafterKind kind : kinds) {
                        say(session, "a question of some length, number " + i + ", " + "and so on ".repeat(20), kind);
                    }
                }
                long each = (heap() - before) / count;
                long accounted = (engine.memory().held() - accountBefore) / count;
                assertThat((double) accounted)
                        .as("bytes a conversation with %s; the heap says %d", kinds, each)
                        .isCloseTo(each, within(0.2 * each));
                sessions.forEach(Session::close);
            }
        }
    }

    @Test
    void update_moreThanTheBudget_theLongestIdleForgetWhatTheyLearnedAndAnswerAsBefore() {
        long budget = 2 << 20;
        try (LocalEngine engine = engine(budget);
                LocalEngine roomy = engine(Long.MAX_VALUE / 2)) {
            List<Session> sessions = new ArrayList<>();
            List<Session> others = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                sessions.add(engine.openSession());
                others.add(roomy.openSession());
                assertThat(say(sessions.get(i), "number " + i, Drafters.ADED))
                        .isEqualTo(say(others.get(i), "number " + i, Drafters.ADED));
            }
            await().untilAsserted(() -> assertThat(engine.memory().held()).isLessThanOrEqualTo(budget));
            assertThat(roomy.memory().held()).isGreaterThan(2 * budget);
            assertThat(engine.memory().dropped()).isPositive();
            assertThat(roomy.memory().dropped()).isZero();
            for (int i = 0; i < 40; i++) {
                assertThat(say(sessions.get(i), "go on", Drafters.ADED))
                        .isEqualTo(say(others.get(i), "go on", Drafters.ADED));
            }
        }
    }

    @Test
    void openSession_historiesFillTheBudget_isRefusedUntilSomeAreClosed() {
        try (LocalEngine engine = engine(64 << 10)) {
            List<Session> sessions = new ArrayList<>();
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            Session session = engine.openSession();
                            sessions.add(session);
                            say(session, "number " + i + " " + "and so on ".repeat(40), Drafters.OFF);
                        }
                    })
                    .isInstanceOfSatisfying(
                            AdedException.ResourceExhausted.class,
                            refused -> assertThat(refused.reason()).isEqualTo("CONVERSATION_MEMORY"))
                    .hasMessageContaining("have the server given more");
            assertThat(sessions).hasSizeBetween(5, 40);
            sessions.removeLast().close();
            sessions.removeLast().close();
            await().untilAsserted(() -> engine.openSession().close());
        }
    }

    @Test
    void submit_historiesOutgrowTheBudgetByAQuarter_isRefused() {
        try (LocalEngine engine = engine(32 << 10);
                Session session = engine.openSession()) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            say(session, "number " + i + " " + "and so on ".repeat(40), Drafters.OFF);
                        }
                    })
                    .isInstanceOf(AdedException.ResourceExhausted.class)
                    .hasMessageContaining("have the server given more");
            assertThat(session.historyTokens()).isPositive();
        }
    }
}
