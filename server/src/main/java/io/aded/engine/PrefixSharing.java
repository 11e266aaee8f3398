package io.aded.engine;

/**
 * Among whom the computed beginning of a prompt is shared. Who shares sees, by the count of cached tokens and by the
 * time to the first one, whether somebody has sent the same beginning before.
 */
public enum PrefixSharing {
    /** Among nobody: a conversation reuses its own history alone. */
    NONE,
    /** Among the conversations of one caller. Those who say no name are one caller. */
    CALLER,
    /** Among all. The count of cached tokens still tells of the caller's own alone; the time keeps no secret. */
    ALL;

    /** The narrower of the two. */
    PrefixSharing atMost(PrefixSharing other) {
        return compareTo(other) <= 0 ? this : other;
    }
}
