package io.aded.cli;

import io.aded.gguf.GgufFile;
import io.aded.host.ModelConfiguration;
import io.aded.host.ModelFiles;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.ModelParameters;
import io.aded.model.AdedException;
import io.aded.store.CatalogueEntry;
import io.aded.store.ModelStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The models on this machine and those that can be pulled. */
@Command(
        name = "models",
        description = "Lists, pulls and describes models.",
        subcommands = {
            ModelsCommand.ListModels.class,
            ModelsCommand.Pull.class,
            ModelsCommand.Show.class,
            FormatsCommand.class,
            DeriveCommand.class,
            SynthesizeCommand.class
        })
final class ModelsCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "a command is missing; one of list, pull, show, formats, derive, synthesize");
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }

    @Command(name = "list", description = "Lists the catalogue's models and those that were fetched.")
    static final class ListModels implements Callable<Integer> {
        private final Terminal terminal;

        ListModels(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            try (ModelStore store = ModelStore.of(terminal.environment())) {
                List<ModelStore.Stored> stored = new ArrayList<>(store.list());
                for (CatalogueEntry entry : store.catalogue().models()) {
                    Optional<Path> file = store.pulled(entry);
                    boolean isDefault = entry.name().equals(store.catalogue().defaultModel());
                    terminal.out()
                            .printf(
                                    Locale.ROOT,
                                    "%-24s %12s  %-14s %s%s%n",
                                    entry.name(),
                                    megabytes(entry.size()),
                                    file.isPresent() ? "here" : "can be pulled",
                                    entry.description(),
                                    isDefault ? " (default)" : "");
                    stored.removeIf(other -> other.name().equals(entry.name()));
                }
                for (ModelStore.Stored other : stored) {
                    terminal.out()
                            .printf(
                                    Locale.ROOT,
                                    "%-24s %12s  %-14s %s%n",
                                    other.name(),
                                    megabytes(other.size()),
                                    "here",
                                    other.path());
                }
                return ExitCode.OK.code();
            }
        }
    }

    @Command(name = "pull", description = "Fetches a model, or the rest of it, and verifies it.")
    static final class Pull implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(
                arity = "0..1",
                paramLabel = "MODEL",
                description = "A name of the catalogue or an http(s) address. Default: the catalogue's default.")
        private @Nullable String model;

        @Option(names = "--hf", paramLabel = "OWNER/REPO[:FILE]", description = "A model of Hugging Face instead.")
        private @Nullable String hub;

        Pull(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            ModelConfiguration wanted = new ModelConfiguration(
                    model, hub, null, ModelParameters.DEFAULT, true, ModelConfiguration.FormatWish.NONE, true);
            Path file = ProgressPrinter.during(
                    terminal, listener -> new ModelFiles(terminal.environment(), listener).find(wanted));
            terminal.out().println(file);
            return ExitCode.OK.code();
        }
    }

    @Command(
            name = "show",
            description = "Describes a model by its file's header, and verifies it if its checksum is known.")
    static final class Show implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(
                arity = "0..1",
                paramLabel = "MODEL",
                description = "A name of the catalogue or a file. Default: the catalogue's default.")
        private @Nullable String model;

        @Option(names = "--metadata", description = "Print every entry of the header.")
        private boolean metadata;

        Show(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            try (ModelStore store = ModelStore.of(terminal.environment())) {
                String name = model == null ? store.catalogue().defaultModel() : model;
                Optional<CatalogueEntry> entry = store.catalogue().find(name);
                entry.ifPresent(known -> row("catalogue", known.name() + ": " + known.description()));
                entry.ifPresent(known -> row("licence", known.licence()));
                Path path;
                if (entry.isPresent()) {
                    path = store.pulled(entry.get()).orElse(null);
                    if (path == null) {
                        row("size", megabytes(entry.get().size()));
                        row("file", "not pulled yet; " + terminal.program() + " models pull " + name);
                        return ExitCode.OK.code();
                    }
                    store.verify(entry.get(), path);
                    row("sha256", entry.get().sha256() + " (verified)");
                } else {
                    if (name.contains("://")) {
                        throw new AdedException.InvalidRequest(
                                "MODEL",
                                "is an address; pull it first, then show the file that \"aded models list\" names");
                    }
                    path = store.resolve(name, new ProgressPrinter(terminal));
                }
                describe(GgufFile.read(path));
                return ExitCode.OK.code();
            }
        }

        private void describe(GgufFile file) {
            row("file", file.path().toString());
            row("size", megabytes(file.size()));
            row("name", file.name());
            row("architecture", file.architecture() + ", GGUF version " + file.version());
            List<String> versions = LlamaLibrary.versionsFor(file.architecture());
            row(
                    "known to",
                    versions.isEmpty() ? "no llama.cpp that is supported" : "llama.cpp " + String.join(", ", versions));
            row("parameters", String.format(Locale.ROOT, "%,d", file.parameters()));
            row("quantisation", file.quantization());
            row("context", file.trainedContext() + " tokens in training");
            row("tensors", String.valueOf(file.tensors().size()));
            row("chat template", file.string("tokenizer.chat_template") == null ? "none in the file" : "in the file");
            if (metadata) {
                file.metadata()
                        .forEach((key, value) -> row(
                                key,
                                switch (value) {
                                    case GgufFile.Array array -> array.count() + " × " + array.elementType();
                                    case String text
                                    when text.length() > 200 ->
                                        text.substring(0, 200).replace("\n", "\\n") + " …";
                                    default -> String.valueOf(value).replace("\n", "\\n");
                                }));
            }
            file.requireModel();
        }

        private void row(String key, String value) {
            terminal.out().printf(Locale.ROOT, "%-14s %s%n", key, value);
        }
    }
}
