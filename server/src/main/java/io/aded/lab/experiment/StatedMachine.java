package io.aded.lab.experiment;

import io.aded.draft.DraftModelInfo;
import io.aded.draft.neural.DraftContexts;
import io.aded.lab.report.StatedCurve;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A machine whose passes take what is stated, whatever they take here: answers and drafts are the models' own, time is
 * reckoned. The host takes none. What then comes out is the same on every machine, busy or not, as far as rounding
 * keeps the answers alike.
 *
 * @param curve what passes cost by their tokens
 * @param passMillis milliseconds of a pass of one token, above 0
 * @param draftCost what a pass of the draft model costs in passes of the model as wide, above 0; null for the ratio of
 *     their bytes, since passes of few tokens take the time to read the weights
 */
public record StatedMachine(
        StatedCurve curve, double passMillis, @Nullable Double draftCost) {
    /** Nanoseconds of a pass of the model. */
    long nanos(int tokens) {
        return Math.round(passMillis * 1e6 * curve.cost(tokens));
    }

    /** A pass of the draft model in passes of a model of so many bytes; 1 where the bytes of either are not known. */
    double draftCost(DraftContexts drafts, long modelBytes) {
        Double stated = draftCost;
        if (stated != null) {
            return stated;
        }
        DraftModelInfo draft = drafts.info();
        return draft == null || draft.bytes() == 0 || modelBytes == 0 ? 1 : (double) draft.bytes() / modelBytes;
    }

    /** For a report. */
    String described() {
        return String.format(
                        Locale.ROOT,
                        "reckoned, not measured: a pass of one token %.3g ms, wider ones by the curve ",
                        passMillis)
                + curve.name()
                + (draftCost == null ? "" : ", a pass of the draft model " + draftCost + " of one");
    }
}
