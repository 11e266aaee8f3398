package io.aded.lab.report;

/** Hears how far a run is. */
@FunctionalInterface
public interface Progress {
    /** No one listens. */
    Progress NONE = (done, total, what) -> {};

    /** {@code done} of {@code total} steps are behind; {@code what} is being done. */
    void at(int done, int total, String what);
}
