package io.aded.natives;

import io.aded.llama.LlamaLibrary;
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
