package io.aded.llama;

import io.aded.model.ContextParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import sun.misc.Signal;

/**
 * Decodes without end, in passes of a second, and ends while it does: as the third argument says.
 *
 * <p>Between the destructors of native libraries and the end there is less than a millisecond, so that the fault which
 * they lead to is rare. Here the process sleeps in between if it comes there: what is registered first is called last.
 */
final class EndsWhileDecoding {
    private static final int WIDTH = 512;
    private static final long MICROSECONDS = 2_000_000;

    private EndsWhileDecoding() {}

    public static void main(String[] arguments) throws Throwable {
        sleepAfterDestructors();
        LlamaLibrary library =
                arguments[0].equals("bundled") ? LlamaLibrary.bundled() : LlamaLibrary.load(Path.of(arguments[0]));
        LlamaModel model = LlamaModel.load(library, Path.of(arguments[1]), ModelParameters.DEFAULT);
        TargetContext context =
                model.newContext(ContextParameters.ofCells(WIDTH).withThreads(1).withMaxBatchTokens(WIDTH));
        CountDownLatch decoding = new CountDownLatch(1);
        Thread.ofPlatform().daemon(true).start(() -> decodeForEver(context, decoding));
        decoding.await();
        System.out.println("decoding");
        System.out.flush();
        String way = arguments[2];
        switch (way) {
            case "exit" -> System.exit(17);
            case "halt" -> ProcessEnd.halt(17);
            case "return" -> {}
            default -> {
                Signal.raise(new Signal(way));
                new CountDownLatch(1).await();
            }
        }
    }

    /** Where C's library is another than glibc nothing is registered, and the fault stays as rare as it is. */
    private static void sleepAfterDestructors() throws Throwable {
        Linker linker = Linker.nativeLinker();
        var library = linker.defaultLookup();
        if (library.find("on_exit").isEmpty()) {
            return;
        }
        int failed = (int) linker.downcallHandle(
                        library.findOrThrow("__cxa_atexit"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG))
                .invokeExact(library.findOrThrow("usleep").address(), MICROSECONDS, 0L);
        if (failed != 0) {
            throw new AssertionError("not registered");
        }
    }

    private static void decodeForEver(TargetContext context, CountDownLatch decoding) {
        TokenBatch batch = new TokenBatch();
        for (int i = 0; i < WIDTH; i++) {
            batch.add(262 + i % 40, i, 0, i == WIDTH - 1);
        }
        while (true) {
            context.clear();
            context.decode(batch);
            // From now on pass follows upon pass, and there is next to nothing in between that is Java's.
            decoding.countDown();
        }
    }
}
