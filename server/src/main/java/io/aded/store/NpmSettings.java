package io.aded.store;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * npm's configuration, read as npm reads it, so that whoever has set up a mirror, a proxy or a token for npm need not
 * set it up again. First found wins: environment ({@code npm_config_*}), the project's {@code .npmrc}, the user's, the
 * installation's, npm's own. Immutable.
 *
 * <p>What a project's file says cannot do harm: everything fetched is checked against a checksum that does not come
 * from there.
 */
final class NpmSettings {
    /** npm's public registry: the default when nothing is configured. The only place that names it. */
    static final String PUBLIC_REGISTRY = "https://registry.npmjs.org/";

    private static final String VARIABLE_PREFIX = "npm_config_";
    private static final Pattern VARIABLE = Pattern.compile("(?<!\\\\)\\$\\{([^}]+)}");

    private final List<Map<String, String>> layers;

    private NpmSettings(List<Map<String, String>> layers) {
        this.layers = List.copyOf(layers);
    }

    static NpmSettings of(ProcessEnvironment environment) {
        List<Map<String, String>> layers = new ArrayList<>();
        Map<String, String> variables = new LinkedHashMap<>();
        environment.variables().forEach((name, value) -> {
            if (name.toLowerCase(Locale.ROOT).startsWith(VARIABLE_PREFIX) && !value.isBlank()) {
                variables.put(key(name.substring(VARIABLE_PREFIX.length())), value);
            }
        });
        layers.add(variables);
        layers.add(read(environment.workingDirectory().resolve(".npmrc"), environment));
        String user = variables.get("userconfig");
        layers.add(read(user != null ? Path.of(user) : environment.home().resolve(".npmrc"), environment));
        Path prefix = prefix(layers, environment);
        String global = new NpmSettings(layers).value("globalconfig");
        if (global != null) {
            layers.add(read(Path.of(global), environment));
        } else if (prefix != null) {
            layers.add(read(prefix.resolve("etc/npmrc"), environment));
        }
        if (prefix != null) {
            layers.add(read(prefix.resolve("lib/node_modules/npm/npmrc"), environment));
        }
        return new NpmSettings(layers);
    }

    /** A setting, or null if nobody set it. */
    @Nullable
    String value(String name) {
        for (Map<String, String> layer : layers) {
            String value = layer.get(name);
            if (value != null && !value.isBlank()) {
                return value;
            }
        }
        return null;
    }

    /** The registry of a package: its scope's, else the general one, else the public one. Ends with a slash. */
    URI registryOf(String packageName) {
        String scoped = packageName.startsWith("@")
                ? value(packageName.substring(0, packageName.indexOf('/') + 1).replace("/", "") + ":registry")
                : null;
        String address = scoped != null ? scoped : value("registry");
        if (address == null) {
            address = PUBLIC_REGISTRY;
        }
        return URI.create(address.endsWith("/") ? address : address + "/");
    }

    /**
     * The headers that authorise a request, found like npm does: by the address without its scheme, then ever shorter
     * paths of it. Empty if none is configured, so that a token never goes to another host.
     */
    Map<String, String> authorization(URI address) {
        String path = address.getRawPath() == null ? "/" : address.getRawPath();
        for (int end = path.length(); end > 0; end = path.lastIndexOf('/', end - 2) + 1) {
            String scope = "//" + address.getRawAuthority() + path.substring(0, end);
            for (String key :
                    List.of(scope, scope.endsWith("/") ? scope.substring(0, scope.length() - 1) : scope + "/")) {
                String token = value(key + ":_authToken");
                if (token != null) {
                    return Map.of("Authorization", "Bearer " + token);
                }
                String basic = value(key + ":_auth");
                if (basic != null) {
                    return Map.of("Authorization", "Basic " + basic);
                }
            }
            if (end == 1) {
                break;
            }
        }
        return Map.of();
    }

    private static @Nullable Path prefix(List<Map<String, String>> layers, ProcessEnvironment environment) {
        String named = new NpmSettings(layers).value("prefix");
        if (named == null) {
            named = environment.variable("PREFIX");
        }
        if (named != null) {
            return Path.of(named);
        }
        String search = environment.variable("PATH");
        for (String directory : search == null ? new String[0] : search.split(":")) {
            Path node = Path.of(directory).resolve("node");
            if (!directory.isEmpty() && Files.isExecutable(node)) {
                try {
                    Path bin = node.toRealPath().getParent();
                    return bin == null ? null : bin.getParent();
                } catch (IOException e) {
                    return null;
                }
            }
        }
        return null;
    }

    /** A file of {@code key = value} lines; one that is not there or not readable says nothing. */
    private static Map<String, String> read(Path file, ProcessEnvironment environment) {
        Map<String, String> settings = new LinkedHashMap<>();
        List<String> lines;
        try {
            lines = Files.isRegularFile(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            lines = List.of();
        }
        for (String line : lines) {
            String text = line.strip();
            int equals = text.indexOf('=');
            if (text.startsWith(";") || text.startsWith("#") || equals < 1) {
                continue;
            }
            String key = expand(text.substring(0, equals).strip(), environment);
            settings.put(key(key), expand(unquote(text.substring(equals + 1).strip()), environment));
        }
        return settings;
    }

    /** npm takes {@code NPM_CONFIG_STRICT_SSL} for {@code strict-ssl}; keys that name an address are left alone. */
    private static String key(String name) {
        return name.startsWith("//") || name.startsWith("@")
                ? name
                : name.toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String unquote(String value) {
        boolean quoted = value.length() >= 2
                && (value.startsWith("\"") && value.endsWith("\"") || value.startsWith("'") && value.endsWith("'"));
        return quoted ? value.substring(1, value.length() - 1) : value;
    }

    private static String expand(String value, ProcessEnvironment environment) {
        return VARIABLE.matcher(value).replaceAll(found -> {
            String variable = environment.variable(found.group(1));
            return Matcher.quoteReplacement(variable == null ? found.group() : variable);
        });
    }
}
