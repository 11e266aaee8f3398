package io.aded.cli;

import io.aded.store.CatalogueEntry;
import io.aded.store.ModelStore;
import java.nio.file.Path;
import java.util.Locale;

/** Finds the file of the model that the user chose, and tells the user if that takes a download. */
final class Models {
    private Models() {}

    /** The file of the chosen model, fetched first if it has to be. */
    static Path resolve(Terminal terminal, ModelOptions.Choice choice) {
        ProgressPrinter progress = new ProgressPrinter(terminal);
        try (ModelStore store = ModelStore.of(terminal.surroundings())) {
            if (choice.hub() != null) {
                return store.resolveHub(choice.hub(), progress);
            }
            String name =
                    choice.model() != null ? choice.model() : store.catalogue().defaultModel();
            store.catalogue()
                    .find(name)
                    .filter(entry -> store.pulled(entry).isEmpty())
                    .ifPresent(entry -> announce(terminal, store, entry));
            return store.resolve(name, progress);
        } finally {
            progress.finish();
        }
    }

    private static void announce(Terminal terminal, ModelStore store, CatalogueEntry entry) {
        terminal.note(String.format(
                Locale.ROOT,
                "Pulling %s (%s, %.0f MB, %s) to %s; this is done once.",
                entry.name(),
                entry.description(),
                entry.size() / 1e6,
                entry.licence(),
                store.directory()));
    }

    /** What a model is called in messages and in the API: its catalogue name, else its file's name. */
    static String nameOf(ModelOptions.Choice choice, Path file) {
        if (choice.hub() == null) {
            String given = choice.model();
            if (given == null) {
                return io.aded.store.Catalogue.builtIn().defaultModel();
            }
            if (!given.contains("/") && !given.endsWith(".gguf")) {
                return given;
            }
        }
        return file.getFileName().toString().replaceFirst("\\.gguf$", "");
    }
}
