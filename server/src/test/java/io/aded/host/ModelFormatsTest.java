package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.PassCosts;
import io.aded.gguf.GgufFile;
import io.aded.gguf.Quantization;
import io.aded.gguf.SyntheticFormat;
import io.aded.gguf.SyntheticModel;
import io.aded.host.ModelConfiguration.FormatWish;
import io.aded.llama.LlamaLibrary;
import io.aded.natives.BuiltInModel;
import io.aded.store.ProcessEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** By curves that are given; passes are timed in one test. */
final class ModelFormatsTest {
    @TempDir
    Path directory;

    private final LlamaLibrary library = LlamaLibrary.bundled();
    private final List<String> notes = new ArrayList<>();
    private final HostListener listener = new HostListener() {
        @Override
        public void note(String line) {
            notes.add(line);
        }
    };
    private Path model = Path.of("");

    @BeforeEach
    void write() throws IOException {
        Path vocabulary = directory.resolve("vocabulary.gguf");
        BuiltInModel.write(vocabulary);
        model = directory.resolve("small.gguf");
        SyntheticModel.Shape shape = new SyntheticModel.Shape("small", 1, 64, 2, 1, 64, 0, 256, 10_000f);
        SyntheticModel.write(shape, SyntheticFormat.Q4_0, 1, vocabulary, model, (_, _) -> {});
    }

    private HostConfiguration configuration(FormatWish wish) {
        return HostConfiguration.DEFAULT
                .withModel(ModelConfiguration.of(model.toString())
                        .withNatives(Path.of("bundled"))
                        .withFormat(wish))
                .withContext(ContextConfiguration.DEFAULT.withContext(256))
                .withEnvironment(new ProcessEnvironment(Map.of(), directory, directory));
    }

    /** Of the file and of Q8_0: milliseconds of a pass of any width. */
    private static FormatChoice costing(double asItIs, double eightBits) {
        return new FormatChoice(List.of(
                new MeasuredFormat("Q4_0", null, 1, passes(asItIs)),
                new MeasuredFormat("Q8_0", Quantization.Q8_0, 2, passes(eightBits))));
    }

    private static double[] passes(double millis) {
        return IntStream.range(0, 65).mapToDouble(n -> n * millis * 1e6).toArray();
    }

    private String loaded(FormatWish wish) {
        try (LocalModel local = LocalModel.load(configuration(wish), listener)) {
            return local.model().info().quantization();
        }
    }

    @Test
    void load_auto_takesTheFormatWhosePassesWereFoundFastestAndSaysWhy() {
        ModelFormats formats = new ModelFormats(configuration(FormatWish.AUTO), listener);
        assertThat(formats.hasChoice(model)).isTrue();

        formats.keep(library, model, costing(10, 5));
        assertThat(loaded(FormatWish.AUTO)).isEqualTo("Q8_0");
        assertThat(notes)
                .anySatisfy(note -> assertThat(note)
                        .startsWith("Format: Q8_0, the fastest here: 200 tokens/s plain")
                        .contains("Q4_0: 100 tokens/s plain"));

        formats.keep(library, model, costing(5, 10));
        assertThat(loaded(FormatWish.AUTO)).isEqualTo("Q4_0");
        assertThat(notes).noneSatisfy(note -> assertThat(note).contains("Measuring"));
    }

    @Test
    void load_namedFormatOrUsual_whateverWasMeasured() {
        new ModelFormats(configuration(FormatWish.AUTO), listener).keep(library, model, costing(10, 5));

        assertThat(loaded(FormatWish.NONE)).isEqualTo("Q4_0");
        assertThat(loaded(FormatWish.USUAL)).isEqualTo("Q4_0");
        new ModelFormats(configuration(FormatWish.AUTO), listener).keep(library, model, costing(5, 10));
        assertThat(loaded(FormatWish.Q8_0)).isEqualTo("Q8_0");
    }

    @Test
    void load_formatThatWasMeasured_startsWithItsPrices() {
        new ModelFormats(configuration(FormatWish.AUTO), listener).keep(library, model, costing(10, 5));
        assertThat(earlierCosts(FormatWish.NONE)).isEqualTo(passes(10));
        assertThat(earlierCosts(FormatWish.AUTO)).isEqualTo(passes(5));
        assertThat(earlierCosts(FormatWish.Q4_0)).as("never measured").isNull();
    }

    private double @Nullable [] earlierCosts(FormatWish wish) {
        try (LocalModel local = LocalModel.load(configuration(wish), listener)) {
            PassCosts costs = local.options().earlierCosts();
            return costs == null ? null : costs.nanos();
        }
    }

    @Test
    void load_formatsWithK_areWrittenAndLoaded() throws IOException {
        Path wide = wide(SyntheticFormat.F16);
        model = wide;
        assertThat(loaded(FormatWish.Q4_K_M)).isEqualTo("Q4_K");
        assertThat(loaded(FormatWish.Q6_K)).isEqualTo("Q6_K");
        assertThat(notes).anySatisfy(note -> assertThat(note).startsWith("writing wide.gguf as Q4_K_M to "));
    }

