package io.aded.host;

import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.gguf.GgufFile;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.store.FileLease;
import io.aded.store.FileSums;
import io.aded.store.WritableFile;
import io.aded.telemetry.EngineTelemetry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Chooses the layers that a copy of a model goes without, by what copies guess of the model's own greedy answers and by
 * what passes cost on this machine. The finding is kept beside the copies; another library, or another model file, is
 * searched for anew. One model is in memory at a time.
 */
public final class SkipChooser {
    /** What the model is asked: each kind of text that answers are made of. */
    private static final List<String> PROMPTS = List.of(
            "Explain in simple words why the sky is blue.",
            "Write a Python function that returns the n-th Fibonacci number, and explain it.",
            "Summarise the story of Romeo and Juliet in three sentences.",
            "A train travels 60 miles in 1.5 hours. What is its average speed? Show your steps.",
            "Translate into German: The weather is fine today, and we are going for a walk.",
            "List five ways to save energy at home.");

    private static final int ANSWER_TOKENS = 48;
    private static final int CELLS = 512;

    /** For one file: its passes are timed for so long at most. */
    private static final Duration LONGEST_TIMING = Duration.ofSeconds(6);

    private static final int TURNS = 2;

    private static final int LEAST_LAYERS = 3;

    private final HostConfiguration configuration;
    private final HostListener listener;
    private final Pricing pricing;
    private final Path directory;
    private final Path trials;

    /** Says what the passes of a loaded model cost. */
    @FunctionalInterface
    interface Pricing {
        /** Nanoseconds by tokens; element 0 does not count. */
        double[] passNanos(LlamaModel model);
    }

    /** What the model said: the tokens of a prompt and of its answer. */
    private record Recorded(int[] tokens, int prompt) {}

    /** What is kept: the library that the prices are of, and what was found. */
    private record Kept(String library, SkipSearch.Finding finding) {
        /** Refuses what was not written here. */
        Kept {
            Objects.requireNonNull(library);
            Objects.requireNonNull(finding.layers());
        }
    }

    /** Keeps its findings in the cache of the configuration's environment. */
    public SkipChooser(HostConfiguration configuration, HostListener listener) {
        this(configuration, listener, model -> timed(configuration, model));
    }

    SkipChooser(HostConfiguration configuration, HostListener listener, Pricing pricing) {
        this.configuration = configuration;
        this.listener = listener;
        this.pricing = pricing;
        directory = configuration.environment().cacheDirectory().resolve("derived");
        trials = directory.resolve("trials");
    }

    /**
     * What was found earlier, or is found now, which takes some minutes for a model of a thousand million weights.
     *
     * @param format what the matrices become; null for what they are
     * @return the layers to skip; none where a copy with all of them does best
     * @throws AdedException.InvalidRequest if the model cannot go without layers
     */
    public SkippedLayers choose(LlamaLibrary library, Path model, @Nullable Quantization format) {
        GgufFile header = GgufFile.read(model);
        header.requireModel();
        int layers = (int) header.integer(header.architecture() + ".block_count", 0);
        if (layers < LEAST_LAYERS) {
            throw new AdedException.InvalidRequest(
                    "skip", "finds nothing in a model of " + layers + " layers; at least 3 are needed");
        }
        SkippedLayers.of(List.of(1)).require(header);
        DerivedModels copies = new DerivedModels(configuration.environment());
        Path findings = copies.beside(model, format, "-skip.json");
        String builder = library.description() + ", " + library.path();
        Kept kept = read(findings);
        if (kept == null || !kept.library().equals(builder)) {
            WritableFile.require(findings, "the finding");
            // Trials are of use to nobody but who holds the lease: what others have left, as they were killed, goes.
            try (FileLease _ = FileLease.acquire(
                    trials.resolve("searching.lock"),
                    () -> listener.note("another process searches for layers to skip; waiting for that"))) {
                DerivedModels.sweep(trials, ".gguf");
                DerivedModels.sweep(trials, ".gguf.part");
                kept = read(findings);
                if (kept == null || !kept.library().equals(builder)) {
                    listener.note("Searching once for the layers that a copy of " + model.getFileName()
                            + " drafts best without: some eight copies are tried.");
                    kept = new Kept(builder, search(library, model, format, layers, copies));
                    keep(findings, kept);
                }
            } catch (IOException e) {
                throw new AdedException.InvalidArtifact(
                        "NOT_DERIVED", "cannot write to " + trials + ": " + e.getMessage(), e);
            }
        }
        listener.note(described(kept.finding()));
        return kept.finding().skipped();
    }

