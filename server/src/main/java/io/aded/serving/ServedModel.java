package io.aded.serving;

import io.aded.dialect.AnswerForm;
import io.aded.dialect.Spoken;
import io.aded.draft.DraftModelInfo;
import io.aded.engine.DraftingStatus;
import io.aded.engine.Engine;
import io.aded.engine.EngineStatus;
import io.aded.model.AdedException;
import io.aded.model.ModelInfo;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetModel;
import io.aded.model.Vocabulary;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A model and the engines that decode with it. Both stay the caller's to close. Thread-safe. */
public final class ServedModel {
    private final String name;
    private final List<Engine> engines;
    private final SamplingParameters sampling;
    private final Replicas replicas;

    /**
     * A model that is served.
     *
     * @param name what callers know it by; requests may also use the model's own name
     * @param engines one or more over the same model; each new conversation goes to the least busy
     * @param sampling how tokens are drawn where requests do not say
     */
    public ServedModel(String name, List<Engine> engines, SamplingParameters sampling) {
        this.name = name;
        this.engines = List.copyOf(engines);
        this.sampling = sampling;
        if (this.engines.isEmpty()) {
            throw new IllegalArgumentException("a model is served by at least one engine");
        }
        replicas = new Replicas(this.engines);
    }

    /** One engine, llama.cpp's default sampling, and the model's own name. */
    public static ServedModel of(Engine engine) {
        return new ServedModel(engine.model().info().name(), List.of(engine), SamplingParameters.DEFAULT);
    }

    /** What callers know it by. */
    public String name() {
        return name;
    }

    /** Those that decode with it, one or more. */
    public List<Engine> engines() {
        return engines;
    }

    /** How tokens are drawn where requests do not say. */
    public SamplingParameters sampling() {
        return sampling;
    }

    /** Chooses among the engines. */
    Replicas replicas() {
        return replicas;
    }

    /** The model that the engines share. */
    public TargetModel model() {
        return engines.getFirst().model();
    }

    /** What is loaded, and by what. */
    public ModelInfo info() {
        return model().info();
    }

    /** Whether a request that names a model may mean this one; an empty name means any. */
    public boolean answersTo(String asked) {
        return asked.isEmpty() || asked.equals(name) || asked.equals(info().name());
    }

    /** Checks turns that are for it. */
    public TurnValidator validator() {
        Vocabulary vocabulary = model().vocabulary();
        // Below a MiB it is quicker to count than to guess.
        long mostPromptBytes = Math.max(1L << 20, (long) contextTokens() * vocabulary.longestPiece());
        return new TurnValidator(vocabulary.size(), mostPromptBytes, spoken(), hasDraftModel());
    }

    /** How it calls tools and marks reasoning. */
    public Spoken spoken() {
        return engines.getFirst().spoken();
    }

    /** Whether turns may ask for drafters that draft by a second model. */
    public boolean hasDraftModel() {
        return engines.getFirst().hasDraftModel();
    }

    /** What the model is that turns may be drafted by; null if there is none, or it is not known. */
    public @Nullable DraftModelInfo draftModel() {
        return engines.getFirst().draftModel();
    }

    /** How those drafters fared that choose, and the draft model, over all engines. */
    public DraftingStatus drafting() {
        return engines.stream().map(Engine::drafting).reduce(DraftingStatus.NONE, DraftingStatus::plus);
    }

    /** Tokens that one conversation can hold: neither more than the KV cache nor than the model was trained on. */
    public int contextTokens() {
        int cells = engines.getFirst().options().context().cells();
        int trained = info().trainedContext();
        return trained > 0 ? Math.min(trained, cells) : cells;
    }

    /** Answers that may be written at once, over all engines. */
    public int maxRunning() {
        return engines.stream()
                .mapToInt(engine -> engine.options().maxRunning())
                .sum();
    }

    /** Turns that may wait beside those, over all engines. */
    public int maxWaiting() {
        return engines.stream()
                .mapToInt(engine -> engine.options().maxWaiting())
                .sum();
    }

    /**
     * Compiles the constraint of turns to come, as they would, so that who sets it hears at once what is wrong with it.
     *
     * @throws AdedException.InvalidRequest naming the constraint's field, or that of a tool
     */
    void compile(Generation generation) {
        AnswerForm form = validator().speech().form(generation);
        Constraint constraint = generation.constraint();
        SamplingParameters asked = constraint.over(generation.sampling()).withSeed(0);
        try {
            (form == null ? model().newSampler(asked) : form.sampler(model(), asked, false)).close();
        } catch (AdedException failure) {
            throw constraint.named(failure);
        }
    }

    /** Whether an engine is at work at this moment. */
    boolean isBusy() {
        for (Engine engine : engines) {
            if (engine.pulse().busy()) {
                return true;
            }
        }
        return false;
    }

    /** All engines together. */
    public EngineStatus status() {
        return engines.stream().map(Engine::status).reduce(ServedModel::sum).orElseThrow();
    }

    private static EngineStatus sum(EngineStatus a, EngineStatus b) {
        return new EngineStatus(
                a.running() + b.running(),
                a.waiting() + b.waiting(),
                a.parked() + b.parked(),
                a.sessions() + b.sessions(),
                a.cellsUsed() + b.cellsUsed(),
                a.cells() + b.cells(),
                a.sequencesUsed() + b.sequencesUsed(),
                a.sequences() + b.sequences(),
                a.roundsTotal() + b.roundsTotal(),
                a.tokensTotal() + b.tokensTotal(),
                a.prefilledTokensTotal() + b.prefilledTokensTotal(),
                a.reusedTokensTotal() + b.reusedTokensTotal());
    }
}
