package io.aded.draft.catalogue;

import static io.aded.draft.catalogue.DrafterKind.of;

import io.aded.draft.DraftModelInfo;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.Proposer;
import io.aded.draft.ProposerFactory;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.history.NgramCacheDrafter;
import io.aded.draft.history.NgramMapDrafter;
import io.aded.draft.history.NgramModDrafter;
import io.aded.draft.history.NgramSimpleDrafter;
import io.aded.draft.history.PromptLookupDrafter;
import io.aded.draft.mcts.MctsDrafter;
import io.aded.draft.neural.ChainProposer;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.neural.DraftModels;
import io.aded.draft.select.AdaptiveProposer;
import io.aded.draft.select.JointProposer;
import io.aded.model.TargetContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All drafters there are, by the names that requests, flags, benchmarks and traces share.
 *
 * <p>Adding one takes its class and its entry here: the API lists it, the command line completes and explains it, the
 * benchmarks compare it, and the tests that hold for every drafter run it.
 */
public final class Drafters {
    private static final Map<String, DrafterKind> ALL = new LinkedHashMap<>();

    /**
     * The adaptive drafter, of whose drafts as much is verified as the measured cost curve says that pays. The default.
     */
    public static final DrafterKind AUTO =
            add(of("auto", "what pays on this machine, down to nothing", Drafters::adaptive)
                    .besideModel((settings, target, clock) -> mixed(settings, false, target, clock))
                    .withBounds(64, 32, 8)
                    .asBudgeted());

    /** One token a pass. */
    public static final DrafterKind OFF =
            add(of("off", "no draft: one token a pass", _ -> new NoDrafter()).withBounds(0, 1, 1));

    /** The adaptive drafter with a fixed number of nodes. */
    public static final DrafterKind ADED =
            add(of(AdedDrafter.NAME, "the adaptive drafter, always as many guesses as it has", Drafters::adaptive)
                    .withBounds(12, 32, 8));

    /** The published algorithm, with its bounds. */
    public static final DrafterKind ADED_MCTS = add(of(
                    MctsDrafter.NAME,
                    "ADED as published: tri-gram table and Monte-Carlo tree search",
                    settings -> new MctsDrafter(
                            settings.baseTable(), settings.tableRows(), settings.seed(), settings.learnWholePrompt()))
            .withBounds(64, 4, 32));

    /** Copying from where the last tokens have stood before. */
    public static final DrafterKind PROMPT_LOOKUP = add(of(
                    PromptLookupDrafter.NAME,
                    "copies what followed the last tokens where they stood before",
                    settings -> new PromptLookupDrafter(settings.historyTokens()))
            .asBaseline());

    /** See {@link NgramSimpleDrafter}. */
    public static final DrafterKind NGRAM_SIMPLE = add(of(
                    NgramSimpleDrafter.NAME,
                    "llama.cpp's rule of that name: copies after the last three tokens",
                    settings -> new NgramSimpleDrafter(settings.historyTokens()))
            .asBaseline());

    /** See {@link NgramModDrafter}. */
    public static final DrafterKind NGRAM_MOD = add(of(
                    NgramModDrafter.NAME,
                    "llama.cpp's rule of that name: follows hashes of 24 tokens",
                    settings -> new NgramModDrafter(settings.historyTokens()))
            .asBaseline());

    /** See {@link NgramCacheDrafter}. */
    public static final DrafterKind NGRAM_CACHE = add(of(
                    NgramCacheDrafter.NAME,
                    "llama.cpp's rule of that name: the most frequent follower of 1 to 4 tokens",
                    settings -> new NgramCacheDrafter(settings.historyTokens()))
            .asBaseline());

    /** See {@link NgramMapDrafter}. */
    public static final DrafterKind NGRAM_MAP_K = add(of(
                    NgramMapDrafter.NAME,
                    "llama.cpp's rule of that name: copies eight whole tokens after the last three",
                    settings -> new NgramMapDrafter(settings.historyTokens()))
            .asBaseline());

    /** A chain by the draft model, as long as its levels pay. */
    public static final DrafterKind MODEL = add(DrafterKind.ofModel(
                    "model",
                    "a second model drafts, as long as that pays",
                    (models, target, clock) -> ChainProposer.priced("model", models, target, clock))
            .withBounds(16, 16, 1)
            .asBudgeted());

    /** The same by the published rule of when to stop. */
    public static final DrafterKind DRAFT_VERIFY = add(DrafterKind.ofModel(
                    "draft-verify",
                    "Draft & Verify as published: a second model drafts until it is unsure",
                    (models, target, clock) -> ChainProposer.byThreshold("draft-verify", models, target, clock))
            .withBounds(8, 8, 1));

    /** The adaptive drafter and the draft model in one tree with a fixed number of nodes, whatever that costs. */
    public static final DrafterKind ADED_MODEL = add(DrafterKind.ofModelAndMore(
                    "aded-model",
                    "the adaptive drafter and a second model in one tree, always as many guesses as both have",
                    Drafters::joint)
            .withBounds(12, 8, 8));

    /** What a choice that was trained on recorded outcomes says of the prompt, for the whole answer. */
    public static final DrafterKind AUTO_POLICY = add(DrafterKind.ofModelAndMore(
                    "auto-policy",
                    "the drafter that a trained choice picks by the prompt, for the whole answer",
                    (settings, target, clock) -> mixed(settings, true, target, clock))
            .withBounds(64, 32, 8)
            .asBudgeted());

    /** What {@link #AUTO} is where no draft model is loaded, to be asked for where one is. */
    public static final DrafterKind AUTO_TABLE = add(DrafterKind.ofModelAndMore(
                    "auto-table",
                    "what auto is without the draft model: the table alone, as far as it pays",
                    Drafters::tableAlone)
            .withBounds(64, 32, 8)
            .asBudgeted());

