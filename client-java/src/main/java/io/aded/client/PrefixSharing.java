package io.aded.client;

/**
 * With whom the computed beginning of a prompt may be shared; see {@code PrefixSharing} in {@code generation.proto}.
 */
public enum PrefixSharing {
    /** With nobody. */
    NONE,
    /** With calls of the same client id. */
    CALLER,
    /** With all callers. */
    ALL
}
