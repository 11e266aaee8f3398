package io.aded.engine;

import io.aded.model.TargetContext;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Goes on with the {@link Calibration} while the engine has nothing to do, a pass at a time. A pass that serves nobody
 * gives way to whoever comes in between: it is aborted, and played again later.
 *
 * <p>Passes are played by the engine's thread; the other methods are for any thread.
 */
final class IdleCalibration {
    private final Calibration calibration;
    private final TargetContext context;
    private final CellLedger ledger;
    private final CommandQueue commands;
    private final CountDownLatch done = new CountDownLatch(1);

    /** While a pass is played. */
    private volatile boolean measuring;

    IdleCalibration(Calibration calibration, TargetContext context, CellLedger ledger, CommandQueue commands) {
        this.calibration = calibration;
        this.context = context;
        this.ledger = ledger;
        this.commands = commands;
    }

    /** Plays one more pass if nobody has a turn. False if there is none to play. */
    boolean measureOne(Admission admission) {
        if (!admission.isIdle() || !calibration.isPending() || ledger.sequencesFree() == 0) {
            if (admission.running().isEmpty() && !calibration.isPending()) {
                done.countDown();
            }
            return false;
        }
        int sequence = ledger.takeSequence();
        measuring = true;
        if (commands.isEmpty()) { // seen by now, or its sender sees that a pass is to be aborted
            calibration.measureNext(sequence, ledger.cellsFree());
        }
        measuring = false;
        ledger.returnSequence(sequence);
        return true;
    }

    /** Has a pass that serves nobody aborted, if one is played. To be called after a command was queued. */
    void giveWay() {
        if (measuring) {
            context.requestAbort();
        }
    }

    /** Waits until there is nothing left to measure, or the engine has ended. False if that took longer. */
    boolean await(Duration longest) throws InterruptedException {
        return done.await(longest.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** The engine has ended: nothing is measured any more. */
    void end() {
        done.countDown();
    }
}
