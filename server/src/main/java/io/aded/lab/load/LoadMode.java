package io.aded.lab.load;

import io.aded.engine.DraftPolicy;
import io.aded.lab.report.DraftModes;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One of those that are compared: a way of drafting under a load.
 *
 * @param label what reports call it
 * @param draft sent with each call; null for the server's own default
 * @param arrivals when its calls begin
 * @param attackers callers beside those that are measured, who mean harm
 */
public record LoadMode(String label, @Nullable DraftPolicy draft, Arrivals arrivals, int attackers) {
    /** The baseline that serves one caller after the other, without drafts. */
    static final String SEQUENTIAL = "sequential";

    private static final String ATTACKED = ", attacked";

    /** Nobody means harm. */
    public LoadMode(String label, @Nullable DraftPolicy draft, Arrivals arrivals) {
        this(label, draft, arrivals, 0);
    }

    /** The same while it is attacked. */
    public LoadMode attacked(int by) {
        return new LoadMode(label + ATTACKED, draft, arrivals, by);
    }

    /** Whether this is another one under attack. */
    boolean isAttackOn(LoadMode other) {
        return label.equals(other.label + ATTACKED);
    }

    /** Plain serving of one call after the other. */
    public static LoadMode sequential(@Nullable DraftPolicy draft) {
        return new LoadMode(SEQUENTIAL, draft, new Arrivals.Closed(1, 0));
    }

    /** The server as it is. */
    public static LoadMode asServed(Arrivals arrivals) {
        return new LoadMode("served", null, arrivals);
    }

    /**
     * Reads names separated by commas, each a draft mode, with {@code :N} for at most N draft nodes.
     *
     * @throws AdedException.InvalidRequest naming every part that is wrong
     */
    public static List<LoadMode> parse(String list, Arrivals arrivals) {
        Map<String, LoadMode> modes = new LinkedHashMap<>();
        List<FieldViolation> wrong = new ArrayList<>();
        for (String part : list.split(",", -1)) {
            String label = part.strip();
            try {
                modes.putIfAbsent(label, new LoadMode(label, DraftModes.policy(label), arrivals));
            } catch (IllegalArgumentException e) {
                wrong.add(new FieldViolation("modes", String.valueOf(e.getMessage())));
            }
        }
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        return List.copyOf(modes.values());
    }

    /** Callers at once; 0 in open loop, which knows no such number. */
    int streams() {
        return arrivals instanceof Arrivals.Closed closed ? closed.streams() : 0;
    }
}
