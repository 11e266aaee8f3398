package io.aded.lab.experiment;

import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.Proposer;
import io.aded.draft.ProposerFactory;
import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.TargetContext;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Gives each conversation its drafter: a new one, or the one that the mode had before (warm), or a replay of a known
 * answer. Conversations are held one at a time; the one who opens the next says here what it needs, and the engine
 * thread asks for it.
 *
 * <p>A new drafter knows no tokens. How far each kind of evidence can be trusted is the server's to learn, and goes on
 * from conversation to conversation; here each mode has a server of its own in that respect.
 */
final class BenchDrafters {
    /** What the next session drafts with. */
    private record Next(
            String label,
            @Nullable AdedStage stage,
            boolean warm,
            @Nullable Drafter replay) {}

    private final DrafterSettings settings;
    private final Map<String, Drafter> kept = new HashMap<>();
    private final Map<String, EvidenceWeights> weights = new HashMap<>();
    private volatile Next next = new Next("", null, false, null);

    BenchDrafters(DrafterSettings settings) {
        this.settings = settings;
    }

    /** The next session drafts in this mode, anew or going on with what the mode learned so far. */
    void prepare(ModeSpec mode, boolean warm) {
        next = new Next(mode.label(), mode.stage(), warm, null);
    }

    /** The next session drafts with this. */
    void prepare(Drafter replay) {
        next = new Next("", null, false, replay);
    }

    /** What an engine asks. */
    ProposerFactory factory() {
        return Drafters.proposers(settings, this::make);
    }

    private Proposer make(DrafterKind kind, DrafterSettings own, TargetContext target, LongSupplier nanoClock) {
        // What drafts by a second model drafts for all streams at once, and what it learns is the mode's own.
        if (own.draftModel() != null && (kind.needsModel() || kind == Drafters.AUTO) && next.replay == null) {
            return kind.maker().make(own.withEvidenceWeights(EvidenceWeights.create()), target, nanoClock);
        }
        return new LoopProposer(() -> open(kind), nanoClock);
    }

    private Drafter open(DrafterKind mode) {
        Next wanted = next;
        if (wanted.replay != null) {
            return wanted.replay;
        }
        return wanted.warm ? kept.computeIfAbsent(wanted.label, _ -> create(mode, wanted)) : create(mode, wanted);
    }

    private Drafter create(DrafterKind mode, Next wanted) {
        EvidenceWeights learned = weights.computeIfAbsent(wanted.label, _ -> EvidenceWeights.create());
        DrafterSettings own = settings.withEvidenceWeights(learned);
        return wanted.stage == null ? mode.create(own) : Drafters.create(wanted.stage, own);
    }
}
