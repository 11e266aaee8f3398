package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.aded.draft.neural.DraftContexts;
import io.aded.gguf.EditableGguf;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import io.aded.model.TargetContext;
import io.aded.store.ProcessEnvironment;
import io.aded.telemetry.Telemetry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Draft models as users name them: good ones, and everything that can be wrong with one. */
final class LocalDraftTest {
    @TempDir
    private Path directory;

    private final List<String> notes = new ArrayList<>();
    private final List<String> loaded = new ArrayList<>();
    private final HostListener listener = new HostListener() {
        @Override
        public void note(String line) {
            notes.add(line);
        }

        @Override
        public void loaded(String file) {
            loaded.add(file);
        }

        @Override
        public boolean watchesLoading() {
            return true;
        }
    };

    private HostConfiguration configuration(Path target, @Nullable DraftModelConfiguration draft) {
        ModelConfiguration model = new ModelConfiguration(
                target.toString(),
                null,
                Path.of("bundled"),
                ModelConfiguration.DEFAULT.parameters(),
                true,
                ModelConfiguration.FormatWish.NONE,
                false);
        return HostConfiguration.DEFAULT
                .withModel(model)
                .withContext(ContextConfiguration.DEFAULT.withContext(512).withThreads(1))
                .withDraftModel(draft)
                .withEnvironment(new ProcessEnvironment(Map.of(), directory, directory));
    }

    private Path tiny() {
        return TinyModels.f32(directory);
    }

    private static DraftModelConfiguration file(Path draft) {
        return DraftModelConfiguration.named(draft.toString());
    }

    /** The tiny model with another header, as a file of its own. */
    private Path changed(String name, UnaryOperator<EditableGguf> change) throws IOException {
        return Files.write(
                directory.resolve(name),
                change.apply(EditableGguf.parse(Files.readAllBytes(tiny()))).toBytes());
    }

    private void refused(DraftModelConfiguration draft, Class<? extends AdedException> as, String... why) {
        HostConfiguration configuration = configuration(tiny(), draft);
        assertThatThrownBy(() -> LocalModel.load(configuration, listener))
                .isInstanceOf(as)
                .hasMessageContainingAll(why);
        // Before minutes are spent on reading the model itself.
        assertThat(loaded).doesNotContain("tiny-1-f32.gguf");
    }

    // --- good ones

    @Test
    void load_copyOfTheModel_isWrittenOnceAndTakesOverCells() {
        HostConfiguration configuration = configuration(tiny(), DraftModelConfiguration.copy("q8_0:1"));
        for (int time = 0; time < 2; time++) {
            try (LocalModel local = LocalModel.load(configuration, listener)) {
                DraftDescription draft = local.draft().orElseThrow();
                assertThat(draft.takesCells()).isTrue();
                assertThat(draft.layers()).isEqualTo(1);
                assertThat(draft.format()).isEqualTo("Q8_0");
                assertThat(draft.toString()).contains("tiny-1-f32-Q8_0-without-1", "takes over");
                try (TargetContext target =
                        local.model().newContext(local.options().context())) {
                    DraftContexts contexts = Objects.requireNonNull(local.draftContexts());
                    DraftContexts.Opened opened = contexts.open(target);
                    assertThat(opened.copier()).isNotNull();
                    assertThat(opened.context().cells()).isEqualTo(target.cells());
                    assertThat(opened.vocabulary())
                            .isEqualTo(local.model().vocabulary().size());
                    Objects.requireNonNull(opened.copier()).close();
                    opened.context().close();
                    // Closed, it can be had again; while it is in use, it cannot.
                    contexts.open(target);
                    assertThatThrownBy(() -> contexts.open(target)).isInstanceOf(IllegalStateException.class);
                }
            }
        }
        assertThat(notes.stream().filter(note -> note.startsWith("writing "))).hasSize(1);
    }

    @Test
    void load_modelOfItsOwn_keepsItsOwnCache() throws IOException {
        Path other = TinyModels.f32(directory, 2);
        try (LocalModel local = LocalModel.load(configuration(tiny(), file(other)), listener)) {
            assertThat(local.draft().orElseThrow().takesCells()).isFalse();
            assertThat(local.draft().orElseThrow().name()).isEqualTo("tiny-2-f32");
        }
        // The same weights as the served model's need no checksum to be known.
        try (LocalModel local = LocalModel.load(configuration(tiny(), file(tiny())), listener)) {
            assertThat(local.draft().orElseThrow().takesCells()).isTrue();
        }
    }

