package io.aded.cli;

import io.aded.model.AdedException;
import io.aded.store.ProcessEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * What options are when the command line does not say: an environment variable first, then the configuration file, the
 * section of the command before the whole file.
 *
 * <pre>
 * natives: /opt/llama.cpp        # for every command that has the option, as ADED_NATIVES
 * serve:                         # for "aded serve" only
 *   listen: [127.0.0.1:50051, unix:/run/aded.sock]
 *   parallel: 8
 * </pre>
 */
final class Configuration implements IDefaultValueProvider {
    private final ProcessEnvironment environment;
    private final @Nullable Path file;
    /** Keys as {@code option} or {@code command.option}. */
    private final Map<String, String> values;

    private Configuration(ProcessEnvironment environment, @Nullable Path file, Map<String, String> values) {
        this.environment = environment;
        this.file = file;
        this.values = values;
    }

    /**
     * Reads the file.
     *
     * @param named the file that the user named, which must be there; null for the one that may be there
     */
    static Configuration of(ProcessEnvironment environment, @Nullable String named) {
        String chosen = named != null ? named : environment.variable("ADED_CONFIG");
        Path path = chosen != null
                ? environment.workingDirectory().resolve(chosen)
                : environment.configDirectory().resolve("config.yaml");
        if (chosen == null && !Files.exists(path)) {
            return new Configuration(environment, null, Map.of());
        }
        if (!Files.isRegularFile(path)) {
            throw new AdedException.NotFound("NO_CONFIGURATION", "there is no configuration file " + path);
        }
        Map<String, String> values = new LinkedHashMap<>();
        try {
            collect("", new YAMLMapper().readTree(Files.readString(path)), values);
        } catch (IOException e) {
            throw new AdedException.FailedPrecondition(
                    "CONFIGURATION_UNREADABLE",
                    "the configuration file " + path + " cannot be read: " + e.getMessage());
        } catch (JacksonException e) {
            throw new AdedException.InvalidRequest("config", path + " is no YAML: " + e.getOriginalMessage());
        }
        return new Configuration(environment, path, values);
    }

    private static void collect(String prefix, JsonNode node, Map<String, String> values) {
        node.properties().forEach(property -> {
            String key = prefix + property.getKey();
            JsonNode value = property.getValue();
            if (value.isObject()) {
                collect(key + ".", value, values);
            } else if (value.isArray()) {
                StringJoiner joined = new StringJoiner(",");
                value.forEach(element -> joined.add(element.asString()));
                values.put(key, joined.toString());
            } else {
                values.put(key, value.asString(""));
            }
        });
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || option.usageHelp() || option.versionHelp()) {
            return null;
        }
        String name = nameOf(option);
        String variable =
                environment.variable("ADED_" + name.toUpperCase(Locale.ROOT).replace('-', '_'));
        if (variable != null) {
            return variable;
        }
        String sectioned = values.get(sectionOf(option.command()) + name);
        return sectioned != null ? sectioned : values.get(name);
    }

    /** Refuses a file that sets what no command knows: a mistyped name would else be silently ignored. */
    void requireKnown(CommandLine root) {
        if (values.isEmpty()) {
            return;
        }
        Set<String> known = new HashSet<>();
        Set<String> options = new HashSet<>();
        Deque<CommandLine> left = new ArrayDeque<>(Set.of(root));
        while (!left.isEmpty()) {
            CommandLine command = left.pop();
            left.addAll(command.getSubcommands().values());
            for (OptionSpec option : command.getCommandSpec().options()) {
                known.add(nameOf(option));
                options.add(option.longestName());
                known.add(sectionOf(command.getCommandSpec()) + nameOf(option));
            }
        }
        for (String key : values.keySet()) {
            if (!known.contains(key)) {
                String meant = OptionHints.of(key.substring(key.lastIndexOf('.') + 1), options);
                throw new AdedException.InvalidRequest(
                        "config",
                        file + " sets \"" + key + "\", which is no option; "
                                + (meant == null
                                        ? "\"aded COMMAND --help\" lists them"
                                        : "allowed: " + meant.replaceFirst("^--", "")));
            }
        }
    }

    private static String nameOf(OptionSpec option) {
        return option.longestName().replaceFirst("^--?", "");
    }

    /** {@code serve.}, or {@code draft.build.}; empty for the root. */
    private static String sectionOf(CommandSpec command) {
        StringBuilder section = new StringBuilder();
        for (CommandSpec at = command;
                at.parent() != null;
                at = at.parent().commandLine().getCommandSpec()) {
            section.insert(0, at.name() + ".");
        }
        return section.toString();
    }
}
