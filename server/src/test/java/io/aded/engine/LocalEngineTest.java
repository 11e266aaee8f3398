package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.telemetry.EngineTelemetry;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalEngineTest {
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();

    /** A scripted model that runs out of memory when it, or a context of it, is asked this. */
    private TargetModel failing(String question) {
        return watched(TargetModel.class, new ScriptedModel(ScriptedModel.babble(1, 1)), question);
    }

    private <T> T watched(Class<T> type, T target, String question) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (_, method, arguments) -> {
                    if (method.getName().equals(question)) {
                        throw new OutOfMemoryError(question);
                    }
                    if (target instanceof TargetContext && method.getName().equals("close")) {
                        closed.incrementAndGet();
                    }
                    Object result = method.invoke(target, arguments);
                    if (result instanceof TargetContext context) {
                        opened.incrementAndGet();
                        return watched(TargetContext.class, context, question);
                    }
                    return result;
                }));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vocabulary", "decode", "maxSequences", "info", "supportsBranches"})
    void start_failsAnywhere_closesTheContextThatItOpened(String question) {
        assertThatThrownBy(() -> Engine.start(failing(question), EngineOptions.ofCells(256), EngineTelemetry.NONE))
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage(question);
        assertThat(opened).hasValue(1);
        assertThat(closed).hasValue(1);
    }

    @Test
    void close_started_closesTheContextOnce() {
        Engine.start(failing("nothing"), EngineOptions.ofCells(256), EngineTelemetry.NONE)
                .close();
        assertThat(opened).hasValue(1);
        assertThat(closed).hasValue(1);
    }
}
