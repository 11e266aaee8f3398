package io.aded.host;

import io.aded.draft.neural.DraftContexts;
import io.aded.gguf.GgufFile;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.gguf.VocabularyRule;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.MemoryPlan;
import io.aded.llama.ModelParameters;
import io.aded.model.AdedException;
import io.aded.model.CellCopier;
import io.aded.model.ContextParameters;
import io.aded.model.FieldViolation;
import io.aded.model.TargetContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A loaded model that drafts, and its contexts, one for each engine. They are opened before anything is served, so that
 * what is missing is found out then, and stay until all is closed.
 */
final class LocalDraft implements AutoCloseable {
    /** With so many sequence ids none is left to hand cells over by. */
    private static final int MOST_SHARING = ContextConfiguration.MOST_SEQUENCES;

    private final Found found;
    private final LlamaModel model;
    private final List<LentContext> contexts = new ArrayList<>();

    private LocalDraft(Found found, LlamaModel model) {
        this.found = found;
        this.model = model;
    }

    /**
     * A file that may draft.
     *
     * @param header its own
     * @param name what it is called in messages
     * @param common how many token ids it shares with the target
     * @param copy the layers of the target that it goes without if it is a copy of the target whose cells it can take
     *     over; null if it is none
     * @param own whether it is made of the target's weights
     */
    record Found(
            GgufFile header,
            String name,
            int common,
            @Nullable SkippedLayers copy,
            boolean own) {}

    /**
     * Finds the file, which may have to be fetched or written first, and sees whether it can draft for the target.
     *
     * @param target the header of the file that is served
     * @throws AdedException.NotFound if there is no such model
     * @throws AdedException.InvalidArtifact if it cannot be used, or has another vocabulary
     */
    static Found find(
            LlamaLibrary library,
            GgufFile target,
            HostConfiguration configuration,
            DraftModelConfiguration wanted,
            HostListener listener) {
        DerivedModels derived = new DerivedModels(configuration.environment());
        Path file = switch (wanted.source()) {
            case DraftModelConfiguration.Named named -> named(configuration, named, listener);
            case DraftModelConfiguration.Copy copy -> copy(library, target, configuration, copy, listener);
        };
        derived.requireIntact(file);
        String name = ModelFiles.nameOf(
                ModelConfiguration.of(
                        wanted.source() instanceof DraftModelConfiguration.Named(String model)
                                ? model
                                : file.toString()),
                file);
        GgufFile header = LocalModel.requireUsable(library, file, configuration, listener);
        int common = VocabularyRule.require(target, header);
        SkippedLayers copied = copied(derived, target, header);
        boolean own = copied != null || wanted.source() instanceof DraftModelConfiguration.Copy;
        return new Found(header, name, common, copied, own);
    }

    /**
     * Looks at a file that is to draft before the model that it drafts for is fetched or loaded.
     *
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if it is no model
     */
    static void requireThere(HostConfiguration configuration, HostListener listener) {
        DraftModelConfiguration wanted = configuration.draftModel();
        if (wanted != null && wanted.source() instanceof DraftModelConfiguration.Named(String model)) {
            asDraft(() -> {
                new ModelFiles(configuration.environment(), listener).requireThere(ModelConfiguration.of(model));
                return null;
            });
        }
    }

    private static Path named(
            HostConfiguration configuration, DraftModelConfiguration.Named named, HostListener listener) {
        return asDraft(
                () -> new ModelFiles(configuration.environment(), listener).find(ModelConfiguration.of(named.model())));
    }

    /** What is said of a file, said of the draft model. */
    private static <T extends @Nullable Path> T asDraft(Supplier<T> finding) {
        try {
            return finding.get();
        } catch (AdedException.NotFound e) {
            throw new AdedException.NotFound("DRAFT_MODEL_NOT_FOUND", "the draft model: " + e.getMessage());
        } catch (AdedException.InvalidRequest e) {
            throw as("draft_model", e);
        }
    }

    private static Path copy(
            LlamaLibrary library,
            GgufFile target,
            HostConfiguration configuration,
            DraftModelConfiguration.Copy copy,
            HostListener listener) {
        Quantization format = copy.format();
        try {
            SkippedLayers skipped = copy.skipped();
            if (skipped == null) {
                skipped = new SkipChooser(configuration, listener).choose(library, target.path(), format);
                if (skipped.isEmpty() && !isCheaper(target, format)) {
                    throw new AdedException.InvalidArtifact(
                            "NO_SELF_DRAFT", "no layers were found that " + target.path() + " can draft without");
                }
            }
            if (skipped.isEmpty() && !isCheaper(target, format)) {
                throw new AdedException.InvalidRequest(
                        "draft_self",
                        "would be a copy in " + format + " of a model in " + target.quantization()
                                + ", which is no cheaper and so gains nothing; allowed: a coarser format, or layers to"
                                + " leave out");
            }
            return new DerivedModels(configuration.environment())
                    .find(library, new DerivedModels.Request(target.path(), format, skipped, null), listener);
        } catch (AdedException.InvalidRequest e) {
            throw as("draft_self", e);
        }
    }

    private static boolean isCheaper(GgufFile target, @Nullable Quantization format) {
        return format != null && DerivedModels.isCheaper(target, ModelCopy.of(format));
    }

    /** Other rooms say what is wrong by their own names for it; the user has said one thing. */
    private static AdedException.InvalidRequest as(String field, AdedException.InvalidRequest wrong) {
        return new AdedException.InvalidRequest(
                wrong.violations().stream()
                        .map(each -> new FieldViolation(field, each.description()))
                        .toList(),
                wrong.leftOut());
    }

