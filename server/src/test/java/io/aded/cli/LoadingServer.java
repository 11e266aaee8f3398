package io.aded.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** A server that is still loading its model for as long as it lives. */
final class LoadingServer {
    private LoadingServer() {}

    public static void main(String[] arguments) throws Exception {
        var server = new Shutdown.Server() {
            @Override
            public void drain(Duration time) {}

            @Override
            public void close() {}
        };
        try (Interrupts _ = Interrupts.onTerminate(new Shutdown(server, System.out::println))) {
            System.out.println("ready");
            new CountDownLatch(1).await();
        }
    }
}
