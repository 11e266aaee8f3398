package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who is spared computing what whom, and what the count of cached tokens tells of that. */
class PrefixSharingTest {
    private static final String SECRET = "the password of the day is swordfish; ";

    /** Tokens of the secret, the beginning of the text included. */
    private static final int LENGTH =
            new ScriptedModel(ScriptedModel.babble(1, 1)).vocabulary().tokenize(SECRET, true, false).length;

    private static LocalEngine engine(PrefixSharing sharing) {
        return new LocalEngine(
                new ScriptedModel(ScriptedModel.babble(7, 2)),
                EngineOptions.ofCells(4096).withPrefixSharing(sharing),
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.8),
                System::nanoTime);
    }

    private static TurnResult ask(LocalEngine engine, String caller, String prompt, PrefixSharing atMost) {
        Recorder recorder = new Recorder();
        engine.openSession(caller)
                .submit(
                        TurnRequest.of(new Prompt.Text(prompt), SamplingParameters.GREEDY, DraftPolicy.OFF, 3)
                                .withPrefixSharing(atMost),
                        recorder);
        return recorder.await();
    }

    /** The second caller's prompt begins like the first one's; how much of it is computed, and what is it told? */
    @ParameterizedTest
    @CsvSource({
        "NONE,   anna, anna, false, false",
        "NONE,   anna, ben,  false, false",
        "CALLER, anna, anna, true,  true",
        "CALLER, anna, ben,  false, false",
        "CALLER, '',   '',   true,  true",
        "CALLER, '',   ben,  false, false",
        "ALL,    anna, anna, true,  true",
        "ALL,    anna, ben,  true,  false"
    })
    void submit_sameBeginning_isSharedAndToldAsConfigured(
            PrefixSharing sharing, String first, String second, boolean shared, boolean told) {
        try (LocalEngine engine = engine(sharing)) {
            ask(engine, first, SECRET + "one", PrefixSharing.ALL);
            long before = engine.status().prefilledTokensTotal();
            TurnResult result = ask(engine, second, SECRET + "two", PrefixSharing.ALL);
            long computed = engine.status().prefilledTokensTotal() - before;
            // The last token of a prompt is computed with the first of the answer, as the root.
            assertThat(computed).isEqualTo(shared ? "two".length() - 1 : result.promptTokens() - 1);
            assertThat(result.cachedPromptTokens()).isEqualTo(told ? LENGTH : 0);
        }
    }

    @Test
    void submit_promptThatSharesWithNobody_isNobodysBeginningAndTakesNone() {
        try (LocalEngine engine = engine(PrefixSharing.ALL)) {
            ask(engine, "anna", SECRET + "one", PrefixSharing.NONE);
            assertThat(ask(engine, "anna", SECRET + "two", PrefixSharing.ALL).cachedPromptTokens())
                    .as("the first does not give")
                    .isZero();
            assertThat(ask(engine, "anna", SECRET + "three", PrefixSharing.NONE).cachedPromptTokens())
                    .as("the third does not take")
                    .isZero();
            assertThat(ask(engine, "anna", SECRET + "four", PrefixSharing.ALL).cachedPromptTokens())
                    .as("the second gives")
                    .isEqualTo(LENGTH);
        }
    }

    @Test
    void submit_conversationThatHeldASecret_sharesNoMoreInLaterTurns() {
        try (LocalEngine engine = engine(PrefixSharing.CALLER);
                Session session = engine.openSession("anna")) {
            TurnRequest turn = TurnRequest.of(new Prompt.Text(SECRET), SamplingParameters.GREEDY, DraftPolicy.OFF, 3);
            for (PrefixSharing each : new PrefixSharing[] {PrefixSharing.NONE, PrefixSharing.ALL}) {
                Recorder recorder = new Recorder();
                session.submit(turn.withPrefixSharing(each), recorder);
                recorder.await();
            }
            assertThat(ask(engine, "anna", SECRET + "guess", PrefixSharing.ALL).cachedPromptTokens())
                    .isZero();
        }
    }
}
