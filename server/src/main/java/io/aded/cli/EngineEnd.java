package io.aded.cli;

import io.aded.host.EngineFailureListener;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * How a server ends whose engine will not come back: its supervisor is to start another, and is told why by the exit
 * status.
 */
final class EngineEnd implements EngineFailureListener {
    private final Runnable drain;
    private final IntConsumer halt;
    private final Consumer<String> notes;
    private volatile ExitCode code = ExitCode.OK;

    /**
     * What is to be done.
     *
     * @param drain lets other engines' answers end, and then whoever waits for the end of the server go on
     * @param halt ends the process at once, with a status; nothing else can while native code hangs
     * @param notes tells the user
     */
    EngineEnd(Runnable drain, IntConsumer halt, Consumer<String> notes) {
        this.drain = drain;
        this.halt = halt;
        this.notes = notes;
    }

    /** The status of a server that has been drained. */
    ExitCode code() {
        return code;
    }

    @Override
    public void failed(Failure failure) {
        switch (failure) {
            case LOST -> {
                code = ExitCode.ENGINE_LOST;
                notes.accept("An engine failed and is lost; the server ends. The log says why.");
                drain.run();
            }
            case HUNG -> {
                notes.accept("An engine hangs and does not come back; the process ends. The log says where it is.");
                halt.accept(ExitCode.ENGINE_HUNG.code());
            }
        }
    }
}
