package io.aded.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.dialect.CallForm.JsonBody;
import io.aded.dialect.CallForm.KeyedBody;
import io.aded.dialect.CallForm.NamedBody;
import io.aded.dialect.CallForm.OtherValues;
import io.aded.dialect.CallForm.TextValues;
import org.junit.jupiter.api.Test;

/** What templates of each kind tell of calls and reasoning. */
class DialectProbeTest {
    @Test
    void probe_objectsBetweenMarks_foundWithReasoning() {
        Dialect dialect = Templates.dialect(Templates.TAGGED);

        assertThat(dialect.calls())
                .isEqualTo(new CallForm(
                        "",
                        "<tool_call>\n",
                        "\n</tool_call>",
                        "\n",
                        "",
                        true,
                        true,
                        new JsonBody("name", "arguments", "{\"name\": \"", "\", \"arguments\": ", "}")));
        assertThat(dialect.reasoning()).isEqualTo(new ReasoningForm("<think>\n", "\n</think>\n\n"));
    }

    @Test
    void probe_listOfObjectsWithIds_foundFromArgumentsAsText() {
        assertThat(Templates.dialect(Templates.LISTED).calls())
                .isEqualTo(new CallForm(
                        "[CALLS][",
                        "",
                        "",
                        ", ",
                        "]",
                        true,
                        true,
                        new JsonBody(
                                "name",
                                "arguments",
                                "{\"name\": \"",
                                "\", \"arguments\": ",
                                ", \"id\": \"" + CallForm.ID + "\"}")));
    }

    @Test
    void probe_argumentsByThemselves_found() {
        assertThat(Templates.dialect(Templates.KEYED).calls())
                .isEqualTo(new CallForm(
                        "",
                        "<tool_call>\n<function=",
                        "\n</function>\n</tool_call>",
                        "\n",
                        "",
                        true,
                        true,
                        new KeyedBody(
                                ">",
                                "\n<parameter=",
                                "\n</parameter>",
                                "",
                                TextValues.RAW,
                                OtherValues.JSON,
                                "",
                                ">\n",
                                ">\n")));
    }

    @Test
    void probe_stringsBetweenMarks_found() {
        assertThat(Templates.dialect(Templates.QUOTED).calls())
                .isEqualTo(new CallForm(
                        "",
                        "<|tool_call>call:",
                        "}<tool_call|>",
                        "",
                        "",
                        true,
                        true,
                        new KeyedBody("{", "", "", ",", TextValues.QUOTED, OtherValues.JSON, "<|\"|>", ":", ":")));
    }

    @Test
    void probe_nothingButTheObject_hasNoTriggerAndOneCall() {
        CallForm calls = Templates.dialect(Templates.BARE).calls();

        assertThat(calls)
                .isEqualTo(new CallForm(
                        "",
                        "",
                        "",
                        "",
                        "",
                        false,
                        true,
                        new JsonBody("name", "parameters", "{\"name\": \"", "\", \"parameters\": ", "}")));
        assertThat(calls.trigger()).isEmpty();
    }

    @Test
    void probe_section_isToldFromItsCalls() {
        assertThat(Templates.dialect(Templates.SECTIONED).calls())
                .isEqualTo(new CallForm(
                        "<|calls_begin|>",
                        "<|call_begin|>function<|sep|>",
                        "\n```<|call_end|>",
                        "",
                        "<|calls_end|>",
                        true,
                        true,
                        new NamedBody("\n```json\n")));
    }

    @Test
    void probe_plainTemplate_hasNeither() {
        assertThat(Templates.dialect(Templates.PLAIN)).isEqualTo(Dialect.PLAIN);
        assertThat(DialectProbe.probe(Templates.of(null), "<|im_end|>"::equals)).isEqualTo(Dialect.PLAIN);
    }

    @Test
    void probe_promptThatOpensReasoning_isKnownByWhatItDrops() {
        assertThat(Templates.dialect(Templates.OPENED).reasoning())
                .isEqualTo(new ReasoningForm("<think>\n", "</think>", true));
    }
}
