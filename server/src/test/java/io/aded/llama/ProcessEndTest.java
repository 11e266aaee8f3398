package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.ForkedJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A process that ends in the middle of passes ends as it is told to, and not by a fault of native code. */
class ProcessEndTest {
    private static final List<String> QUICK_START = List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    /** A pass of 512 tokens takes a second, so that it goes on while the process ends. */
    private static final int LAYERS = 100;

    @TempDir
    private static Path directory;

    private static Path model;

    @BeforeAll
    static void write() throws IOException {
        model = TinyModels.writer(1, LAYERS).write(directory.resolve("deep.gguf"));
    }

    static Stream<Arguments> ways() {
        return Libraries.all()
                .flatMap(library -> Stream.of(
                        Arguments.of(library, "TERM", 143),
                        Arguments.of(library, "halt", 17),
                        Arguments.of(library, "return", 0)));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void end_whileNativeCodeDecodes_hasTheStatusOfItsWay(LlamaLibrary library, String way, int status)
            throws Exception {
        String name = library.isBundled() ? "bundled" : library.path().toString();
        for (int round = 0; round < Integer.getInteger("aded.processEnd.rounds", 1); round++) {
            ForkedJvm.Result result =
                    ForkedJvm.run(EndsWhileDecoding.class, directory, QUICK_START, name, model.toString(), way);
            // A fault of native code prints a report, and a destructor that gives up "terminate called ...".
            assertThat(result.output().strip()).isEqualTo("decoding");
            assertThat(result.exitCode()).isEqualTo(status);
        }
    }
}
