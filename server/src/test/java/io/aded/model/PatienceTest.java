package io.aded.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.grammar.TokenMasks;
import io.aded.grammar.VocabularyTrie;
import io.aded.template.jinja.Bounds;
import io.aded.template.jinja.JinjaTemplate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What works on a caller's text stops when nobody waits for it any more. */
class PatienceTest {
    private static final VocabularyTrie BYTES =
            VocabularyTrie.of(new ScriptedModel(ScriptedModel.babble(1, 1)).vocabulary());

    /** Ends the work the first time that it asks. */
    private static void assertStops(Callable<?> work) {
        Supplier<Object> unchecked = () -> {
            try {
                return work.call();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new AssertionError("refused before it asked", e);
            }
        };
        assertThatThrownBy(() -> Patience.during(
                        () -> {
                            throw new AdedException.Cancelled("enough");
                        },
                        unchecked))
                .isInstanceOf(AdedException.Cancelled.class);
    }

    @Test
    void check_noLimit_returns() {
        Patience.check();
        assertThat(Patience.during(() -> {}, () -> {
                    Patience.check();
                    return 5;
                }))
                .isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(100000) %}{% endfor %}",
                "{% for i in range(3000) %}{{ 'x' * 1000 }}{% endfor %}",
                "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
            })
    void render_templateThatTakesLong_asks(String source) {
        JinjaTemplate template = JinjaTemplate.parse(source);
        assertStops(() -> template.render(Map.of(), Instant.EPOCH.atZone(ZoneOffset.UTC), Bounds.DEFAULT));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "root ::= a{0,60000}\na ::= [a-z] | \"b\"",
                "root ::= \"x\"{3000}",
                "root ::= a | b\na ::= \"1\"\nb ::= \"2\"",
            })
    void ofGbnf_grammarThatTakesLong_asks(String grammar) {
        assertStops(() -> TokenMasks.ofGbnf(grammar, BYTES));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"string\",\"maxLength\":9000}",
                "{\"allOf\":[{\"anyOf\":[{\"const\":1},{\"const\":2}]},{\"anyOf\":[{\"const\":1},{\"const\":2}]}]}",
                "{\"type\":\"array\",\"items\":{\"type\":\"object\"},\"minItems\":50}",
            })
    void ofJsonSchema_schemaThatTakesLong_asks(String schema) {
        assertStops(() -> TokenMasks.ofJsonSchema(schema, BYTES));
    }
}
