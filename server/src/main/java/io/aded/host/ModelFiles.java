package io.aded.host;

import io.aded.gguf.GgufFile;
import io.aded.model.AdedException;
import io.aded.store.Catalogue;
import io.aded.store.CatalogueEntry;
import io.aded.store.ModelStore;
import io.aded.store.ProcessEnvironment;
import io.aded.store.TransferListener;
import java.nio.file.Path;
import java.util.Locale;

/** Finds the file of a model, and says so if that takes a download. */
public final class ModelFiles {
    private final ProcessEnvironment environment;
    private final TransferListener listener;

    /** Looks and keeps files where the environment says. */
    public ModelFiles(ProcessEnvironment environment, TransferListener listener) {
        this.environment = environment;
        this.listener = listener;
    }

    /** The file of the model, fetched first if it has to be. */
    public Path find(ModelConfiguration wanted) {
        try (ModelStore store = ModelStore.of(environment)) {
            if (wanted.hub() != null) {
                return store.resolveHub(wanted.hub(), listener);
            }
            String name =
                    wanted.model() != null ? wanted.model() : store.catalogue().defaultModel();
            store.catalogue()
                    .find(name)
                    .filter(entry -> store.pulled(entry).isEmpty())
                    .ifPresent(entry -> announce(store, entry));
            return store.resolve(name, listener);
        }
    }

    /**
     * Looks at a model that is named by its file, before anything is fetched or loaded; others are looked at once they
     * are there.
     *
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if it is no model
     */
    public void requireThere(ModelConfiguration wanted) {
        String named = wanted.model();
        if (wanted.hub() != null || named == null) {
            return;
        }
        try (ModelStore store = ModelStore.of(environment)) {
            store.local(named).ifPresent(file -> GgufFile.readModel(file).requireModel());
        }
    }

    private void announce(ModelStore store, CatalogueEntry entry) {
        listener.note(String.format(
                Locale.ROOT,
                "Pulling %s (%s, %.0f MB, %s) to %s; this is done once.",
                entry.name(),
                entry.description(),
                entry.size() / 1e6,
                entry.licence(),
                store.directory()));
    }

    /** Whether the model is one that the catalogue knows. */
    static boolean isOfCatalogue(ModelConfiguration wanted) {
        return wanted.hub() == null
                && (wanted.model() == null
                        || Catalogue.builtIn().find(wanted.model()).isPresent());
    }

    /** What a model is called in messages and in the API: its catalogue name, else its file's name. */
    public static String nameOf(ModelConfiguration wanted, Path file) {
        if (wanted.hub() == null) {
            String given = wanted.model();
            if (given == null) {
                return Catalogue.builtIn().defaultModel();
            }
            if (!given.contains("/") && !given.endsWith(".gguf")) {
                return given;
            }
        }
        return file.getFileName().toString().replaceFirst("\\.gguf$", "");
    }
}
