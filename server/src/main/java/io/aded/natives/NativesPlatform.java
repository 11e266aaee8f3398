package io.aded.natives;

import java.util.Locale;
import java.util.Properties;

/**
 * An operating system and a processor architecture, in the words of the package names.
 *
 * @param system {@code linux}, {@code mac}, {@code win}, or another system's own name
 * @param machine {@code x64}, {@code arm64}, {@code riscv64}, or another machine's own name
 */
public record NativesPlatform(String system, String machine) {

    /** Where this process runs. */
    public static NativesPlatform ofProcess() {
        return of(System.getProperties());
    }

    static NativesPlatform of(Properties properties) {
        String name = properties.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String architecture = properties.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        String system = name.startsWith("windows") ? "win" : name.startsWith("mac") ? "mac" : name;
        String machine = switch (architecture) {
            case "amd64", "x86_64", "x86-64" -> "x64";
            case "aarch64", "arm64" -> "arm64";
            default -> architecture;
        };
        return new NativesPlatform(system, machine);
    }

    @Override
    public String toString() {
        return system + "-" + machine;
    }
}
