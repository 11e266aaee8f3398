package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** The admission policy, seen from outside: one slot, and the order in which turns come to their end. */
class WaitingTurnsTest {
    private static TurnRequest request(String caller, int priority, int maxTokens) {
        return new TurnRequest(
                new Prompt.Text("go"),
                SamplingParameters.GREEDY,
                DraftPolicy.OFF,
                maxTokens,
                List.of(),
                List.of(),
                false,
                -1,
                false,
                priority,
                caller,
                Long.MAX_VALUE,
                Context.root());
    }

    /** Submits in order while the slot is held by a parked turn, lets go, and returns the order of completion. */
    private static List<String> order(TurnRequest... requests) {
        EngineOptions options = new EngineOptions(
                ContextParameters.ofCells(2048),
                1,
                100,
                Duration.ofSeconds(60),
                Duration.ofMillis(250),
                0,
                DraftPolicy.OFF);
        ConcurrentLinkedQueue<String> order = new ConcurrentLinkedQueue<>();
        try (LocalEngine engine = new LocalEngine(
                new ScriptedModel(ScriptedModel.babble(1, 2)),
                options,
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.5),
                System::nanoTime)) {
            Recorder holder = new Recorder();
            holder.ready = false;
            Turn held = engine.openSession().submit(request(requests[0].fairnessKey(), 9, 1), holder);
            List<Recorder> recorders = new ArrayList<>();
            for (int i = 0; i < requests.length; i++) {
                int number = i;
                Recorder recorder = new Recorder();
                recorder.result.thenRun(() -> order.add(requests[number].fairnessKey() + number));
                recorders.add(recorder);
                engine.openSession().submit(requests[i], recorder);
            }
            holder.ready = true;
            held.resume();
            recorders.forEach(Recorder::await);
        }
        return List.copyOf(order);
    }

    @Test
    void admit_higherPriority_goesFirst() {
        assertThat(order(request("a", 0, 3), request("a", 5, 3), request("a", 1, 3)))
                .containsExactly("a1", "a2", "a0");
    }

    @Test
    void admit_oneCallerFloods_theOtherIsServedBetween() {
        List<String> order = order(
                request("flood", 0, 5),
                request("flood", 0, 5),
                request("flood", 0, 5),
                request("flood", 0, 5),
                request("quiet", 0, 5));
        assertThat(order.indexOf("quiet4")).isLessThanOrEqualTo(1);
    }
}
