package io.aded.lab.load;

import io.aded.grammar.CompiledGrammars;
import io.aded.grammar.GrammarExhausted;
import io.aded.grammar.GrammarRefused;
import io.aded.grammar.TokenMasks;
import io.aded.grammar.VocabularyTrie;
import io.aded.model.AdedException;
import io.aded.model.ChatTemplate;
import io.aded.model.ContextParameters;
import io.aded.model.FieldViolation;
import io.aded.model.ModelInfo;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.Vocabulary;
import io.aded.template.ChatTemplates;
import io.aded.template.SpecialTexts;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.concurrent.locks.LockSupport;

/**
 * Stands in for a model where everything but the model is looked at: the scripted one with a chat template and with
 * grammars, which its answers follow. A pass takes the time that it is told to, asleep: as if the work were done
 * elsewhere, on a GPU.
 */
public final class StandInModel implements TargetModel {
    private static final String TEMPLATE =
            "{% for message in messages %}{{ '<' + message['role'] + '>' + message['content'] | trim + '</>' }}"
                    + "{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
                    + "{% if enable_thinking is defined and enable_thinking %}{{ '<think>' }}{% endif %}";

    private final ScriptedModel exact;
    private final CompiledGrammars grammars;
    private final ChatTemplate template;

    /**
     * A model that babbles.
     *
     * @param pass what a forward pass takes, however wide it is
     */
    public StandInModel(Duration pass) {
        this(pass, TEMPLATE, ScriptedModel.babble(1, 2));
    }

    /**
     * A model that says what it is told to.
     *
     * @param pass what a forward pass takes, however wide it is
     * @param chatTemplate in Jinja
     * @param script what it says
     */
    public StandInModel(Duration pass, String chatTemplate, ScriptedModel.Script script) {
        long nanos = pass.toNanos();
        exact = new ScriptedModel(script, _ -> sleep(nanos));
        template = ChatTemplates.of(chatTemplate, new SpecialTexts("", "", false), () -> Instant.EPOCH, ZoneOffset.UTC);
        grammars = new CompiledGrammars(VocabularyTrie.of(exact.vocabulary()));
    }

    private static void sleep(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0 && !Thread.currentThread().isInterrupted(); left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /**
     * A draft model for this one, whose passes take no time.
     *
     * @param agreement the share of texts after which it thinks the same, in [0, 1]
     */
    public TargetModel draft(double agreement) {
        return exact.draft(agreement, 1, _ -> {}, ScriptedModel.Cells.TAKEN_OVER);
    }

    @Override
    public ModelInfo info() {
        return exact.info();
    }

    @Override
    public Vocabulary vocabulary() {
        return exact.vocabulary();
    }

    @Override
    public ChatTemplate chatTemplate() {
        return template;
    }

    @Override
    public TargetContext newContext(ContextParameters parameters) {
        return exact.newContext(parameters);
    }

    @Override
    public TokenSampler newSampler(SamplingParameters parameters) {
        String grammar = parameters.grammar();
        String schema = parameters.jsonSchema();
        TokenSampler free = exact.newSampler(parameters.withGrammar(null).withJsonSchema(null));
        String field = grammar != null ? "sampling.grammar" : "sampling.json_schema";
        try {
            if (grammar != null) {
                return new Constrained(free, grammars.gbnf(grammar), field);
            }
            return schema == null ? free : new Constrained(free, grammars.jsonSchema(schema), field);
        } catch (GrammarRefused e) {
            throw new AdedException.InvalidRequest(field, String.valueOf(e.getMessage()));
        }
    }

    /** Takes the best token that the grammar allows. */
    private final class Constrained implements TokenSampler {
        private final TokenSampler free;
        private final TokenMasks masks;
        private final String field;
        private final long[] mask = new long[ScriptedModel.VOCABULARY_SIZE + 63 >> 6];
        private final float[] row = new float[ScriptedModel.VOCABULARY_SIZE];
        private TokenMasks.Position position;

        Constrained(TokenSampler free, TokenMasks masks, String field) {
            this.free = free;
            this.masks = masks;
            this.field = field;
            position = masks.start();
        }

        @Override
        public boolean isPlainGreedy() {
            return false;
        }

        @Override
        public int sample(TargetContext context, int index) {
            context.copyLogits(index, row);
            try {
                masks.fill(position, mask);
                int best = position.accepts() ? vocabulary().endOfSequence() : -1;
                for (int token = 0; token < row.length; token++) {
                    boolean allowed = (mask[token >> 6] & 1L << token) != 0;
                    if (allowed && (best < 0 || row[token] > row[best])) {
                        best = token;
                    }
                }
                if (best < 0) {
                    throw TokenSampler.noToken("the constraint forbids every token");
                }
                if (!vocabulary().endsGeneration(best)) {
                    position = masks.drawn(position, best);
                }
                return best;
            } catch (GrammarExhausted e) {
                throw AdedException.ResourceExhausted.byField(
                        AdedException.CONSTRAINT_EXHAUSTED, new FieldViolation(field, String.valueOf(e.getMessage())));
            }
        }

        @Override
        public void remember(int token) {
            free.remember(token);
        }

        @Override
        public boolean constrains() {
            return false;
        }

        @Override
        public void prune(TokenTree tree) {}

        @Override
        public void close() {
            free.close();
        }
    }

    @Override
    public void close() {
        exact.close();
    }
}