    private Drafters() {}

    private static DrafterKind add(DrafterKind kind) {
        if (ALL.putIfAbsent(kind.label(), kind) != null) {
            throw new IllegalStateException("two drafters are called " + kind.label());
        }
        return kind;
    }

    private static AdedDrafter adaptive(DrafterSettings settings) {
        return AdedDrafter.create(settings.historyTokens(), settings.evidenceWeights());
    }

    /** Leaves the draft model alone; where there is none, nobody needs a second name for the mode {@code auto}. */
    private static Proposer tableAlone(DrafterSettings settings, TargetContext target, LongSupplier clock) {
        DrafterKind.models(settings);
        return new LoopProposer(() -> adaptive(settings), clock);
    }

    /** The table and the draft model of the settings. */
    private static Proposer mixed(
            DrafterSettings settings, boolean byChoiceAlone, TargetContext target, LongSupplier clock) {
        return new AdaptiveProposer(
                () -> adaptive(settings),
                DrafterKind.models(settings),
                target,
                settings.choice(),
                byChoiceAlone,
                clock);
    }

    /** The same in every round, at any price. */
    private static Proposer joint(DrafterSettings settings, TargetContext target, LongSupplier clock) {
        return new JointProposer(() -> adaptive(settings), DrafterKind.models(settings), target, clock);
    }

    /** All of them, {@link #AUTO} and {@link #OFF} first. */
    public static List<DrafterKind> all() {
        return List.copyOf(ALL.values());
    }

    /** Those that need no second model, in the order of {@link #all}. */
    public static List<DrafterKind> withoutModel() {
        return available(false);
    }

    /** Those that can be asked for where a draft model is loaded, or where none is; in the order of {@link #all}. */
    public static List<DrafterKind> available(boolean hasDraftModel) {
        return ALL.values().stream()
                .filter(kind -> hasDraftModel || !kind.needsModel())
                .toList();
    }

    /** All labels, in the order of {@link #all}. */
    public static List<String> labels() {
        return List.copyOf(ALL.keySet());
    }

    /**
     * The drafter of a label.
     *
     * @throws IllegalArgumentException if there is none; the message lists what is allowed
     */
    public static DrafterKind named(String label) {
        return named(label, true);
    }

    /**
     * The drafter of a label.
     *
     * @param hasDraftModel whether those that need a draft model can be asked for, and so are among what is allowed
     * @throws IllegalArgumentException if there is none; the message lists what is allowed
     */
    public static DrafterKind named(String label, boolean hasDraftModel) {
        DrafterKind kind = ALL.get(label);
        if (kind == null) {
            throw new IllegalArgumentException("unknown draft mode \"" + label + "\"; allowed: "
                    + available(hasDraftModel).stream().map(DrafterKind::label).collect(Collectors.joining(", ")));
        }
        return kind;
    }

    /**
     * The drafter of a label, where there is no draft model.
     *
     * @throws IllegalArgumentException if there is none, or it needs a draft model; the message lists what is allowed
     */
    public static DrafterKind namedWithoutModel(String label) {
        DrafterKind kind = named(label, false);
        if (kind.needsModel()) {
            throw new IllegalArgumentException("\"" + label + "\" needs a draft model, and there is none; allowed: "
                    + withoutModel().stream().map(DrafterKind::label).collect(Collectors.joining(", ")));
        }
        return kind;
    }

    /** What there is, as a user reads it: each label with its line of help. */
    public static String explained() {
        return ALL.values().stream()
                .map(kind -> kind.label() + " (" + kind.help() + ")")
                .collect(Collectors.joining(", "));
    }

    /**
     * What makes one engine's proposers. Its streams learn together how far to trust their evidence, unless the
     * settings bring weights along; so no two engines may share it.
     */
    public static ProposerFactory proposers(DrafterSettings settings) {
        return proposers(settings, (kind, own, target, clock) -> kind.maker().make(own, target, clock));
    }

    /** How an engine's proposers are made. */
    @FunctionalInterface
    public interface Making {
        /** A proposer of a kind, by the engine's settings. */
        Proposer make(DrafterKind kind, DrafterSettings settings, TargetContext target, LongSupplier nanoClock);
    }

    /** The same where another makes the proposers. */
    public static ProposerFactory proposers(DrafterSettings settings, Making making) {
        DrafterSettings shared =
                settings.evidenceWeights() == null ? settings.withEvidenceWeights(EvidenceWeights.create()) : settings;
        DraftContexts contexts = shared.draftModel();
        return new OfEngine(contexts == null ? shared : shared.withDraftModel(new DraftModels(contexts)), making);
    }

    /** One engine's, with what its proposers share. */
    private record OfEngine(DrafterSettings settings, Making making) implements ProposerFactory {
        @Override
        public Proposer create(String drafter, TargetContext target, LongSupplier nanoClock) {
            return making.make(named(drafter), settings, target, nanoClock);
        }

        @Override
        public boolean hasDraftModel() {
            return settings.draftModel() != null;
        }

        @Override
        public @Nullable DraftModelInfo draftModel() {
            return settings.draftModel() == null ? null : settings.draftModel().info();
        }

        @Override
        public @Nullable DraftModelStatistics draftModelStatistics() {
            return settings.draftModel() instanceof DraftModels models ? models.statistics() : null;
        }
    }

    /** A new adaptive drafter with only the parts of a stage, for measuring what each is worth. */
    public static Drafter create(AdedStage stage, DrafterSettings settings) {
        return AdedDrafter.create(settings.historyTokens(), settings.evidenceWeights(), stage);
    }
}
