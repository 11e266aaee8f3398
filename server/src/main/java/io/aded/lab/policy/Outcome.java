package io.aded.lab.policy;

import java.util.Map;

/**
 * What was measured of one prompt.
 *
 * @param key its task and id
 * @param group that it is reported with
 * @param features what is told of it to a choice, see {@link io.aded.draft.select.DrafterChoice#features}
 * @param plainSeconds what its answer took without drafts, after the first round
 * @param speedUps tokens a second over those without drafts, by the names of {@link
 *     io.aded.draft.select.DrafterChoice#arms}; {@code none} is 1
 */
record Outcome(String key, String group, double[] features, double plainSeconds, Map<String, Double> speedUps) {
    /** What its answer takes by an arm. */
    double seconds(String arm) {
        return plainSeconds / speedUp(arm);
    }

    /** Of an arm; every outcome has all. */
    double speedUp(String arm) {
        Double speedUp = speedUps.get(arm);
        if (speedUp == null) {
            throw new IllegalArgumentException("no outcome of " + arm);
        }
        return speedUp;
    }
}
