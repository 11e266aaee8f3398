package io.aded.draft.select;

import java.util.Locale;

/** A way to draft, as the choice sees it. */
enum Arm {
    /** No draft: one token a pass. */
    NONE,
    /** The adaptive table alone. */
    TABLE,
    /** The draft model alone, from the root on. */
    MODEL,
    /** The table, and the draft model where the table is unsure: one tree. */
    BOTH;

    static final int COUNT = 4;

    private static final Arm[] ALL = values();

    static Arm of(int index) {
        return ALL[index];
    }

    /** Whether levels of the draft model may be bought. */
    boolean asksModel() {
        return this == MODEL || this == BOTH;
    }

    /** The name in statistics. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
