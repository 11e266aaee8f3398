package io.aded.llama;

import io.aded.model.TargetModel;
import io.aded.model.TargetModelContract;
import java.nio.file.Path;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The contract on the library that {@code ADED_TEST_NATIVES} names. */
@EnabledIf(value = "isNamed", disabledReason = "ADED_TEST_NATIVES names no directory with a library")
class InstalledModelTest extends TargetModelContract {
    @TempDir
    private static Path directory;

    static boolean isNamed() {
        return Libraries.all().count() > 1;
    }

    @Override
    protected TargetModel open() {
        return LlamaModel.load(Libraries.all().toList().getLast(), TinyModels.f32(directory), ModelParameters.DEFAULT);
    }

    @Override
    protected float tolerance() {
        return 2e-4f;
    }
}