    /**
     * The layers that a copy of the target skips; null if it is no copy, or one whose cells differ from the target's.
     */
    private static @Nullable SkippedLayers copied(DerivedModels derived, GgufFile target, GgufFile draft) {
        // Layers with a window have a cache of another length in newer libraries.
        if (target.integer(target.architecture() + ".attention.sliding_window", 0) > 0) {
            return null;
        }
        try {
            if (Files.isSameFile(target.path(), draft.path())) {
                return SkippedLayers.NONE;
            }
        } catch (IOException e) {
            return null;
        }
        String source = draft.string(DerivedModels.SOURCE);
        String skipped = draft.string(DerivedModels.SKIPPED);
        if (source == null || skipped == null || !source.equals(derived.checksum(target.path()))) {
            return null;
        }
        return skipped.isEmpty() ? SkippedLayers.NONE : SkippedLayers.parse(skipped);
    }

    /**
     * Loads the weights.
     *
     * @throws AdedException.InvalidArtifact if it is a recurrent or hybrid model
     */
    static LocalDraft load(LlamaLibrary library, Found found, ModelParameters parameters, HostListener listener) {
        LlamaModel model = LocalModel.loadWeights(library, found.header().path(), parameters, listener);
        if (model.info().recurrent()) {
            model.close();
            throw new AdedException.InvalidArtifact(
                    "RECURRENT_DRAFT",
                    found.header().path() + " cannot draft: a recurrent or hybrid model cannot take back what was not"
                            + " accepted");
        }
        return new LocalDraft(found, model);
    }

    /**
     * The target is loaded: says what the draft model will do for it.
     *
     * @return this; null, and closed, if the target cannot be drafted for
     */
    @Nullable
    LocalDraft draftsFor(LlamaModel target, HostListener listener) {
        if (target.info().recurrent()) {
            listener.note("The draft model is not used: " + target.info().name()
                    + " is a recurrent or hybrid model, which cannot take back what was not accepted.");
            close();
            return null;
        }
        if (found.copy() != null) {
            model.declareCopyOf(target, found.copy());
        }
        int trained = model.info().trainedContext();
        if (trained > 0 && trained < target.info().trainedContext()) {
            listener.note(String.format(
                    Locale.ROOT,
                    "The draft model %s was trained on %,d tokens of context, the served one on %,d: beyond that it"
                            + " does not draft.",
                    found.name(),
                    trained,
                    target.info().trainedContext()));
        }
        return this;
    }

    /** Layers and cells of both. */
    static MemoryPlan.Pair plan(
            LlamaLibrary library,
            GgufFile target,
            MemoryPlan.Request request,
            Found draft,
            DraftModelConfiguration wanted) {
        return MemoryPlan.of(
                library,
                target,
                request,
                draft.header(),
                new MemoryPlan.Request(
                        wanted.fitLayers() ? MemoryPlan.AUTO_LAYERS : wanted.gpuLayers(),
                        request.wantedCells(),
                        request.leastCells(),
                        request.contexts(),
                        request.context(),
                        request.model()));
    }

    /**
     * Refuses a draft model for which there is no memory beside the target.
     *
     * @throws AdedException.ResourceExhausted with what it would take
     */
    static void requireMemory(MemoryPlan.Pair plans, Found draft, long available) {
        long target = plans.target().hostBytes();
        long own = plans.draft().hostBytes();
        if (own > 0 && target + own > available) {
            throw AdedException.ResourceExhausted.forGood(
                    "NO_MEMORY_FOR_DRAFT_MODEL",
                    String.format(
                            Locale.ROOT,
                            "there is no memory for the draft model %s: it takes %,.0f MB with its cache, the served"
                                + " model %,.0f MB, and %,.0f MB can be had; name a smaller context or leave it out",
                            draft.name(),
                            own / 1e6,
                            target / 1e6,
                            available / 1e6));
        }
    }

    /**
     * Opens a context for an engine, now. It is freed with this.
     *
     * @throws AdedException.ResourceExhausted if there is no memory for it
     */
    DraftContexts open(ContextParameters parameters) {
        LentContext context;
        try {
            context = new LentContext(model.newContext(parameters));
        } catch (AdedException.ResourceExhausted e) {
            throw AdedException.ResourceExhausted.forGood(
                    "NO_MEMORY_FOR_DRAFT_MODEL",
                    String.format(
                            Locale.ROOT,
                            "there is no memory for %,d cells of the draft model %s: %s; name a smaller context or"
                                    + " leave the draft model out",
                            parameters.cells(),
                            found.name(),
                            e.getMessage()));
        }
        contexts.add(context);
        int trained = model.info().trainedContext() > 0 ? model.info().trainedContext() : Integer.MAX_VALUE;
        DraftContexts lending = target -> {
            TargetContext own = context.lend();
            CellCopier copier = own.copierFrom(target);
            return new DraftContexts.Opened(own, copier, found.common(), Math.min(own.cells(), trained));
        };
        return lending.named(description(parameters).info());
    }

    /** What was asked for; rows that do not suit it have become something finer. */
    private static String format(GgufFile file) {
        String mostly = file.quantization();
        String note = file.string(DerivedModels.FORMAT);
        Quantization asked = note == null ? null : Quantization.named(note);
        if (asked == null) {
            return mostly;
        }
        return asked.matrixType().equals(mostly) ? asked.name() : asked + ", most of it in " + mostly;
    }

    /** What was loaded. */
    DraftDescription description(ContextParameters context) {
        return new DraftDescription(
                found.name(),
                format(found.header()),
                found.header().size(),
                model.info().layers(),
                found.own(),
                found.copy() != null && context.maxSequences() < MOST_SHARING);
    }

    /** Frees everything, once. The engines must have been closed, and the target is closed after this. */
    @Override
    public void close() {
        try {
            contexts.forEach(LentContext::free);
        } finally {
            model.close();
        }
    }
}
