package io.aded.engine;

import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.telemetry.EngineTelemetry;
import io.aded.telemetry.TurnTelemetry;
import io.opentelemetry.context.Context;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Turns that no engine plays, over a cache of their own: what policies decide about. */
final class TestTurns implements AutoCloseable {
    static final int SEQUENCES = 4;

    private final ScriptedModel model = new ScriptedModel(ScriptedModel.babble(1, 1));
    private final LocalEngine engine;
    private final TargetContext context;
    private final CellLedger ledger;
    private final Residency residency;
    private final Map<String, Caller> callers = new HashMap<>();
    private long number;

    TestTurns(int cells) {
        engine = new LocalEngine(
                model,
                EngineOptions.ofCells(cells),
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.5),
                System::nanoTime);
        context = model.newContext(ContextParameters.ofCells(cells).withMaxSequences(SEQUENCES));
        ledger = new CellLedger(cells, SEQUENCES);
        residency = new Residency(context, ledger, new SwapSpace(1 << 16), new SessionMemory(1 << 20));
    }

    Residency residency() {
        return residency;
    }

    /** A turn whose prompt is one token, so many times; it came at the time of its number, from 1. */
    LocalTurn turn(String caller, int priority, int token, int promptTokens, int maxTokens, long deadline) {
        LocalSession session = new LocalSession(engine, "s", "", ledger.new Cells());
        int[] prompt = new int[promptTokens];
        Arrays.fill(prompt, token);
        residency.add(session);
        residency.adopt(session, prompt);
        TurnRequest request = new TurnRequest(
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
                deadline,
                Context.root());
        number++;
        LocalTurn turn = new LocalTurn(
                session,
                request,
                new Recorder(),
                new Answering(model.newSampler(SamplingParameters.GREEDY), null, 0, TurnTelemetry.NONE, null),
                number,
                number,
                prompt,
                context,
                ledger,
                () -> {},
                _ -> {});
        turn.setCaller(callers.computeIfAbsent(caller, _ -> new Caller()));
        return turn;
    }

    @Override
    public void close() {
        engine.close();
        context.close();
    }
}
