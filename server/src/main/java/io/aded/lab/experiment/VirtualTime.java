package io.aded.lab.experiment;

import io.aded.draft.DraftModelInfo;
import io.aded.draft.neural.DraftContexts;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.ForwardingContext;
import io.aded.model.ForwardingModel;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** A clock that only passes advance, each by what a {@linkplain StatedMachine stated machine} would take for it. */
final class VirtualTime implements LongSupplier {
    private final StatedMachine machine;
    private final AtomicLong nanos = new AtomicLong(1);

    VirtualTime(StatedMachine machine) {
        this.machine = machine;
    }

    @Override
    public long getAsLong() {
        return nanos.get();
    }

    /** The same model, whose passes advance this clock. */
    TargetModel of(TargetModel model) {
        return new Model(model);
    }

    /** The same draft model, whose passes advance this clock beside those of a model of so many bytes. */
    DraftContexts of(DraftContexts drafts, long modelBytes) {
        double share = machine.draftCost(drafts, modelBytes);
        return new DraftContexts() {
            @Override
            public Opened open(TargetContext target) {
                Opened opened = drafts.open(target);
                return new Opened(
                        new Context(opened.context(), tokens -> Math.round(share * machine.nanos((int) tokens))),
                        opened.copier(),
                        opened.vocabulary(),
                        opened.positions());
            }

            @Override
            public @Nullable DraftModelInfo info() {
                return drafts.info();
            }
        };
    }

    private final class Context extends ForwardingContext {
        private final LongUnaryOperator price;

        Context(TargetContext context, LongUnaryOperator price) {
            super(context);
            this.price = price;
        }

        @Override
        public DecodeOutcome decode(TokenBatch batch) {
            DecodeOutcome outcome = super.decode(batch);
            nanos.addAndGet(price.applyAsLong(batch.size()));
            return outcome;
        }
    }

    private final class Model extends ForwardingModel {
        Model(TargetModel model) {
            super(model);
        }

        @Override
        public TargetContext newContext(ContextParameters parameters) {
            return new Context(super.newContext(parameters), tokens -> machine.nanos((int) tokens));
        }
    }
}
