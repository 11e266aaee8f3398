package io.aded.testing;

import io.aded.engine.RoundReport;

/** Reports of rounds, for tests of those who pass them on or count them. */
public final class RoundReports {
    private RoundReports() {}

    /** A round without a draft: a root of token 0, and token 0 as the bonus token, computed alone in its pass. */
    public static RoundReport withoutDraft(int index, long draftNanos, long verifyNanos) {
        return new RoundReport(
                index,
                "none",
                false,
                new int[1],
                new int[] {-1},
                new float[] {1},
                new int[0],
                new int[1],
                0,
                1,
                1,
                draftNanos,
                verifyNanos,
                new String[] {""},
                null);
    }
}
