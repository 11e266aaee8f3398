package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.draft.catalogue.Drafters;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.Seeds;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * More conversations than the real cache has room for, cancelled at any time: before their first pass, in their prompt,
 * in mid-answer. Each goes on later, from what was saved of it, which may be nothing.
 */
class CancelAndEvictionTest {
    private static final long SEED = Seeds.next();
    private static final int SESSIONS = 10;
    private static final int TURNS = Integer.getInteger("aded.soak", 0) / 20 + 150;

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void submit_afterCancelAndEviction_goesOnAndLeavesNothing(LlamaLibrary library) {
        var random = new SplittableRandom(SEED);
        EngineOptions options = EngineOptions.ofCells(256)
                .withContext(ContextParameters.ofCells(256)
                        .withMaxSequences(6)
                        .withMaxBatchTokens(64)
                        .withThreads(1)
                        .withCacheTypes(ContextParameters.CacheType.F32, ContextParameters.CacheType.F32));
        try (LlamaModel model = LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT);
                Engine engine = Engine.start(model, options, EngineTelemetry.NONE)) {
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < SESSIONS; i++) {
                sessions.add(engine.openSession());
            }
            var running = new ArrayDeque<Recorder>();
            for (int turn = 0; turn < TURNS; turn++) {
                int which = turn * 7 % SESSIONS; // others come between a conversation's turns, and take its cells
                Session session = sessions.get(which);
                if (session.historyTokens() > 120) {
                    session.close();
                    session = engine.openSession();
                    sessions.set(which, session);
                }
                Recorder recorder = new Recorder();
                Turn submitted = session.submit(request(random, which, turn), recorder);
                switch (random.nextInt(4)) {
                    case 0 -> submitted.cancel(); // mostly before its first pass
                    case 1 -> {
                        recorder.begun.join();
                        submitted.cancel();
                    }
                    default -> {}
                }
                running.add(recorder);
                if (running.size() == 3) {
                    running.removeFirst().await();
                }
            }
            running.forEach(Recorder::await);
            sessions.forEach(Session::close);
            await().untilAsserted(() -> {
                assertThat(engine.status().cellsUsed()).as("seed %d", SEED).isZero();
                assertThat(engine.status().sequencesUsed()).isZero();
            });
            assertThat(engine.pulse().lost()).isNull();
        }
    }

    private static TurnRequest request(SplittableRandom random, int which, int turn) {
        DraftPolicy draft = random.nextBoolean() ? DraftPolicy.OFF : new DraftPolicy(Drafters.ADED, 6, 4, 3, false);
        return TurnRequest.of(
                        new Prompt.Text("the cat " + which + " and the dog " + turn),
                        SamplingParameters.GREEDY.withTemperature(0.5f).withSeed(turn),
                        draft,
                        1 + random.nextInt(12))
                .withIgnoreEnd(true);
    }
}
