package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.host.ContextConfiguration;
import io.aded.host.DraftModelConfiguration;
import io.aded.host.HostConfiguration;
import io.aded.host.HostListener;
import io.aded.host.LocalModel;
import io.aded.host.ModelConfiguration;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.TinyModels;
import io.aded.model.SamplingParameters;
import io.aded.store.ProcessEnvironment;
import io.aded.telemetry.Telemetry;
import io.aded.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** With a second model that drafts, or without one, the same tokens: on F32 weights with an F32 cache exactly. */
final class DraftModelLosslessnessTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";
    private static final int TOKENS = 24;
    private static final List<DrafterKind> MODES =
            List.of(Drafters.MODEL, Drafters.DRAFT_VERIFY, Drafters.ADED_MODEL, Drafters.AUTO);
    private static final List<String> PROMPTS =
            List.of("the cat and the dog", "once there was a sea and the sun. the sea", "a");

    @TempDir
    private static Path directory;

    private static LocalModel open(LlamaLibrary library, Path target, DraftModelConfiguration draft) {
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(new ModelConfiguration(
                        target.toString(),
                        null,
                        library.isBundled() ? Path.of("bundled") : library.path(),
                        ModelConfiguration.DEFAULT.parameters(),
                        true,
                        ModelConfiguration.FormatWish.NONE,
                        false))
                .withContext(ContextConfiguration.DEFAULT.withContext(1024).withThreads(1))
                .withDraftModel(draft)
                .withEnvironment(new ProcessEnvironment(Map.of(), directory, directory));
        return LocalModel.open(configuration, Telemetry.none(), HostListener.NONE);
    }

    /** Answers of all prompts, greedy and drawn, all at once. */
    private static List<List<Integer>> answers(Engine engine, DrafterKind mode, int[] drafted) {
        List<Recorder> recorders = new ArrayList<>();
        List<Session> sessions = new ArrayList<>();
        for (String prompt : PROMPTS) {
            for (float temperature : new float[] {0, 0.8f}) {
                Recorder recorder = new Recorder();
                Session session = engine.openSession();
                session.submit(
                        TurnRequest.of(
                                        new Prompt.Text(prompt),
                                        SamplingParameters.GREEDY
                                                .withTemperature(temperature)
                                                .withSeed(7),
                                        DraftPolicy.of(mode),
                                        TOKENS)
                                .withIgnoreEnd(true)
                                .withRounds(true),
                        recorder);
                recorders.add(recorder);
                sessions.add(session);
            }
        }
        List<List<Integer>> answers = new ArrayList<>();
        for (Recorder recorder : recorders) {
            recorder.await();
            answers.add(recorder.tokens);
            recorder.rounds.forEach(round -> drafted[0] += round.tokens().length - 1);
        }
        sessions.forEach(Session::close);
        return answers;
    }

    private static void assertLossless(LlamaLibrary library, Path target, DraftModelConfiguration draft) {
        try (LocalModel local = open(library, target, draft)) {
            List<List<Integer>> plain = answers(local.engine(), Drafters.OFF, new int[1]);
            for (DrafterKind mode : MODES) {
                int[] drafted = new int[1];
                assertThat(answers(local.engine(), mode, drafted))
                        .as("%s, %s, %s", library, draft.source(), mode.label())
                        .isEqualTo(plain);
                if (mode == Drafters.DRAFT_VERIFY) {
                    assertThat(drafted[0]).as("%s, %s", library, draft.source()).isPositive();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void drafts_copyWithoutALayerAndCoarserCopy_sameTokens(LlamaLibrary library) throws IOException {
        Path target = TinyModels.writer(7, 4).write(directory.resolve("four.gguf"));
        assertLossless(library, target, DraftModelConfiguration.copy("none:1"));
        assertLossless(library, target, DraftModelConfiguration.copy("q8_0"));
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void drafts_modelOfItsOwn_sameTokens(LlamaLibrary library) {
        assertLossless(
                library,
                TinyModels.f32(directory),
                DraftModelConfiguration.named(TinyModels.f32(directory, 2).toString()));
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void drafts_stories260KByItselfWithoutALayer_sameTokens(LlamaLibrary library) {
        Optional<Path> model = SharedFiles.find("models/stories260K-F32.gguf");
        model.ifPresent(file -> assertLossless(library, file, DraftModelConfiguration.copy("none:2")));
    }
}
