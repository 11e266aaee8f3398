package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.model.AdedException;
import io.aded.model.ScriptedModel;
import io.aded.rpc.AdedServer;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The real server and engine over a Unix socket, with a model that is a script. */
@Timeout(60)
class GrpcTargetTest {
    private static final int CELLS = 4096;
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

    @TempDir
    private Path directory;

    private final LongAdder tokens = new LongAdder();
    private Engine engine;
    private AdedServer server;
    private String address;

    @BeforeEach
    void start() {
        engine = Engine.start(
                new ScriptedModel(ScriptedModel.babble(7, 2)), EngineOptions.ofCells(CELLS), EngineTelemetry.NONE);
        server = AdedServer.builder()
                .listen("unix:" + directory.resolve("aded.sock"))
                .start();
        server.serve(ServedModel.of(engine));
        address = server.addresses().getFirst().toString();
    }

    @AfterEach
    void stop() {
        server.close();
        engine.close();
    }

    private GrpcTarget target(int turns, long timeoutNanos) {
        return new GrpcTarget(address, 1, new Manner("be brief", turns, 0f, true, false, timeoutNanos));
    }

    private Timeline timeline() {
        return new Timeline(System::nanoTime, tokens);
    }

    private static Job.Question question(int maxTokens) {
        return new Job.Question("hello there", maxTokens, 5);
    }

    @Test
    void served_unixSocket_tellsTheModel() {
        try (GrpcTarget target = target(1, PATIENCE)) {
            assertThat(target.served().contextCells()).isPositive();
            assertThat(target.served().library()).isNotEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("io.aded.draft.catalogue.Drafters#withoutModel")
    void ask_everyDraftMode_isOneThatTheServerKnows(DrafterKind mode) throws InterruptedException {
        try (GrpcTarget target = target(1, PATIENCE);
                Target.Talk talk = target.talk(DraftPolicy.of(mode))) {
            assertThat(talk.ask(question(16), timeline())).isInstanceOfSatisfying(Reply.Answered.class, answered -> {
                assertThat(answered.usage().tokens()).isEqualTo(16);
                assertThat(answered.usage().draftTokens() > 0)
                        .isEqualTo(answered.usage().draftRounds() > 0);
            });
        }
        assertThat(tokens.sum()).as("each token is heard of as it arrives").isEqualTo(16);
    }

    @Test
    void ask_conversation_sendsOnlyWhatIsNew() throws InterruptedException {
        try (GrpcTarget target = target(3, PATIENCE);
                Target.Talk talk = target.talk(DraftPolicy.OFF)) {
            long history = 0;
            for (int turn = 0; turn < 3; turn++) {
                Reply.Answered answered = (Reply.Answered) talk.ask(question(8), timeline());
                assertThat(answered.usage().cachedTokens()).isGreaterThanOrEqualTo(history);
                assertThat(answered.usage().promptTokens()).isGreaterThan(history);
                history = answered.usage().promptTokens();
            }
        }
    }

    @Test
    void ask_whatTheServerRefuses_carriesItsWords() throws InterruptedException {
        for (int turns = 1; turns <= 2; turns++) {
            try (GrpcTarget target = target(turns, PATIENCE);
                    Target.Talk talk = target.talk(DraftPolicy.OFF)) {
                Job.Question tooLong = new Job.Question("word ".repeat(CELLS), 8, 5);
                assertThat(talk.ask(tooLong, timeline())).isInstanceOfSatisfying(Reply.Failed.class, failed -> {
                    assertThat(failed.status()).isEqualTo("INVALID_ARGUMENT");
                    assertThat(failed.rejected()).isFalse();
                    assertThat(failed.said()).isNotEmpty().doesNotContain("word word");
                });
            }
        }
    }

    @Test
    void ask_answerThatTakesTooLong_isLate() throws InterruptedException {
        for (int turns = 1; turns <= 2; turns++) {
            try (GrpcTarget target = target(turns, 1);
                    Target.Talk talk = target.talk(DraftPolicy.OFF)) {
                assertThat(talk.ask(question(2000), timeline())).isEqualTo(Reply.LATE);
            }
        }
    }

    @Test
    void ask_afterCancel_isCancelled() throws InterruptedException {
        for (int turns = 1; turns <= 2; turns++) {
            try (GrpcTarget target = target(turns, PATIENCE);
                    Target.Talk talk = target.talk(DraftPolicy.OFF)) {
                talk.cancel();
                assertThat(talk.ask(question(3000), timeline()))
                        .isInstanceOfSatisfying(
                                Reply.Failed.class,
                                failed -> assertThat(failed.status()).isEqualTo("CANCELLED"));
            }
        }
    }

    @Test
    void ask_serverThatIsGone_isUnavailable() throws InterruptedException {
        server.close();
        try (GrpcTarget target = target(1, PATIENCE);
                Target.Talk talk = target.talk(null)) {
            assertThatThrownBy(target::served)
                    .isInstanceOf(AdedException.Unavailable.class)
                    .hasMessageContaining("aded.sock");
            assertThat(talk.ask(question(8), timeline()))
                    .isInstanceOfSatisfying(
                            Reply.Failed.class,
                            failed -> assertThat(failed.status()).isEqualTo("UNAVAILABLE"));
        }
    }
}
