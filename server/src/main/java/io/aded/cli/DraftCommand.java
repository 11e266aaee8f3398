package io.aded.cli;

import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.table.BaseTable;
import io.aded.draft.table.BaseTableBuilder;
import io.aded.host.AdedVersion;
import io.aded.host.LocalModel;
import io.aded.host.ModelConfiguration;
import io.aded.host.ModelFiles;
import io.aded.lab.offline.PriorFitting;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.model.AdedException;
import io.aded.model.Vocabulary;
import io.aded.natives.LibraryChoice;
import io.aded.store.WritableFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Base tables and choices among drafters: what drafts begin with before anything was seen. */
@Command(
        name = "draft",
        description = "Builds and describes what lets drafts begin warm, and tells how they fare.",
        subcommands = {
            DraftCommand.Build.class,
            DraftCommand.Show.class,
            DraftCommand.Prior.class,
            PolicyCommand.class,
            DraftStatsCommand.class
        })
final class DraftCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "a command is missing; one of build, show, prior, policy, stats");
    }

    private static void print(Terminal terminal, Path file, BaseTable.Statistics table) {
        terminal.out()
                .printf(
                        Locale.ROOT,
                        "%s: %,d rows, %.2f successors a row, counted from %,d tokens; %,.1f MB; vocabulary of %,d"
                                + " tokens, fingerprint %016x%n",
                        file,
                        table.rows(),
                        table.meanSuccessors(),
                        table.tokensCounted(),
                        table.fileBytes() / 1e6,
                        table.vocabularySize(),
                        table.fingerprint());
    }

    @Command(
            name = "build",
            description = {
                "Counts the tri-grams of text in a model's own tokens and writes them as a base table.",
                "Files that end in .jsonl hold a JSON object a line; others are plain text, whose blank lines part"
                        + " documents."
            })
    static final class Build implements Callable<Integer> {
        private final Terminal terminal;

        @Mixin
        private final ModelOptions model = new ModelOptions();

        @Option(
                names = "--from",
                required = true,
                split = ",",
                paramLabel = "FILE",
                description = "Text or JSONL to count, or a directory of such files; may be given often.")
        private List<Path> from = List.of();

        @Option(
                names = {"-o", "--output"},
                paramLabel = "FILE",
                description = "Where to write the table. Default: MODEL.draft in the working directory.")
        private @Nullable Path output;

        @Option(
                names = "--field",
                split = ",",
                paramLabel = "NAME",
                description = "The JSON fields that hold text, wherever they are. Default: those usually called so.")
        private Set<String> fields = Set.of(
                "text",
                "content",
                "prompt",
                "completion",
                "response",
                "answer",
                "output",
                "question",
                "instruction",
                "input",
                "turns",
                "value");

        @Option(
                names = "--max-trigrams",
                paramLabel = "N",
                description = "Tri-grams counted at once. Default: 4194304.")
        private int maxTrigrams = BaseTableBuilder.DEFAULT_MAX_TRIGRAMS;

        @Option(names = "--max-rows", paramLabel = "N", description = "Rows to write. Default: 1048576.")
        private int maxRows = BaseTableBuilder.DEFAULT_MAX_ROWS;

        Build(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            ModelConfiguration choice = model.configuration();
            from.forEach(Build::requireThere);
            if (output != null) {
                WritableFile.require(output, "the table");
            }
            LlamaLibrary library = LibraryChoice.of(terminal.environment()).open(choice.natives(), terminal::note);
            Path file = ProgressPrinter.during(
                    terminal, listener -> new ModelFiles(terminal.environment(), listener).find(choice));
            try (LlamaModel loaded = ProgressPrinter.during(
                    terminal, listener -> LocalModel.loadWeights(library, file, choice.parameters(), listener))) {
                Vocabulary vocabulary = loaded.vocabulary();
                BaseTableBuilder builder;
                try {
                    builder = new BaseTableBuilder(
                            vocabulary.size(), BaseTable.fingerprint(vocabulary), maxTrigrams, maxRows);
                } catch (IllegalArgumentException e) {
                    throw new AdedException.InvalidRequest("draft build", String.valueOf(e.getMessage()));
                }
                for (Path source : from) {
                    count(source, text -> builder.add(vocabulary.tokenize(text, false, false)));
                }
                if (builder.tokensCounted() == 0) {
                    throw new AdedException.InvalidRequest("--from", "names no text; there is nothing to count");
                }
                Path target = output != null ? output : Path.of(ModelFiles.nameOf(choice, file) + ".draft");
                print(terminal, target, builder.writeTo(target));
                terminal.note("Use it: " + terminal.program() + " serve --draft-table " + target + " …");
                return ExitCode.OK.code();
            }
        }

        private static void requireThere(Path source) {
            if (!Files.exists(source)) {
                throw new AdedException.NotFound("NO_SUCH_FILE", "--from: there is no " + source);
            }
        }

        private void count(Path source, Consumer<String> document) {
            try {
                if (Files.isDirectory(source)) {
                    List<Path> files;
                    try (Stream<Path> below = Files.walk(source)) {
                        files = below.filter(Files::isRegularFile).sorted().toList();
                    }
                    for (Path file : files) {
                        countFile(file, document);
                    }
                } else {
                    countFile(source, document);
                }
            } catch (NoSuchFileException e) {
                throw new AdedException.NotFound("NO_SUCH_FILE", "--from: there is no " + e.getFile());
            } catch (MalformedInputException e) {
                throw new AdedException.InvalidArtifact(
                        "NOT_TEXT", "--from: a file in " + source + " is not UTF-8 text", e);
            } catch (IOException e) {
                throw new AdedException.FailedPrecondition(
                        "CANNOT_READ", "--from: " + source + " cannot be read: " + e.getMessage());
            }
        }

        private void countFile(Path file, Consumer<String> document) throws IOException {
            boolean json = file.toString().endsWith(".jsonl") || file.toString().endsWith(".ndjson");
            try (BufferedReader reader = Files.newBufferedReader(file)) {
                terminal.note("Counting " + file);
                if (json) {
                    countJson(file, reader, document);
                } else {
                    countText(reader, document);
                }
            }
        }

        private static void countText(BufferedReader reader, Consumer<String> document) throws IOException {
            StringBuilder paragraph = new StringBuilder();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (!line.isBlank()) {
                    paragraph.append(line).append('\n');
                }
                // A file without blank lines is cut somewhere, so that its tokens need not all be held at once.
                if (!paragraph.isEmpty() && (line.isBlank() || paragraph.length() > 1 << 16)) {
                    document.accept(paragraph.toString());
                    paragraph.setLength(0);
                }
            }
            if (!paragraph.isEmpty()) {
                document.accept(paragraph.toString());
            }
        }

        private void countJson(Path file, BufferedReader reader, Consumer<String> document) throws IOException {
            int number = 0;
            boolean found = false;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                try {
                    found |= texts(JsonMapper.shared().readTree(line), false, document);
                } catch (JacksonException e) {
                    throw new AdedException.InvalidArtifact(
                            "NOT_JSON", "--from: line " + number + " of " + file + " is no JSON", e);
                }
            }
            if (!found && number > 0) {
                throw new AdedException.InvalidRequest(
                        "--field", "none of " + fields + " is in " + file + "; name the fields that hold text");
            }
        }

        private boolean texts(JsonNode node, boolean wanted, Consumer<String> document) {
            boolean found = false;
            if (node.isString() && wanted) {
                document.accept(node.asString());
                return true;
            }
            if (node.isObject()) {
                for (var property : node.properties()) {
                    found |= texts(property.getValue(), fields.contains(property.getKey()), document);
                }
            } else if (node.isArray()) {
                for (JsonNode element : node) {
                    found |= texts(element, wanted, document);
                }
            }
            return found;
        }
    }

    @Command(name = "show", description = "Checks a base table and describes it.")
    static final class Show implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(paramLabel = "FILE", description = "The table.")
        @SuppressWarnings("NullAway.Init")
        private Path file;

        Show(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            print(terminal, file, BaseTable.open(file).statistics());
            return ExitCode.OK.code();
        }
    }

    @Command(
            name = "prior",
            description = {
                "Fits the weights of evidence that a new server starts with to recorded answers.",
                "For maintainers: the file is a resource of the program, and has to be fitted anew whenever the kinds"
                        + " of evidence change."
            })
    static final class Prior implements Callable<Integer> {
        @Mixin
        private final RecordingOptions recordings = new RecordingOptions();

        @Option(
                names = {"-o", "--output"},
                required = true,
                paramLabel = "FILE",
                description = "Where to write them.")
        @SuppressWarnings("NullAway.Init")
        private Path output;

        @Override
        public Integer call() {
            WritableFile.require(output, "the weights");
            EvidenceWeights weights = PriorFitting.fit(recordings.read().recorded());
            try {
                weights.toEnvelope(Map.of(
                                "recordings", recordings.description(),
                                "date", InstantSource.system().instant().toString(),
                                "aded", AdedVersion.text()))
                        .writeTo(output);
            } catch (IOException e) {
                throw new AdedException.InvalidArtifact("NOT_WRITTEN", "cannot write " + output, e);
            }
            return ExitCode.OK.code();
        }
    }
}
