package io.aded.cli;

import io.aded.model.AdedException;

/** How a command ended, by the kind of its failure, for scripts. */
enum ExitCode {
    OK(0),
    INTERNAL(1),
    INVALID_REQUEST(2),
    NOT_FOUND(3),
    INVALID_ARTIFACT(4),
    FAILED_PRECONDITION(5),
    RESOURCE_EXHAUSTED(6),
    UNAVAILABLE(7),
    DEADLINE_EXCEEDED(8),
    /** A server was told to stop and could not within its grace, so that it was cut off. */
    OVERDUE(9),
    /** A server's engine failed for good, and so the server ended. */
    ENGINE_LOST(10),
    /** A server's engine hung for longer than it may, and so the process was ended. */
    ENGINE_HUNG(11),
    /** What shells report for a program that Ctrl-C ended. */
    INTERRUPTED(130);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static ExitCode of(Throwable failure) {
        return failure instanceof AdedException known
                ? switch (known) {
                    case AdedException.InvalidRequest e -> INVALID_REQUEST;
                    case AdedException.NotFound e -> NOT_FOUND;
                    case AdedException.InvalidArtifact e -> INVALID_ARTIFACT;
                    case AdedException.NotServed e -> FAILED_PRECONDITION;
                    case AdedException.FailedPrecondition e -> FAILED_PRECONDITION;
                    case AdedException.ResourceExhausted e -> RESOURCE_EXHAUSTED;
                    case AdedException.Unavailable e -> UNAVAILABLE;
                    case AdedException.DeadlineExceeded e -> DEADLINE_EXCEEDED;
                    case AdedException.Cancelled e -> INTERRUPTED;
                    case AdedException.Internal e -> INTERNAL;
                }
                : INTERNAL;
    }
}
