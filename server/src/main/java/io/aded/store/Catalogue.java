package io.aded.store;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * The models that have a name: a small file that comes with the program.
 *
 * @param defaultModel the one that is used when the user names none
 * @param models all of them, the default among them
 */
public record Catalogue(@JsonProperty("default") String defaultModel, List<CatalogueEntry> models) {

    public Catalogue {
        models = List.copyOf(models);
    }

    /** The catalogue of this program. */
    public static Catalogue builtIn() {
        try (InputStream in = Objects.requireNonNull(Catalogue.class.getResourceAsStream("catalogue.json"))) {
            return JsonMapper.shared().readValue(in, Catalogue.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The model of this name, if there is one. */
    public Optional<CatalogueEntry> find(String name) {
        return models.stream().filter(entry -> entry.name().equals(name)).findFirst();
    }
}
