package io.aded.host;

/** The version that the build wrote into the jar. */
public final class AdedVersion {
    private AdedVersion() {}

    /** Such as {@code 0.1.0}; {@code development} where classes do not come from a jar. */
    public static String text() {
        String version = AdedVersion.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
