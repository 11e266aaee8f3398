package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.draft.catalogue.Drafters;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.Seeds;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
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
    private static final int TURNS = Integer.getInteger("aded.soak", 0) / 20 + 60;

    @TempDir
    private static Path directory;

    /** A turn that is cancelled in its first pass leaves a conversation with a sequence id and no cells. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void submit_cancelledInItsFirstPassAndEvicted_answersAsOneThatNeverWas(LlamaLibrary library)
            throws InterruptedException {
        var reached = new CountDownLatch(1);
        var cancelled = new CountDownLatch(1);
        var armed = new AtomicBoolean();
        EngineOptions options = EngineOptions.ofCells(256)
                .withContext(ContextParameters.ofCells(256)
                        .withMaxSequences(2)
                        .withThreads(1)
                        .withCacheTypes(ContextParameters.CacheType.F32, ContextParameters.CacheType.F32));
        try (LlamaModel llama = LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT)) {
            int[] prompt = llama.vocabulary().tokenize("the cat and the dog", true, false);
            TargetModel model = proxy(
                    TargetModel.class,
                    llama,
                    result -> result instanceof TargetContext context
                            ? proxy(TargetContext.class, context, _ -> null, batch -> {
                                int second = ((TokenBatch) batch).size() < 2 ? -1 : ((TokenBatch) batch).token(1);
                                if (second != prompt[1]
                                        || !armed.compareAndSet(true, false)) { // passes that measure are others
                                    return null;
                                }
                                reached.countDown();
                                cancelled.await();
                                return DecodeOutcome.ABORTED; // as the library does when it is told to
                            })
                            : null);
            try (Engine engine = Engine.start(model, options, EngineTelemetry.NONE)) {
                Session session = engine.openSession();
                armed.set(true);
                Recorder first = new Recorder();
                Turn turn = session.submit(plain("the cat and the dog"), first);
                reached.await();
                turn.cancel();
                cancelled.countDown();
                assertThat(first.await().reason()).isEqualTo(FinishReason.CANCELLED);
                List<Integer> expected = List.of();
                for (int i = 0; i < 3; i++) { // each takes one of the two sequence ids
                    Recorder other = new Recorder();
                    engine.openSession().submit(plain("the dog and the cat"), other);
                    other.await();
                    expected = other.tokens;
                }
                Recorder second = new Recorder();
                session.submit(plain("the dog and the cat"), second);
                second.await();
                assertThat(second.tokens).hasSize(8).isEqualTo(expected);
            }
        }
    }

    private static TurnRequest plain(String text) {
        return TurnRequest.of(new Prompt.Text(text), SamplingParameters.GREEDY, DraftPolicy.OFF, 8)
                .withIgnoreEnd(true);
    }

    /** What a call of {@code decode} gives instead, or null for what it gives. */
    private interface Decode {
        DecodeOutcome of(Object batch) throws InterruptedException;
    }

    private static <T> T proxy(Class<T> type, T target, UnaryOperator<Object> replace) {
        return proxy(type, target, replace, _ -> null);
    }

    private static <T> T proxy(Class<T> type, T target, UnaryOperator<Object> replace, Decode decode) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (_, method, arguments) -> {
                    DecodeOutcome instead = method.getName().equals("decode") ? decode.of(arguments[0]) : null;
                    if (instead != null) {
                        return instead;
                    }
                    Object result;
                    try {
                        result = method.invoke(target, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                    Object replaced = result == null ? null : replace.apply(result);
                    return replaced == null ? result : replaced;
                }));
    }

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