    @Test
    void load_copyOfAnotherModel_keepsItsOwnCache() {
        Path copy;
        try (LocalModel local = LocalModel.load(
                configuration(TinyModels.f32(directory, 2), DraftModelConfiguration.copy("q8_0")), listener)) {
            assertThat(local.draft().orElseThrow().takesCells()).isTrue();
            copy = directory
                    .resolve(".cache/aded/derived")
                    .resolve(local.draft().orElseThrow().name() + ".gguf");
        }
        try (LocalModel local = LocalModel.load(configuration(tiny(), file(copy)), listener)) {
            assertThat(local.draft().orElseThrow().takesCells()).isFalse();
        }
    }

    @Test
    void open_replicas_eachHasAContextAndAllIsFreedInOrder() {
        HostConfiguration two = configuration(tiny(), DraftModelConfiguration.copy("q8_0"))
                .withContext(ContextConfiguration.DEFAULT
                        .withContext(256)
                        .withThreads(1)
                        .withReplicas(2));
        try (LocalModel local = LocalModel.open(two, Telemetry.none(), listener)) {
            assertThat(local.engines()).hasSize(2);
        }
    }

    @Test
    void load_noDraft_isNone() {
        try (LocalModel local = LocalModel.load(configuration(tiny(), null), listener)) {
            assertThat(local.draft()).isEmpty();
            assertThat(local.draftContexts()).isNull();
        }
    }

    @Test
    void load_formatThatRowsDoNotSuit_isCalledByItsNameAndWhatBecameOfIt() {
        // Rows of 64 are too short for Q4_K, whose blocks are of 256.
        HostConfiguration configuration = configuration(tiny(), DraftModelConfiguration.copy("q4_k"));
        try (LocalModel local = LocalModel.load(configuration, listener)) {
            assertThat(local.draft().orElseThrow().format()).startsWith("Q4_K, most of it in ");
        }
    }

    @Test
    void load_noMapping_holdsForTheDraftToo() throws IOException {
        Path maps = Path.of("/proc/self/maps");
        assumeTrue(Files.isReadable(maps), "only Linux says what is mapped");
        HostConfiguration usual = configuration(tiny(), DraftModelConfiguration.copy("q8_0"));
        ModelConfiguration model = usual.model();
        for (boolean mapped : new boolean[] {true, false}) {
            ModelParameters parameters = model.parameters().withMmap(mapped);
            HostConfiguration configuration = usual.withModel(new ModelConfiguration(
                    model.model(), null, model.natives(), parameters, true, model.format(), false));
            try (LocalModel _ = LocalModel.load(configuration, listener)) {
                // Java maps headers, too, until the collector has seen that nobody reads them any more.
                await().untilAsserted(() -> {
                    System.gc();
                    assertThat(Files.readString(maps).contains("tiny-1-f32-Q8_0"))
                            .isEqualTo(mapped);
                });
            }
        }
    }

    // --- bad ones

    @Test
    void load_copyThatGainsNothing_isRefused() throws IOException {
        Path eight;
        try (LocalModel local =
                LocalModel.load(configuration(tiny(), DraftModelConfiguration.copy("q8_0")), listener)) {
            eight = directory
                    .resolve(".cache/aded/derived")
                    .resolve(local.draft().orElseThrow().name() + ".gguf");
        }
        HostConfiguration again = configuration(eight, DraftModelConfiguration.copy("q8_0"));
        notes.clear();
        assertThatThrownBy(() -> LocalModel.load(again, listener))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContainingAll("draft_self", "gains nothing");
        assertThat(notes).isEmpty();
    }

    @Test
    void load_copyThatWasDamaged_isRefused() throws IOException {
        Path copy;
        try (LocalModel local =
                LocalModel.load(configuration(tiny(), DraftModelConfiguration.copy("q8_0")), listener)) {
            copy = directory
                    .resolve(".cache/aded/derived")
                    .resolve(local.draft().orElseThrow().name() + ".gguf");
        }
        byte[] bytes = Files.readAllBytes(copy);
        bytes[bytes.length - 100] ^= 1;
        Files.delete(copy);
        Files.write(copy, bytes);
        loaded.clear();
        refused(file(copy), AdedException.InvalidArtifact.class, "damaged since it was written");
    }

