package io.aded.store;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The environment of the process, its directories included, in one value, so that a test can put another in its place.
 *
 * @param variables the environment variables
 * @param home the user's home directory
 * @param workingDirectory where relative paths start
 */
public record ProcessEnvironment(Map<String, String> variables, Path home, Path workingDirectory) {

    public ProcessEnvironment {
        variables = Map.copyOf(variables);
    }

    /** That of this process. {@code HOME} decides, as for every other tool; Java alone would ask the user database. */
    public static ProcessEnvironment ofProcess() {
        Map<String, String> variables = System.getenv();
        String home = variables.get("HOME");
        return new ProcessEnvironment(
                variables,
                Path.of(home == null || home.isBlank() ? System.getProperty("user.home") : home)
                        .toAbsolutePath(),
                Path.of("").toAbsolutePath());
    }

    /** A variable's value, or null if it is unset or empty. */
    public @Nullable String variable(String name) {
        String value = variables.get(name);
        return value == null || value.isBlank() ? null : value;
    }

    /** What can be fetched again: {@code $XDG_CACHE_HOME/aded}, or {@code ~/.cache/aded}. */
    public Path cacheDirectory() {
        return directory("XDG_CACHE_HOME", ".cache");
    }

    /** What was installed: {@code $XDG_DATA_HOME/aded}, or {@code ~/.local/share/aded}. */
    public Path dataDirectory() {
        return directory("XDG_DATA_HOME", ".local/share");
    }

    /** What the user wrote: {@code $XDG_CONFIG_HOME/aded}, or {@code ~/.config/aded}. */
    public Path configDirectory() {
        return directory("XDG_CONFIG_HOME", ".config");
    }

    /** The base directory specification says that relative values are invalid and to be ignored. */
    private Path directory(String variable, String otherwise) {
        String named = variable(variable);
        Path base = named != null && Path.of(named).isAbsolute() ? Path.of(named) : home.resolve(otherwise);
        return base.resolve("aded");
    }
}
