package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReplicasTest {
    private final ScriptedModel model = new ScriptedModel(ScriptedModel.babble(7, 2));
    private final Engine first = Engine.start(model, EngineOptions.ofCells(256), EngineTelemetry.NONE);
    private final Engine second = Engine.start(model, EngineOptions.ofCells(256), EngineTelemetry.NONE);

    @AfterEach
    void stop() {
        first.close();
        second.close();
        model.close();
    }

    /** The first engine, doing something before it opens a session. */
    private Engine firstThat(Runnable before) {
        return (Engine) Proxy.newProxyInstance(
                Engine.class.getClassLoader(), new Class<?>[] {Engine.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("openSession")) {
                        before.run();
                    }
                    try {
                        return method.invoke(first, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void open_anotherOpensMeanwhile_goesElsewhere() throws InterruptedException {
        AtomicReference<Replicas> replicas = new AtomicReference<>();
        Thread other = new Thread(() -> replicas.get().open("b"));
        // The session is not counted yet; the other may choose now, or has to wait until it is.
        Engine slow = firstThat(() -> {
            if (other.getState() == Thread.State.NEW) {
                other.start();
                await().until(() -> other.getState() == Thread.State.BLOCKED || !other.isAlive());
            }
        });
        replicas.set(new Replicas(List.of(slow, second)));

        replicas.get().open("a");
        other.join();

        assertThat(first.openSessions()).isEqualTo(1);
        assertThat(second.openSessions()).isEqualTo(1);
    }

    @Test
    void openForTurn_turnsNotSubmittedYet_areCounted() {
        first.openSession();
        first.openSession();
        Replicas replicas = new Replicas(List.of(first, second));

        Replicas.Arrival one = replicas.openForTurn("a");
        Replicas.Arrival two = replicas.openForTurn("b");

        assertThat(second.openSessions()).isEqualTo(1);
        assertThat(first.openSessions()).isEqualTo(3);
        one.over();
        two.over();
        replicas.openForTurn("c");
        assertThat(second.openSessions()).as("fewer conversations").isEqualTo(2);
    }
}
