package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.Prompt;
import io.aded.engine.Session;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What follows when a real engine hangs or is lost; time is what the test says. */
class EngineGuardTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Safeguards SAFEGUARDS = new Safeguards(
            10,
            10,
            null,
            Safeguards.DEFAULT.prefixSharing(),
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ZERO);

    private final CountDownLatch freed = new CountDownLatch(1);
    private final AtomicBoolean hangs = new AtomicBoolean();
    private final AtomicReference<RuntimeException> breaks = new AtomicReference<>();
    private final List<EngineFailureListener.Failure> failures = new ArrayList<>();

    private final ScriptedModel model = new ScriptedModel(ScriptedModel.babble(7, 2), _ -> {
        RuntimeException broken = breaks.get();
        if (broken != null) {
            throw broken;
        }
        if (hangs.get()) {
            waitForIt();
        }
    });

    /** Lets a hanging engine go, so that it can be closed whatever a test found. */
    private interface Release extends AutoCloseable {
        @Override
        void close();
    }

    private void waitForIt() {
        try {
            freed.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static CompletableFuture<Object> submit(Engine engine) {
        var end = new CompletableFuture<>();
        Session session = engine.openSession();
        session.submit(
                TurnRequest.of(new Prompt.Text("abc"), SamplingParameters.GREEDY, DraftPolicy.OFF, 5),
                new TurnListener() {
                    @Override
                    public void onDelta(Delta delta) {}

                    @Override
                    public void onFinished(TurnResult result) {
                        end.complete(result);
                    }

                    @Override
                    public void onFailed(AdedException failure) {
                        end.complete(failure);
                    }
                });
        return end;
    }

    @Test
    void look_engineHangsAndComesBack_healthAndLogSaySo() throws InterruptedException {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(EngineGuard.class);
        log.start();
        logger.addAppender(log);
        logger.setAdditive(false);
        try (Engine engine = Engine.start(model, EngineOptions.ofCells(256), EngineTelemetry.NONE);
                Serving serving = Serving.builder().build();
                Release _ = freed::countDown) {
            serving.serve(ServedModel.of(engine));
            var guard = new EngineGuard(List.of(engine), SAFEGUARDS, serving, failures::add);
            engine.awaitCalibration(Duration.ofMinutes(1));
            hangs.set(true);
            CompletableFuture<Object> turn = submit(engine);
            await().until(() -> engine.pulse().busy() && engine.pulse().expectedNanos() > 0);
            long now = 0;
            while (now <= 10 * SECOND) {
                assertThat(guard.look(now)).isTrue();
                assertThat(serving.state()).isEqualTo(Serving.State.READY);
                now += SECOND;
            }
            guard.look(now);
            assertThat(serving.state()).isEqualTo(Serving.State.UNWELL);
            assertThat(log.list).hasSize(1);
            assertThat(log.list.getFirst().getFormattedMessage())
                    .contains("\"aded-engine\"")
                    .contains("EngineGuardTest.waitForIt");
            freed.countDown();
            turn.join();
            await().until(() -> !engine.pulse().busy());
            guard.look(now + SECOND);
            assertThat(serving.state()).isEqualTo(Serving.State.READY);
            assertThat(failures).isEmpty();
        } finally {
            logger.detachAppender(log);
            logger.setAdditive(true);
        }
    }

    @Test
    void look_engineHangsBeyondItsGrace_itsOwnerIsToldOnce() throws InterruptedException {
        try (Engine engine = Engine.start(model, EngineOptions.ofCells(256), EngineTelemetry.NONE);
                Serving serving = Serving.builder().build();
                Release _ = freed::countDown) {
            serving.serve(ServedModel.of(engine));
            var guard = new EngineGuard(List.of(engine), SAFEGUARDS, serving, failures::add);
            engine.awaitCalibration(Duration.ofMinutes(1));
            hangs.set(true);
            CompletableFuture<Object> turn = submit(engine);
            await().until(() -> engine.pulse().busy() && engine.pulse().expectedNanos() > 0);
            for (int second = 0; second < 60; second++) {
                guard.look(second * SECOND);
            }
            assertThat(failures).containsExactly(EngineFailureListener.Failure.HUNG);
            assertThat(serving.state()).isEqualTo(Serving.State.UNWELL);
            freed.countDown();
            turn.join();
        }
    }

    @Test
    void start_engineIsLost_itsTurnHealthAndTheOwnerAreTold() throws InterruptedException {
        try (Engine engine = Engine.start(model, EngineOptions.ofCells(256), EngineTelemetry.NONE);
                Serving serving = Serving.builder().build();
                Release _ = freed::countDown) {
            serving.serve(ServedModel.of(engine));
            assertThat(engine.awaitCalibration(Duration.ofSeconds(60))).isTrue(); // its passes would break as well
            breaks.set(new IllegalStateException("the device is gone"));
            Object end = submit(engine).join();
            assertThat(end)
                    .isInstanceOfSatisfying(
                            AdedException.Internal.class,
                            failure -> assertThat(failure.reason()).isEqualTo("ENGINE_LOST"));
            var told = new CompletableFuture<EngineFailureListener.Failure>();
            try (EngineGuard guard = new EngineGuard(List.of(engine), SAFEGUARDS, serving, told::complete)) {
                guard.start();
                assertThat(told.join()).isEqualTo(EngineFailureListener.Failure.LOST);
            }
            assertThat(serving.state()).isEqualTo(Serving.State.UNWELL);
        }
    }
}
