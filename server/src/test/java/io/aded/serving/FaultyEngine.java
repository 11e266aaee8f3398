package io.aded.serving;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.EngineStatus;
import io.aded.engine.PassCosts;
import io.aded.engine.Session;
import io.aded.engine.Turn;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.model.ChatMessage;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
import java.time.Duration;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;

/** An engine whose sessions do with a turn what a test says. */
public record FaultyEngine(TargetModel model, BiFunction<TurnRequest, TurnListener, Turn> behaviour) implements Engine {

    /** Its sessions throw when a turn is submitted. */
    public static FaultyEngine throwing(RuntimeException failure) {
        return new FaultyEngine(new ScriptedModel(ScriptedModel.babble(1, 1)), (request, listener) -> {
            throw failure;
        });
    }

    @Override
    public EngineOptions options() {
        return EngineOptions.ofCells(256);
    }

    @Override
    public EngineStatus status() {
        return new EngineStatus(0, 0, 0, 0, 0, 256, 0, 1, 0, 0, 0, 0);
    }

    @Override
    public int openTurns() {
        return 0;
    }

    @Override
    public int openSessions() {
        return 0;
    }

    @Override
    public LongSupplier nanoClock() {
        return System::nanoTime;
    }

    @Override
    public PassCosts passCosts() {
        return PassCosts.ofAll();
    }

    @Override
    public boolean awaitCalibration(Duration longest) {
        return true;
    }

    @Override
    public void drain(Duration grace) {}

    @Override
    public void close() {}

    @Override
    public Session openSession(String caller) {
        return new Session() {
            @Override
            public String id() {
                return "faulty";
            }

            @Override
            public Turn submit(TurnRequest request, TurnListener listener) {
                return behaviour.apply(request, listener);
            }

            @Override
            public List<ChatMessage> messages() {
                return List.of();
            }

            @Override
            public int historyTokens() {
                return 0;
            }

            @Override
            public void reset() {}

            @Override
            public void close() {}
        };
    }

    @Override
    public int countTokens(io.aded.engine.Prompt prompt) {
        return 1;
    }
}
