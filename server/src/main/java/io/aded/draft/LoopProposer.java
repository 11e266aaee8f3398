package io.aded.draft;

import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Asks drafters that look at one stream each, one after the other. */
public final class LoopProposer implements Proposer {
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
    public void propose(List<DraftRequest> asking) {
        for (int i = 0; i < asking.size(); i++) {
            DraftRequest request = asking.get(i);
            if (request.wantsDraft()) {
                long start = nanoClock.getAsLong();
                try {
                    ((Drafter) request.state()).draft(request.tree(), request.limits());
                } catch (RuntimeException | Error e) {
                    request.failed(e);
                }
                long end = nanoClock.getAsLong();
                request.drafted(start, end, end - start);
            }
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