    @Test
    void candidates_byWhatTheFileIs() throws IOException {
        GgufFile eightBits = GgufFile.read(wide(SyntheticFormat.Q8_0));
        assertThat(FormatChoice.finer(eightBits)).isEmpty();
        assertThat(FormatChoice.all(eightBits))
                .containsExactly(Quantization.Q6_K, Quantization.Q4_K_M, Quantization.Q4_0);
        assertThat(FormatChoice.beside(eightBits, FormatChoice.Extent.QUICK)).containsExactly(Quantization.Q4_0);

        // Its rows are too short for the formats with a K.
        assertThat(FormatChoice.finer(GgufFile.read(model))).containsExactly(Quantization.Q8_0);
    }

    private Path wide(SyntheticFormat format) throws IOException {
        Path file = directory.resolve("wide.gguf");
        SyntheticModel.Shape shape = new SyntheticModel.Shape("wide", 4, 256, 4, 2, 512, 0, 256, 10_000f);
        SyntheticModel.write(shape, format, 1, directory.resolve("vocabulary.gguf"), file, (_, _) -> {});
        return file;
    }

    @Test
    void lower_twoFindings_widthByWidth() {
        assertThat(ModelFormats.lower(new double[] {0, 10, 22, 30}, new double[] {0, 11, 20}))
                .containsExactly(0, 10, 20);
    }

    @Test
    void keptOrMeasured_aFileOfTheUsers_isToldOfAndLeavesNothingBehind() throws IOException {
        HostConfiguration oneThread =
                configuration(FormatWish.USUAL).withContext(ContextConfiguration.DEFAULT.withThreads(1));
        ModelFormats formats = new ModelFormats(oneThread, listener);

        FormatChoice found = formats.keptOrMeasured(library, model, FormatChoice.Extent.QUICK);

        assertThat(found.formats()).extracting(MeasuredFormat::name).containsExactly("Q4_0", "Q8_0", "Q4_0");
        try (var files = Files.list(directory.resolve(".cache/aded/requantized"))) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())))
                    .noneMatch(file -> file.endsWith(".gguf"))
                    .anyMatch(file -> file.endsWith(".json"));
        }
        notes.clear();
        assertThat(formats.keptOrMeasured(library, model, FormatChoice.Extent.QUICK)
                        .formats())
                .extracting(MeasuredFormat::bytes)
                .isEqualTo(found.formats().stream().map(MeasuredFormat::bytes).toList());
        assertThat(notes).isEmpty();
    }

    @Test
    void measure_formatsThatAreNamed_areMeasuredAndNotKept() {
        ModelFormats formats = new ModelFormats(configuration(FormatWish.AUTO), listener);
        FormatChoice found = formats.measure(library, model, List.of(Quantization.Q6_K, Quantization.Q4_K_M));
        formats.tidy(found);

        assertThat(found.formats()).extracting(MeasuredFormat::name).containsExactly("Q4_0", "Q6_K", "Q4_K_M");
        assertThat(formats.kept(library, model)).isEmpty();
        assertThat(notes)
                .contains("Timing how long passes of 1 to 64 tokens take in Q6_K, turn 1 of 2")
                .noneMatch(note -> note.contains("3 of 3"));
    }

    @Test
    void timing_turnsThatCloseFormatsNeed_sayWhyTheyAre() {
        assertThat(ModelFormats.timing("Q8_0", 1))
                .isEqualTo("Timing how long passes of 1 to 64 tokens take in Q8_0, turn 2 of 2");
        assertThat(ModelFormats.timing("Q8_0", 2))
                .isEqualTo(
                        "Timing how long passes of 1 to 64 tokens take in Q8_0 once more, since two formats are close:"
                                + " turn 3 of at most 4");
    }

    @Test
    void kept_otherThreadsOrOtherFileOrDamaged_nothing() throws IOException {
        ModelFormats formats = new ModelFormats(configuration(FormatWish.AUTO), listener);
        formats.keep(library, model, costing(10, 5));
        assertThat(formats.kept(library, model)).isPresent();

        HostConfiguration oneThread =
                configuration(FormatWish.AUTO).withContext(ContextConfiguration.DEFAULT.withThreads(1));
        assertThat(new ModelFormats(oneThread, listener).kept(library, model)).isEmpty();

        try (var files = Files.list(directory.resolve(".cache/aded/requantized"))) {
            for (Path findings :
                    files.filter(file -> file.toString().endsWith(".json")).toList()) {
                String whole = Files.readString(findings);
                for (String damaged : List.of(
                        "{\"library\": 7",
                        priced(whole, "0"),
                        priced(whole, "0,0"),
                        priced(whole, "0,1e6,-1"),
                        priced(whole, "0,\"NaN\""),
                        priced(whole, "0,1e6,1e999"),
                        priced(whole, "0,null"))) {
                    assertThat(damaged).isNotEqualTo(whole);
                    Files.writeString(findings, damaged);
                    assertThat(formats.kept(library, model)).isEmpty();
                }
            }
        }

        formats.keep(library, model, costing(10, 5));
        Files.write(model, new byte[1], StandardOpenOption.APPEND);
        assertThat(formats.kept(library, model)).isEmpty();
    }

    private static String priced(String findings, String nanos) {
        return findings.replaceAll("\"passNanos\":\\[[^]]*]", "\"passNanos\":[" + nanos + "]");
    }
}
