package io.aded.engine;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** What an engine tells of itself: snapshots that its thread replaces and any thread reads. */
final class StatusBoard {
    /** How old the status of drafting gets while turns run: to reckon it takes some microseconds. */
    private static final long DRAFTING_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Admission admission;
    private final Residency residency;
    private final CellLedger ledger;
    private final Drafting drafting;
    private final Pass pass;
    private final LongSupplier clock;

    private volatile EngineStatus status;
    private volatile DraftingStatus drafted = DraftingStatus.NONE;

    // Owned by the engine thread.
    private long reusedTokens;
    private long draftedSince;

    StatusBoard(
            Admission admission,
            Residency residency,
            CellLedger ledger,
            Drafting drafting,
            Pass pass,
            LongSupplier clock) {
        this.admission = admission;
        this.residency = residency;
        this.ledger = ledger;
        this.drafting = drafting;
        this.pass = pass;
        this.clock = clock;
        status = EngineStatus.of(admission, residency, ledger, pass, 0);
    }

    EngineStatus status() {
        return status;
    }

    DraftingStatus drafted() {
        return drafted;
    }

    /** So many tokens of a prompt were in the cache already; told with the next status. */
    void reused(int tokens) {
        reusedTokens += tokens;
    }

    /** A step is over; what drafting is about is told now and then. */
    void tell() {
        tellStatus();
        if (clock.getAsLong() - draftedSince > DRAFTING_NANOS) {
            tellDrafting();
        }
    }

    /** A turn has ended, or all have: all that is known can be seen. */
    void tellAll() {
        tellStatus();
        tellDrafting();
    }

    /** Drafters may be gone. */
    void tellStatus() {
        status = EngineStatus.of(admission, residency, ledger, pass, reusedTokens);
    }

    private void tellDrafting() {
        drafted = drafting.status();
        draftedSince = clock.getAsLong();
    }
}
