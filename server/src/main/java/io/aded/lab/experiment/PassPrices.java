package io.aded.lab.experiment;

import io.aded.lab.report.Statistics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a pass of each width cost in a run: the median of all that were timed, whichever mode they served.
 *
 * <p>An answer's own passes, each at its price, take the time that the answer would have taken on a machine without
 * noise. A ratio of such times says what a mode's decisions were worth; a ratio of clock times also says how lucky it
 * was.
 */
final class PassPrices {
    private final Map<Integer, Double> median = new HashMap<>();

    /** The prices of a run of which these are all answers. */
    PassPrices(List<Answer> answers) {
        Map<Integer, List<Long>> times = new HashMap<>();
        for (Answer answer : answers) {
            RoundTally rounds = answer.rounds();
            for (int i = 0; i < rounds.passes(); i++) {
                times.computeIfAbsent(rounds.passTokens(i), _ -> new ArrayList<>())
                        .add(rounds.passTime(i));
            }
        }
        times.forEach((tokens, all) -> median.put(
                tokens,
                Statistics.median(all.stream().mapToDouble(Long::doubleValue).toArray())));
    }

    /** The time that an answer's decoding would have taken at these prices; what the host took is as it was. */
    long nanos(Answer answer) {
        RoundTally rounds = answer.rounds();
        double total = answer.decodeNanos() - rounds.passNanos;
        for (int i = 0; i < rounds.passes(); i++) {
            total += median.getOrDefault(rounds.passTokens(i), (double) rounds.passTime(i));
        }
        return Math.max(1, Math.round(total));
    }
}
