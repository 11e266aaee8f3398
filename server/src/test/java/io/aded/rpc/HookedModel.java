package io.aded.rpc;

import io.aded.model.ForwardingModel;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
import io.aded.model.Vocabulary;
import org.jspecify.annotations.Nullable;

/** The scripted model, but something happens to each text before it is split into tokens. */
final class HookedModel extends ForwardingModel {
    private final Hook hook;

    private HookedModel(TargetModel model, Hook hook) {
        super(model);
        this.hook = hook;
    }

    /** What happens. */
    interface Hook {
        void before(String text);
    }

    static HookedModel of(Hook hook) {
        return new HookedModel(new ScriptedModel(ScriptedModel.babble(7, 2)), hook);
    }

    @Override
    public Vocabulary vocabulary() {
        return new Hooked(super.vocabulary(), hook);
    }

    private record Hooked(Vocabulary exact, Hook hook) implements Vocabulary {
        @Override
        public int size() {
            return exact.size();
        }

        @Override
        public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
            hook.before(text);
            return exact.tokenize(text, addSpecial, parseSpecial);
        }

        @Override
        public int piece(int token, byte[] destination, boolean special) {
            return exact.piece(token, destination, special);
        }

        @Override
        public String detokenize(int[] tokens, boolean special) {
            hook.before("");
            return exact.detokenize(tokens, special);
        }

        @Override
        public int beginningOfSequence() {
            return exact.beginningOfSequence();
        }

        @Override
        public int endOfSequence() {
            return exact.endOfSequence();
        }

        @Override
        public boolean endsGeneration(int token) {
            return exact.endsGeneration(token);
        }

        @Override
        public boolean isControl(int token) {
            return exact.isControl(token);
        }

        @Override
        public @Nullable String kind() {
            return exact.kind();
        }
    }
}
