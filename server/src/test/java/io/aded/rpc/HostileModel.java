package io.aded.rpc;

import io.aded.grammar.CompiledGrammars;
import io.aded.grammar.GrammarRefused;
import io.aded.grammar.VocabularyTrie;
import io.aded.model.AdedException;
import io.aded.model.ChatTemplate;
import io.aded.model.ContextParameters;
import io.aded.model.ModelInfo;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenSampler;
import io.aded.model.Vocabulary;
import io.aded.template.ChatTemplates;
import io.aded.template.SpecialTexts;
import java.time.Instant;
import java.time.ZoneOffset;

/**
 * The scripted model with a chat template and with grammars that are compiled as for a real one, though its answers do
 * not follow them: for requests that mean to break what reads them.
 */
final class HostileModel implements TargetModel {
    private static final String TEMPLATE =
            "{% for message in messages %}{{ '<' + message['role'] + '>' + message['content'] | trim + '</>' }}"
                    + "{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
                    + "{% if enable_thinking is defined and enable_thinking %}{{ '<think>' }}{% endif %}";

    private final ScriptedModel exact = new ScriptedModel(ScriptedModel.babble(7, 2));
    private final CompiledGrammars grammars = new CompiledGrammars(VocabularyTrie.of(exact.vocabulary()));
    private final ChatTemplate template =
            ChatTemplates.of(TEMPLATE, new SpecialTexts("", "", false), () -> Instant.EPOCH, ZoneOffset.UTC);

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
        try {
            if (grammar != null) {
                grammars.gbnf(grammar);
            }
            if (schema != null) {
                grammars.jsonSchema(schema);
            }
        } catch (GrammarRefused e) {
            throw new AdedException.InvalidRequest(
                    grammar != null ? "sampling.grammar" : "sampling.json_schema", String.valueOf(e.getMessage()));
        }
        return exact.newSampler(parameters.withGrammar(null).withJsonSchema(null));
    }

    @Override
    public void close() {
        exact.close();
    }
}
