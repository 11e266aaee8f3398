package io.aded.draft;

import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Asks drafters that look at one stream each. */
public final class LoopProposer implements StreamwiseProposer {
    private final Supplier<? extends Drafter> drafters;
    private final LongSupplier nanoClock;

    /**
     * A proposer over drafters of one kind.
     *
     * @param drafters makes the drafter of a stream
     * @param nanoClock tells what each stream's draft took
     */
    public LoopProposer(Supplier<? extends Drafter> drafters, LongSupplier nanoClock) {
        this.drafters = drafters;
        this.nanoClock = nanoClock;
    }

    /** Proposers over the drafters that a function makes from their labels. */
    public static ProposerFactory factory(Function<String, ? extends Drafter> drafters) {
        return (label, _, nanoClock) -> new LoopProposer(() -> drafters.apply(label), nanoClock);
    }

    @Override
    public Drafter open() {
        return drafters.get();
    }

    @Override
    public void propose(DraftRequest asking) {
        if (asking.wantsDraft()) {
            long start = nanoClock.getAsLong();
            try {
                ((Drafter) asking.state()).draft(asking.tree(), asking.limits());
            } catch (RuntimeException | Error e) {
                asking.failed(e);
            }
            long end = nanoClock.getAsLong();
            asking.drafted(start, end, end - start);
        }
    }

    /** Drafting takes the host's time alone. */
    @Override
    public double levelNanos(int streams) {
        return 0;
    }

    @Override
    public void close() {}
}
