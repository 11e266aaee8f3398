package io.aded.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/** A server that never ends when it is told to, as one whose native code is stuck. */
final class StuckServer {
    private StuckServer() {}

    public static void main(String[] arguments) throws Exception {
        var server = new Shutdown.Server() {
            @Override
            public void drain(Duration time) {
                close();
            }

            @Override
            public void close() {
                while (true) {
                    LockSupport.park(this);
                }
            }
        };
        var stop = new Shutdown(server, System.out::println);
        stop.drainFor(Duration.ofSeconds(1));
        Thread.ofPlatform().name("aded-engine").start(server::close);
        try (Interrupts _ = Interrupts.onTerminate(stop);
                Interrupts _ = Interrupts.onHangup(stop)) {
            System.out.println("ready");
            new CountDownLatch(1).await();
        }
    }
}
