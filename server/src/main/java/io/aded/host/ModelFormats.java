package io.aded.host;

import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.PassCosts;
import io.aded.gguf.GgufFile;
import io.aded.gguf.Quantization;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.model.AdedException;
import io.aded.store.FileLease;
import io.aded.store.FileSums;
import io.aded.store.WritableFile;
import io.aded.telemetry.EngineTelemetry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The formats that a model can be had in on this machine, measured once and kept in the user's cache, beside the files
 * that were written for it. Another library, other processors or another file are measured anew.
 */
public final class ModelFormats {
    /** What is measured beyond this is of no account to the choice. */
    private static final int WIDEST = 64;

    private static final int CELLS = 1024;

    /** For one format, each time: its passes are timed for so long at most. */
    private static final Duration LONGEST_TIMING = Duration.ofSeconds(8);

    /** Formats are timed by turns, so that a neighbour who is busy for a while does not meet one of them alone. */
    private static final int TURNS = 2;

    /** Where two formats are close, those that may be chosen are timed more often. */
    private static final int MOST_TURNS = 4;

    private final HostConfiguration configuration;
    private final HostListener listener;
    private final RequantizedModels requantized;
    private final Map<Path, Quantization> written = new LinkedHashMap<>();

    /** What is kept: whose prices they are, and the prices. */
    private record Kept(String library, int processors, int threads, List<MeasuredFormat> formats) {
        /** Refuses what was not written here. */
        Kept {
            Objects.requireNonNull(library);
            formats = new FormatChoice(formats).formats();
        }
    }

    /** A file that may be the fastest. */
    private record Candidate(String name, @Nullable Quantization format, GgufFile header) {}

    /** Keeps its findings in the cache of the configuration's environment. */
    public ModelFormats(HostConfiguration configuration, HostListener listener) {
        this.configuration = configuration;
        this.listener = listener;
        requantized = new RequantizedModels(configuration.environment().cacheDirectory());
    }

    /** What was found earlier on this machine with this library; nothing if that was never measured. */
    public Optional<FormatChoice> kept(LlamaLibrary library, Path model) {
        Kept kept = read(requantized.findings(model));
        return kept != null
                        && kept.library().equals(nameOf(library))
                        && kept.processors() == Runtime.getRuntime().availableProcessors()
                        && kept.threads() == configuration.context().threads()
                ? Optional.of(new FormatChoice(kept.formats()))
                : Optional.empty();
    }

    /** What passes in a format were found to cost, as {@link #kept}; null if that was never measured. */
    @Nullable
    PassCosts costs(LlamaLibrary library, Path model, @Nullable Quantization format) {
        return kept(library, model).stream()
                .flatMap(choice -> choice.formats().stream())
                .filter(measured -> measured.requantized() == format)
                .map(measured -> PassCosts.ofAll(measured.passNanos()))
                .findFirst()
                .orElse(null);
    }

    /** Whether there is any format to choose beside the file as it is. */
    public boolean hasChoice(Path model) {
        return !FormatChoice.finer(GgufFile.readModel(model)).isEmpty();
    }

    /** What the configuration wishes, never {@code USUAL}. */
    ModelConfiguration.FormatWish wish() {
        ModelConfiguration wanted = configuration.model();
        if (wanted.format() != ModelConfiguration.FormatWish.USUAL) {
            return wanted.format();
        }
        return ModelFiles.isOfCatalogue(wanted)
                ? ModelConfiguration.FormatWish.AUTO
                : ModelConfiguration.FormatWish.NONE;
    }

