package io.aded.llama;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.aded.model.TargetModel;
import io.aded.model.TargetModelContract;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** The contract on the library that {@code ADED_TEST_NATIVES} names. */
class InstalledModelTest extends TargetModelContract {
    @TempDir
    private static Path directory;

    @Override
    protected TargetModel open() {
        List<LlamaLibrary> all = Libraries.all().toList();
        assumeTrue(all.size() > 1, "ADED_TEST_NATIVES names no directory with a library");
        return LlamaModel.load(all.getLast(), TinyModels.f32(directory), ModelParameters.DEFAULT);
    }

    @Override
    protected float tolerance() {
        return 2e-4f;
    }
}
