package io.aded.natives;

import io.aded.llama.LlamaLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Programs that stand in for a trial: what libraries have been seen to do to the process that loads them. */
final class Children {
    private Children() {}

    /** Prints its verdict in the middle of a library's chatter. */
    static final class Talkative {
        private Talkative() {}

        public static void main(String[] arguments) {
            for (int i = 0; i < 10_000; i++) {
                System.err.println("ggml_cuda_init: found " + i + " devices");
            }
            System.out.println("half a line of the driver's");
            LlamaLibrary.Device device = new LlamaLibrary.Device(
                    "CUDA0", "arguments: " + List.of(arguments), LlamaLibrary.Device.Kind.GPU, 1, 2);
            System.out.println("noise " + Trial.MARK + new Verdict(null, "a library", List.of(device)).toJson());
        }
    }

    /** Dies like an assertion of native code. */
    static final class Aborting {
        private Aborting() {}

        public static void main(String[] arguments) {
            System.err.println("ggml.c:77: GGML_ASSERT(no kernel image) failed");
            System.err.println("[New LWP 77]");
            Runtime.getRuntime().halt(134);
        }
    }

    /** Dies as CUDA's back end does under a driver that is too old for its code. */
    static final class Outdated {
        private Outdated() {}

        public static void main(String[] arguments) {
            System.err.println("ERROR cpp: CUDA error: the provided PTX was compiled with an unsupported toolchain.");
            System.err.println("ERROR cpp: current device: 0, in function f at common.cuh:1679");
            System.err.println("ggml-cuda.cu:108: CUDA error");
            System.err.println("libggml-base.so(ggml_abort+0x152)[0x7fc1fc04df42]");
            Runtime.getRuntime().halt(134);
        }
    }

    /** Dies with a temporary file open, and has told where that lies. */
    static final class Littering {
        private Littering() {}

        public static void main(String[] arguments) throws IOException {
            Path file = Files.createTempFile("aded-trial-", ".gguf");
            Files.writeString(Path.of(arguments[0], "where"), file.toString());
            Runtime.getRuntime().halt(134);
        }
    }

    /** Ends as if all were well, and says nothing. */
    static final class Silent {
        private Silent() {}

        public static void main(String[] arguments) {}
    }

    /** Never ends. */
    static final class Hanging {
        private Hanging() {}

        public static void main(String[] arguments) throws InterruptedException {
            new CountDownLatch(1).await();
        }
    }
}
