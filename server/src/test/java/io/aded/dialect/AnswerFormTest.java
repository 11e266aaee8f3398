package io.aded.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.grammar.GrammarParts;
import io.aded.grammar.GrammarRefused;
import io.aded.model.AdedException;
import io.aded.model.ChatTemplate;
import io.aded.model.ContextParameters;
import io.aded.model.ModelInfo;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenSampler;
import io.aded.model.Vocabulary;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A caller's grammar within that of an answer with reasoning. */
class AnswerFormTest {
    /** Compiles what it is given, as a model's sampler would, and makes none. */
    private static final class Compiler implements TargetModel {
        private final List<String> compiled = new ArrayList<>();

        @Override
        public TokenSampler newSampler(SamplingParameters parameters) {
            String grammar = String.valueOf(parameters.grammar());
            compiled.add(grammar);
            try {
                GrammarParts.check(grammar);
            } catch (GrammarRefused e) {
                throw new AdedException.InvalidRequest("sampling.grammar", String.valueOf(e.getMessage()));
            }
            throw new UnsupportedOperationException("compiled");
        }

        @Override
        public ModelInfo info() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Vocabulary vocabulary() {
            throw new UnsupportedOperationException();
        }

        @Override
        public ChatTemplate chatTemplate() {
            throw new UnsupportedOperationException();
        }

        @Override
        public TargetContext newContext(ContextParameters parameters) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    private final Compiler model = new Compiler();

    private void sample(String grammar) {
        SamplingParameters sampling = SamplingParameters.DEFAULT.withGrammar(grammar);
        AnswerForm form = new AnswerForm(
                new Spoken(Templates.dialect(Templates.TAGGED), Marks.NONE),
                new AnswerForm.Request(List.of(), ToolChoice.AUTO, true, -1, true),
                sampling,
                true);
        assertThat(model.compiled).as("a form alone costs no automaton").isEmpty();
        form.sampler(model, sampling, false).close();
    }

    @Test
    void sampler_leftRecursionOfACaller_isSaidByTheNamesOfItsRules() {
        for (String grammar : List.of("root ::= root \"a\"", "root ::= list\nlist ::= list \"a\" | \"a\"")) {
            model.compiled.clear();
            assertThatThrownBy(() -> sample(grammar))
                    .isInstanceOf(AdedException.InvalidRequest.class)
                    .hasMessageStartingWith("sampling.grammar: ")
                    .hasMessageContaining("the left-recursive rule " + (grammar.contains("list") ? "list:" : "root:"));
            assertThat(model.compiled).hasSize(1);
        }
    }

    @Test
    void sampler_goodGrammar_isCompiledOnceAndAsAPart() {
        assertThatThrownBy(() -> sample("root ::= \"a\"")).hasMessage("compiled");
        assertThat(model.compiled).singleElement().asString().contains("p0-0 ::= ");
    }
}
