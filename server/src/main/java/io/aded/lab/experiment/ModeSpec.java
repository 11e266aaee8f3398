package io.aded.lab.experiment;

import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftPolicy;
import io.aded.lab.report.DraftModes;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One way of decoding that takes part.
 *
 * @param label as the user wrote it, such as {@code aded:12}
 * @param policy how the engine drafts; null for the bare loop, which has no engine
 * @param stage the parts of the adaptive drafter that take part, if not all
 */
public record ModeSpec(
        String label,
        @Nullable DraftPolicy policy,
        @Nullable AdedStage stage) {
    /** What everything is compared with. */
    public static final ModeSpec OFF = new ModeSpec(Drafters.OFF.label(), DraftPolicy.OFF);

    /** A plain loop over the context, without the engine. */
    public static final ModeSpec BARE = new ModeSpec("bare", null);

    private ModeSpec(String label, @Nullable DraftPolicy policy) {
        this(label, policy, null);
    }

    /** The adaptive drafter with a fixed number of nodes. */
    public static ModeSpec fixed(int nodes) {
        return new ModeSpec(
                Drafters.ADED.label() + ":" + nodes,
                DraftPolicy.of(Drafters.ADED).withMaxNodes(nodes));
    }

    /**
     * Reads names separated by commas, each {@code bare}, a {@linkplain DrafterKind draft mode} or a
     * {@linkplain AdedStage stage} of the adaptive drafter, with {@code :N} for at most N draft nodes. {@code off} is
     * put first if it is missing, since everything is compared with it.
     *
     * @throws AdedException.InvalidRequest naming every part that is wrong
     */
    public static List<ModeSpec> parse(String list) {
        LinkedHashMap<String, ModeSpec> modes = new LinkedHashMap<>();
        List<FieldViolation> wrong = new ArrayList<>();
        for (String part : list.split(",", -1)) {
            String label = part.strip();
            try {
                modes.putIfAbsent(label, parseOne(label));
            } catch (IllegalArgumentException e) {
                wrong.add(new FieldViolation("modes", String.valueOf(e.getMessage())));
            }
        }
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        if (!modes.containsKey(OFF.label())) {
            modes.putFirst(OFF.label(), OFF);
        }
        return List.copyOf(modes.values());
    }

    private static ModeSpec parseOne(String label) {
        if (label.equals(BARE.label())) {
            return BARE;
        }
        try {
            String name = label.split(":", -1)[0];
            AdedStage stage = AdedStage.named(name);
            return stage == null
                    ? new ModeSpec(label, DraftModes.policy(label))
                    : new ModeSpec(
                            label, DraftModes.policy(Drafters.ADED.label() + label.substring(name.length())), stage);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw label.contains(":")
                    ? e
                    : new IllegalArgumentException(message + ", bare; each but off and bare with :N for N nodes", e);
        }
    }

    public boolean isOff() {
        return policy != null && !policy.mode().drafts();
    }

    public boolean isAuto() {
        return policy != null && policy.mode().budgeted();
    }

    /** Whether it drafts with a fixed number of nodes of the adaptive drafter. */
    public boolean isFixedBudget() {
        return policy != null && policy.mode() == Drafters.ADED && stage == null;
    }

    /** Whether it is one of the copying rules that others use. */
    public boolean isBaseline() {
        return policy != null && policy.mode().baseline();
    }
}
