package io.aded.llama;

import io.aded.model.TargetModel;
import io.aded.model.TargetModelContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The contract on the library that comes with the program. */
class BundledModelTest extends TargetModelContract {
    @TempDir
    private static Path directory;

    @Override
    protected TargetModel open() {
        return LlamaModel.load(LlamaLibrary.bundled(), TinyModels.f32(directory), ModelParameters.DEFAULT);
    }

    @Override
    protected float tolerance() {
        return 2e-4f;
    }
}