    /**
     * What was found earlier, or is found now; takes as long as {@link #measure}. Files that were written for it are
     * removed, but for the one to be used.
     *
     * @param extent what is measured if nothing was found earlier
     */
    public FormatChoice keptOrMeasured(LlamaLibrary library, Path model, FormatChoice.Extent extent) {
        Path findings = requantized.findings(model);
        try (FileLease _ = FileLease.acquire(
                findings.resolveSibling(findings.getFileName() + ".lock"),
                () -> listener.note("another process measures the formats of this model; waiting for that"))) {
            Optional<FormatChoice> known = kept(library, model);
            if (known.isPresent()) {
                return known.get();
            }
            FormatChoice choice = measure(library, model, extent);
            tidy(choice);
            return choice;
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "NOT_MEASURED", "cannot write to " + findings.getParent() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Writes the model in each format worth it, times the passes of each, and keeps what was found. Takes a quarter of
     * a minute a format at most, twice that where two are close, and the writing. The files stay until {@link #tidy}.
     *
     * @throws AdedException.InvalidArtifact if the file cannot be used
     */
    public FormatChoice measure(LlamaLibrary library, Path model, FormatChoice.Extent extent) {
        WritableFile.require(requantized.findings(model), "what the formats cost");
        FormatChoice choice = measure(library, model, FormatChoice.beside(GgufFile.readModel(model), extent));
        keep(library, model, choice);
        return choice;
    }

    /**
     * The same of formats that are named, whatever their size; it is not kept, since a choice needs those that may be
     * chosen.
     *
     * @throws AdedException.InvalidArtifact if the file cannot be used
     */
    public FormatChoice measure(LlamaLibrary library, Path model, List<Quantization> others) {
        GgufFile header = GgufFile.readModel(model);
        if (!others.isEmpty()) {
            listener.note("Measuring once which format of " + model.getFileName() + " is the fastest on this machine: "
                    + header.quantization() + " as it is, or written as "
                    + String.join(" or ", others.stream().map(Enum::toString).toList())
                    + ". Takes a minute or two.");
        }
        List<Candidate> candidates = new ArrayList<>();
        candidates.add(new Candidate(header.quantization(), null, header));
        for (Quantization format : others) {
            boolean there = requantized.isThere(model, format);
            try {
                Path file = requantized.find(library, model, format, listener);
                candidates.add(new Candidate(format.name(), format, GgufFile.readModel(file)));
                if (!there) {
                    written.put(file, format);
                }
            } catch (AdedException.InvalidArtifact | AdedException.ResourceExhausted e) {
                listener.note("It cannot be written as " + format + ": " + e.getMessage());
            }
        }
        return timed(library, candidates);
    }

    /** Removes the files that this wrote, but for the one that the choice says, where models are used by the choice. */
    public void tidy(FormatChoice choice) {
        Quantization best = choice.best().requantized();
        written.forEach((file, format) -> {
            if (wish() != ModelConfiguration.FormatWish.AUTO || format != best) {
                remove(file);
            }
        });
        written.clear();
    }

    private FormatChoice timed(LlamaLibrary library, List<Candidate> candidates) {
        double[][] least = new double[candidates.size()][];
        FormatChoice found = null;
        for (int turn = 0; turn < MOST_TURNS && (turn < TURNS || found != null && found.isClose()); turn++) {
            FormatChoice before = found;
            for (int i = 0; i < least.length; i++) {
                Candidate candidate = candidates.get(i);
                if (before != null
                        && turn >= TURNS
                        && !before.keepsAnswers(before.formats().get(i))) {
                    continue;
                }
                listener.note(timing(candidate.name(), turn));
                double[] nanos = passNanos(library, candidate.header());
                least[i] = turn == 0 ? nanos : lower(least[i], nanos);
            }
            List<MeasuredFormat> measured = new ArrayList<>();
            for (int i = 0; i < least.length; i++) {
                Candidate candidate = candidates.get(i);
                measured.add(new MeasuredFormat(
                        candidate.name(), candidate.format(), candidate.header().size(), least[i]));
            }
            found = new FormatChoice(measured);
        }
        return Objects.requireNonNull(found);
    }

    /** What is done now, in words. */
    static String timing(String format, int turn) {
        return "Timing how long passes of 1 to " + WIDEST + " tokens take in " + format
                + (turn < TURNS
                        ? ", turn " + (turn + 1) + " of " + TURNS
                        : " once more, since two formats are close: turn " + (turn + 1) + " of at most " + MOST_TURNS);
    }

    /** Width by width the lower of two prices: noise only adds. */
    static double[] lower(double[] a, double[] b) {
        double[] lower = new double[Math.min(a.length, b.length)];
        Arrays.setAll(lower, n -> Math.min(a[n], b[n]));
        return lower;
    }

    /** The file to load for a choice. */
    Path file(LlamaLibrary library, Path model, @Nullable Quantization format) {
        return format == null ? model : requantized.find(library, model, format, listener);
    }

    private double[] passNanos(LlamaLibrary library, GgufFile header) {
        EngineOptions usual = configuration.context().engineOptions(header, DraftPolicy.OFF);
        // Wider passes would be timed as well if they were possible, and they take long.
        EngineOptions options = usual.withContext(usual.context()
                .withCells(Math.min(CELLS, usual.context().cells()))
                .withMaxBatchTokens(Math.min(WIDEST, usual.context().maxBatchTokens())));
        try (LlamaModel weights = LocalModel.loadWeights(
                        library, header.path(), configuration.model().parameters(), listener);
                Engine engine = Engine.start(weights, options, EngineTelemetry.NONE)) {
            engine.awaitCalibration(LONGEST_TIMING);
            double[] all = engine.passCosts().nanos();
            return Arrays.copyOf(all, Math.min(all.length, WIDEST + 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AdedException.Cancelled("interrupted while formats were measured");
        }
    }

    /** Builds of one version may be for other devices. */
    private static String nameOf(LlamaLibrary library) {
        return library.description() + ", " + library.path();
    }

    private static @Nullable Kept read(Path file) {
        try {
            return Files.isRegularFile(file) ? JsonMapper.shared().readValue(file.toFile(), Kept.class) : null;
        } catch (JacksonException | IllegalArgumentException damaged) {
            return null; // it is measured and written again
        }
    }

    /** Has the choice found by {@link #kept} from now on. */
    void keep(LlamaLibrary library, Path model, FormatChoice choice) {
        Kept kept = new Kept(
                nameOf(library),
                Runtime.getRuntime().availableProcessors(),
                configuration.context().threads(),
                choice.formats());
        Path file = requantized.findings(model);
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.createDirectories(Objects.requireNonNull(file.toAbsolutePath().getParent()));
            Files.writeString(part, JsonMapper.shared().writeValueAsString(kept));
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("NOT_MEASURED", "cannot write " + file, e);
        }
    }

    private static void remove(Path file) {
        try {
            FileSums.delete(file);
        } catch (IOException e) {
            // It stays, and is of use to whoever asks for that format by name.
        }
    }
}
