package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the engine's thread does for conversations that do nothing is little, however many they are. */
class EngineCostTest {
    /** Methods of collections that look at one element after the other. */
    private static final Set<String> SEARCHES = Set.of(
            "remove(Ljava/lang/Object;)Z",
            "contains(Ljava/lang/Object;)Z",
            "indexOf(Ljava/lang/Object;)I",
            "lastIndexOf(Ljava/lang/Object;)I",
            "removeAll(Ljava/util/Collection;)Z",
            "removeFirstOccurrence(Ljava/lang/Object;)Z");

    private static final Set<String> LISTS = Set.of(
            "java/util/List",
            "java/util/ArrayList",
            "java/util/SequencedCollection",
            "java/util/Collection",
            "java/util/Deque",
            "java/util/Queue",
            "java/util/ArrayDeque",
            "java/util/LinkedList",
            "java/util/PriorityQueue");

    /** Where a list is searched all the same, because it is short: running turns are at most {@code maxRunning}. */
    private static final Set<String> SHORT = Set.of("Admission.stop");

    @Test
    void engine_noClass_searchesAListThatGrowsWithIdleConversations() throws IOException, URISyntaxException {
        Path classes = Path.of(LocalEngine.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI())
                .resolve("io/aded/engine");
        Set<String> found = new TreeSet<>();
        try (Stream<Path> files = Files.list(classes)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".class")).toList()) {
                ClassModel parsed = ClassFile.of().parse(file);
                for (MethodModel method : parsed.methods()) {
                    method.code()
                            .ifPresent(code -> code.forEach(element -> {
                                if (element instanceof InvokeInstruction call
                                        && LISTS.contains(call.owner().asInternalName())
                                        && SEARCHES.contains(call.name().stringValue()
                                                + call.type().stringValue())) {
                                    String owner = parsed.thisClass().asInternalName();
                                    found.add(owner.substring(owner.lastIndexOf('/') + 1) + "."
                                            + method.methodName().stringValue());
                                }
                            }));
                }
            }
        }
        assertThat(found).isEqualTo(SHORT);
    }

    @Test
    void close_sixtyThousandConversations_leavesNothingAndTheTurnBesideThemGoesOn() {
        try (LocalEngine engine = new LocalEngine(
                new ScriptedModel(ScriptedModel.babble(7, 2)),
                EngineOptions.ofCells(4096),
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.8),
                System::nanoTime)) {
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < 60_000; i++) {
                sessions.add(engine.openSession());
            }
            await().until(() -> engine.status().sessions() == 60_000);
            Collections.shuffle(sessions, new Random(1)); // no order in which they happen to be found at once
            try (Session beside = engine.openSession()) {
                Recorder recorder = new Recorder();
                beside.submit(
                        TurnRequest.of(new Prompt.Text("abc"), SamplingParameters.GREEDY, DraftPolicy.OFF, 2000),
                        recorder);
                sessions.forEach(Session::close);
                assertThat(recorder.await().completionTokens()).isEqualTo(2000);
            }
            await().until(() -> engine.status().sessions() == 0);
        }
    }

    /** Callers with a turn each, and the turns of one caller: all but the last wait for something. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void peek_thousandsOfTurnsThatMustWait_asksFewOfThem(boolean oneCaller) {
        try (TestTurns turns = new TestTurns(1024)) {
            WaitingTurns waiting = new WaitingTurns();
            List<LocalTurn> all = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                LocalTurn turn = turns.turn(oneCaller ? "a" : "c" + i, i % 3, 5, 1, 1, Long.MAX_VALUE);
                all.add(turn);
                waiting.add(turn, 5000 - i);
            }
            AtomicInteger asked = new AtomicInteger();
            assertThat(waiting.peek(turn -> asked.incrementAndGet() < 0)).isNull();
            assertThat(asked.get()).isBetween(1, 64);
            // Nothing has moved: the highest priority, and of it who came first.
            assertThat(waiting.peek(_ -> true)).isSameAs(all.get(2));
            assertThat(waiting.size()).isEqualTo(2000);
            // Service moves a caller behind the others of its priority.
            waiting.serve(all.get(2).caller(), 10);
            assertThat(waiting.peek(_ -> true)).isSameAs(all.get(oneCaller ? 2 : 5));
            List<LocalTurn> over = new ArrayList<>();
            assertThat(waiting.firstDue()).isEqualTo(3001);
            waiting.expire(3003, over::add);
            assertThat(over).containsExactly(all.get(1999), all.get(1998), all.get(1997));
            assertThat(waiting.remove(all.get(1997))).isFalse();
            assertThat(waiting.remove(all.get(2))).isTrue();
            assertThat(waiting.peek(_ -> true)).isSameAs(all.get(5));
            waiting.putBack(all.get(2), 9);
            assertThat(waiting.firstDue()).isEqualTo(9);
            assertThat(waiting.size()).isEqualTo(1997);
            waiting.drain(over::add);
            assertThat(over).hasSize(2000).containsAll(all);
            assertThat(waiting.isEmpty()).isTrue();
        }
    }
}
