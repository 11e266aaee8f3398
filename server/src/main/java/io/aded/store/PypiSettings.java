package io.aded.store;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which index pip asks, read as pip reads it, so that whoever has set up a mirror for pip need not set it up again.
 * First found wins: {@code PIP_INDEX_URL}, the file that {@code PIP_CONFIG_FILE} names, the virtual environment's, the
 * user's, the machine's {@code pip.conf}, pip's own.
 *
 * @param index the index, with a slash at the end and without a password
 * @param password what the address said before the host, as {@code USER:PASSWORD}, or null
 */
record PypiSettings(URI index, @Nullable String password) {
    /** The public index: the default when nothing is configured. The only place that names it. */
    static final String PUBLIC_INDEX = "https://pypi.org/simple/";

    private static final List<String> SECTIONS = List.of("[download]", "[global]");

    static PypiSettings of(ProcessEnvironment environment) {
        return of(environment, Path.of("/etc/pip.conf"));
    }

    static PypiSettings of(ProcessEnvironment environment, Path machine) {
        String address = environment.variable("PIP_INDEX_URL");
        List<Path> files = new ArrayList<>();
        String named = environment.variable("PIP_CONFIG_FILE");
        if (named != null) {
            files.add(environment.workingDirectory().resolve(named));
        }
        String virtual = environment.variable("VIRTUAL_ENV");
        if (virtual != null) {
            files.add(Path.of(virtual).resolve("pip.conf"));
        }
        // pip leaves the user's file out where another was named.
        if (named == null) {
            Path configuration = environment.configDirectory().resolveSibling("pip");
            files.add(configuration.resolve("pip.conf"));
            files.add(environment.home().resolve(".pip/pip.conf"));
        }
        files.add(machine);
        for (Path file : files) {
            address = address == null ? indexIn(file) : address;
        }
        return of(address == null ? PUBLIC_INDEX : address);
    }

    private static PypiSettings of(String address) {
        URI given = URI.create(address.endsWith("/") ? address : address + "/");
        String password = given.getUserInfo();
        if (password == null) {
            return new PypiSettings(given, null);
        }
        String authority = given.getRawAuthority();
        String bare = authority.substring(authority.indexOf('@') + 1);
        return new PypiSettings(URI.create(given.getScheme() + "://" + bare + given.getRawPath()), password);
    }

    /** The headers that authorise a request: the password goes to the index's own host only. */
    Map<String, String> authorization(URI address) {
        boolean same = String.valueOf(index.getRawAuthority()).equals(address.getRawAuthority());
        return password == null || !same
                ? Map.of()
                : Map.of(
                        "Authorization",
                        "Basic " + Base64.getEncoder().encodeToString(password.getBytes(StandardCharsets.UTF_8)));
    }

    /** What a file of sections with {@code key = value} lines says; null if it says nothing or cannot be read. */
    private static @Nullable String indexIn(Path file) {
        List<String> lines;
        try {
            lines = Files.isRegularFile(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            lines = List.of();
        }
        for (String section : SECTIONS) {
            String at = "";
            for (String line : lines) {
                String text = line.strip();
                int equals = text.indexOf('=');
                if (text.startsWith("[")) {
                    at = text.toLowerCase(Locale.ROOT);
                } else if (equals > 0 && at.equals(section) && isIndex(text.substring(0, equals))) {
                    String value = text.substring(equals + 1).strip();
                    return value.isEmpty() ? null : value;
                }
            }
        }
        return null;
    }

    private static boolean isIndex(String key) {
        return key.strip().toLowerCase(Locale.ROOT).replace('_', '-').equals("index-url");
    }
}
