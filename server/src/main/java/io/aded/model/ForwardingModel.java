package io.aded.model;

/** A model that does what another one does, but for what a subclass does otherwise: see {@link ForwardingContext}. */
public abstract class ForwardingModel implements TargetModel {
    private final TargetModel model;

    /** Forwards to {@code model}. */
    protected ForwardingModel(TargetModel model) {
        this.model = model;
    }

    @Override
    public ModelInfo info() {
        return model.info();
    }

    @Override
    public Vocabulary vocabulary() {
        return model.vocabulary();
    }

    @Override
    public ChatTemplate chatTemplate() {
        return model.chatTemplate();
    }

    @Override
    public TargetContext newContext(ContextParameters parameters) {
        return model.newContext(parameters);
    }

    @Override
    public TokenSampler newSampler(SamplingParameters parameters) {
        return model.newSampler(parameters);
    }

    @Override
    public void close() {
        model.close();
    }
}