    private static String described(SkipSearch.Finding finding) {
        return String.format(
                Locale.ROOT,
                "%s: the copy guesses %.0f %% of the model's tokens, each in %.2f of the time that the model takes for"
                        + " one, so drafting with it alone is about %.2f times as fast as plain decoding here%s.",
                finding.layers().isEmpty() ? "All layers stay" : "Without layers " + finding.layers(),
                100 * finding.acceptance(),
                finding.cost(),
                finding.speedUp(),
                finding.speedUp() < 1 ? ": it does not pay" : "");
    }

    private SkipSearch.Finding search(
            LlamaLibrary library, Path model, @Nullable Quantization format, int layers, DerivedModels copies)
            throws IOException {
        if (format == null) {
            return search(library, model, null, model, layers);
        }
        DerivedModels.Request request = new DerivedModels.Request(model, format, SkippedLayers.NONE, null);
        boolean there = copies.isThere(request);
        Path whole = copies.find(library, request, listener);
        SkipSearch.Finding finding = search(library, model, format, whole, layers);
        if (!there && !finding.layers().isEmpty()) {
            FileSums.delete(whole); // it was written for the search alone
        }
        return finding;
    }

    private SkipSearch.Finding search(
            LlamaLibrary library, Path model, @Nullable Quantization format, Path whole, int layers) {
        List<Recorded> recorded = List.of();
        double[] ofModel = {};
        double ofWhole = Double.POSITIVE_INFINITY;
        // By turns, so that a neighbour who is busy for a while does not meet one of them alone; noise only adds.
        for (int turn = 0; turn < TURNS; turn++) {
            try (LlamaModel target = load(library, model)) {
                double[] nanos = pricing.passNanos(target);
                ofModel = turn == 0 || nanos[1] < ofModel[1] ? nanos : ofModel;
                recorded = turn == 0 ? record(target) : recorded;
            }
            if (format != null) {
                try (LlamaModel draft = load(library, whole)) {
                    ofWhole = Math.min(ofWhole, pricing.passNanos(draft)[1]);
                }
            }
        }
        List<Recorded> answers = recorded;
        double cost = format == null ? 1 : ofWhole / ofModel[1];
        return new SkipSearch(layers, ofModel, format != null).best(skipped -> {
            SkipSearch.Outcome outcome = tried(library, whole, skipped, answers, cost);
            listener.note(String.format(
                    Locale.ROOT,
                    "  %s: guesses %.1f %% of the tokens, each in %.2f of the model's time for one",
                    skipped.isEmpty() ? "with all layers" : "without layers " + skipped,
                    100 * outcome.acceptance(),
                    outcome.cost()));
            return outcome;
        });
    }

    /** What a copy of {@code whole}, a pass of which costs so much, guesses without some layers. */
    private SkipSearch.Outcome tried(
            LlamaLibrary library, Path whole, SkippedLayers skipped, List<Recorded> recorded, double cost) {
        Path file = skipped.isEmpty() ? whole : trials.resolve("trial.gguf");
        try {
            if (!skipped.isEmpty()) {
                LlamaModel.copy(library, whole, file, new ModelCopy(null, skipped, Map.of()), share -> {});
            }
            try (LlamaModel draft = load(library, file)) {
                double share = bytesOfAPass(draft.file()) / bytesOfAPass(GgufFile.read(whole));
                return new SkipSearch.Outcome(acceptance(draft, recorded), cost * share);
            } finally {
                if (!skipped.isEmpty()) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "NOT_DERIVED", "cannot write to " + trials + ": " + e.getMessage(), e);
        }
    }