    @Test
    void load_missingDraft_isRefused() {
        refused(file(directory.resolve("no.gguf")), AdedException.NotFound.class, "the draft model", "no.gguf");
    }

    @Test
    void load_damagedDraft_isRefused() throws IOException {
        byte[] whole = Files.readAllBytes(tiny());
        Path half = Files.write(directory.resolve("half.gguf"), Arrays.copyOf(whole, whole.length / 2));
        refused(file(half), AdedException.InvalidArtifact.class, "half.gguf");
        Path text = Files.writeString(directory.resolve("text.gguf"), "this is no model at all, only some words");
        refused(file(text), AdedException.InvalidArtifact.class, "text.gguf");
    }

    @Test
    void load_foreignVocabulary_isRefusedByTheFirstTokenThatDiffers() throws IOException {
        byte[] bytes = Files.readAllBytes(tiny());
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("cat");
        bytes[at + 1] = 'o';
        Path other = Files.write(directory.resolve("other.gguf"), bytes);
        refused(
                file(other),
                AdedException.InvalidArtifact.class,
                "token 262 is \"▁cot\" in it and \"▁cat\" in the target");
    }

    @Test
    void load_noMemoryForTheDraft_isRefusedWithWhatItTakes() {
        HostConfiguration configuration = configuration(tiny(), DraftModelConfiguration.copy("q8_0"));
        assertThatThrownBy(() -> LocalModel.load(configuration, listener, () -> 1 << 20))
                .isInstanceOfSatisfying(
                        AdedException.ResourceExhausted.class,
                        failure -> assertThat(failure.reason()).isEqualTo("NO_MEMORY_FOR_DRAFT_MODEL"))
                .hasMessageContainingAll("tiny-1-f32-Q8_0", "1 MB can be had");
        assertThat(loaded).isEmpty();
    }

    @Test
    void load_noDiskForTheCopy_isRefused() {
        DerivedModels full = new DerivedModels(new ProcessEnvironment(Map.of(), directory, directory), _ -> 10_000);
        DerivedModels.Request request = new DerivedModels.Request(tiny(), Quantization.Q8_0, SkippedLayers.NONE, null);
        assertThatThrownBy(() -> full.find(LlamaLibrary.bundled(), request, listener))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("MB are free");
        assertThat(notes).isEmpty();
    }

    @Test
    void load_recurrentDraft_isRefused() {
        refused(
                file(TinyModels.recurrent(directory)),
                AdedException.InvalidArtifact.class,
                "tiny-recurrent.gguf cannot draft",
                "recurrent");
    }

    @Test
    void load_recurrentTarget_servesWithoutADraftAndSaysSo() {
        try (LocalModel local =
                LocalModel.load(configuration(TinyModels.recurrent(directory), file(tiny())), listener)) {
            assertThat(local.draft()).isEmpty();
        }
        assertThat(notes).anyMatch(note -> note.startsWith("The draft model is not used: tiny random mamba"));
    }

    @Test
    void load_draftWithAShorterContext_worksUpToThereAndSaysSo() throws IOException {
        Path shorter = changed("shorter.gguf", gguf -> gguf.integer("llama.context_length", 100));
        try (LocalModel local = LocalModel.load(configuration(tiny(), file(shorter)), listener);
                TargetContext target = local.model().newContext(local.options().context())) {
            DraftContexts.Opened opened =
                    Objects.requireNonNull(local.draftContexts()).open(target);
            assertThat(opened.positions()).isEqualTo(100);
            assertThat(opened.context().cells()).isEqualTo(target.cells());
        }
        assertThat(notes).anyMatch(note -> note.contains("shorter was trained on 100 tokens"));
    }

    @Test
    void load_slidingWindow_computesItsOwnCells() throws IOException {
        Path window = changed("window.gguf", gguf -> gguf.integer("llama.attention.sliding_window", 64));
        try (LocalModel local =
                LocalModel.load(configuration(window, DraftModelConfiguration.copy("q8_0")), listener)) {
            assertThat(local.draft().orElseThrow().takesCells()).isFalse();
        }
    }
}
