package io.aded.llama;

import io.aded.grammar.SchemaConverter;
import java.nio.file.Path;

/**
 * The one function of the {@code de.kherud:llama} jar that is called through its own (JNI) interface.
 *
 * <p>Its class loads its library on first use: by default from a copy that it leaves in the temporary directory. It is
 * told to take the copy that {@link BundledNatives} keeps instead. If that is also the library that runs the model, the
 * two share one log callback, which is put back.
 */
final class KherudConverter implements SchemaConverter {
    private static final Object LOCK = new Object();
    private static final String LIBRARY_PATH = "de.kherud.llama.lib.path";

    private static final String SCRATCH_PATH = "de.kherud.llama.tmpdir";

    @Override
    public String convert(String schema) {
        prepare();
        try {
            return de.kherud.llama.LlamaModel.jsonSchemaToGrammar(schema);
        } finally {
            LlamaLibrary.reinstallBundledLog();
        }
    }

    private static void prepare() {
        synchronized (LOCK) {
            if (System.getProperty(LIBRARY_PATH) == null) {
                Path library = BundledNatives.extract(System.getenv());
                System.setProperty(LIBRARY_PATH, String.valueOf(library.getParent()));
                // Before it loads anything it deletes what it takes for its own old files: let it look where there are
                // none of anybody else's.
                System.setProperty(SCRATCH_PATH, String.valueOf(library.getParent()));
            }
        }
    }
}