    /**
     * The weights that a pass reads, which is what it takes its time for: a layer more or less costs its share of them.
     * Of the embedding it reads one row, unless that is the output, too.
     */
    private static double bytesOfAPass(GgufFile model) {
        boolean hasOutput =
                model.tensors().stream().anyMatch(tensor -> tensor.name().equals("output.weight"));
        return model.tensors().stream()
                .filter(tensor -> !hasOutput || !tensor.name().equals("token_embd.weight"))
                .mapToDouble(GgufFile.Tensor::bytes)
                .sum();
    }

    private LlamaModel load(LlamaLibrary library, Path file) {
        return LocalModel.loadWeights(library, file, configuration.model().parameters(), HostListener.NONE);
    }

    private TargetContext context(LlamaModel model) {
        return model.newContext(ContextParameters.ofCells(CELLS)
                .withThreads(configuration.context().threads()));
    }

    /** The model's own greedy answers. */
    private List<Recorded> record(LlamaModel model) {
        List<Recorded> recorded = new ArrayList<>();
        TokenBatch batch = new TokenBatch();
        try (TargetContext context = context(model)) {
            for (String prompt : PROMPTS) {
                String text = model.chatTemplate()
                        .render(List.of(new ChatMessage("user", prompt)), true)
                        .text();
                int[] begin = model.vocabulary().tokenize(text, true, true);
                int[] tokens = Arrays.copyOf(begin, Math.min(begin.length, CELLS / 2) + ANSWER_TOKENS);
                int at = tokens.length - ANSWER_TOKENS;
                int asked = at;
                context.clear();
                batch.clear();
                for (int i = 0; i < at; i++) {
                    batch.add(tokens[i], i, 0, i == at - 1);
                }
                decode(context, batch);
                while (at < tokens.length) {
                    int next = context.bestToken(batch.size() - 1);
                    if (next < 0 || model.vocabulary().endsGeneration(next)) {
                        break;
                    }
                    tokens[at] = next;
                    batch.clear();
                    batch.add(next, at++, 0, true);
                    decode(context, batch);
                }
                recorded.add(new Recorded(Arrays.copyOf(tokens, at), asked));
            }
        }
        return recorded;
    }

    /** The share of the recorded answers' tokens that a copy guesses when it is told all that came before. */
    private double acceptance(LlamaModel draft, List<Recorded> recorded) {
        long guessed = 0;
        long all = 0;
        TokenBatch batch = new TokenBatch();
        try (TargetContext context = context(draft)) {
            for (Recorded answer : recorded) {
                context.clear();
                batch.clear();
                int last = answer.tokens().length - 1;
                for (int i = 0; i < last; i++) {
                    batch.add(answer.tokens()[i], i, 0, i >= answer.prompt() - 1);
                }
                if (last < answer.prompt()) {
                    continue; // nothing was said
                }
                decode(context, batch);
                for (int i = answer.prompt() - 1; i < last; i++) {
                    guessed += context.bestToken(i) == answer.tokens()[i + 1] ? 1 : 0;
                    all++;
                }
            }
        }
        return all == 0 ? 0 : (double) guessed / all;
    }

    private static void decode(TargetContext context, TokenBatch batch) {
        if (context.decode(batch) != DecodeOutcome.DECODED) {
            throw new AdedException.Internal("NOT_DECODED", "a pass that should have fitted did not", null);
        }
    }

    private static double[] timed(HostConfiguration configuration, LlamaModel model) {
        EngineOptions usual = configuration.context().engineOptions(model.file(), DraftPolicy.OFF);
        EngineOptions options = usual.withContext(
                usual.context().withCells(Math.min(2 * CELLS, usual.context().cells())));
        try (Engine engine = Engine.start(model, options, EngineTelemetry.NONE)) {
            engine.awaitCalibration(LONGEST_TIMING);
            return engine.passCosts().nanos();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AdedException.Cancelled("interrupted while passes were timed");
        }
    }

    private static @Nullable Kept read(Path file) {
        try {
            return Files.isRegularFile(file) ? JsonMapper.shared().readValue(file.toFile(), Kept.class) : null;
        } catch (JacksonException | NullPointerException damaged) {
            return null; // it is searched for and written again
        }
    }

    private void keep(Path file, Kept kept) {
        try {
            Files.createDirectories(directory);
            Files.writeString(file, JsonMapper.shared().writeValueAsString(kept));
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("NOT_DERIVED", "cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
