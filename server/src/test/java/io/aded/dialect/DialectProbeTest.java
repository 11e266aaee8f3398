package io.aded.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.dialect.CallForm.JsonBody;
import io.aded.dialect.CallForm.KeyedBody;
import io.aded.dialect.CallForm.NamedBody;
import io.aded.dialect.CallForm.OtherValues;
import io.aded.dialect.CallForm.TextValues;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import io.aded.model.Patience;
import io.aded.model.RenderedChat;
import io.aded.model.TemplateVariables;
import io.aded.model.ToolDefinition;
import io.aded.testing.Seeds;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What templates of each kind tell of calls and reasoning. */
class DialectProbeTest {
    private static final int MOST_RENDERINGS = 64;

    /** What the template engine lets any template write. */
    private static final int MOST_WRITTEN = 32 << 20;

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

    /** A file's template is anybody's program. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(100000000) %}{% for j in range(100000000) %}x{% endfor %}{% endfor %}",
                "{{ ' ' * 3000000 }}{% for m in messages %}{{ m.content }}{% endfor %}",
                "{% for m in messages %}{{ m.content }}{{ ' ' * 60000 }}{{ m.tool_calls | tojson }}{% endfor %}",
                "{% for m in messages %}{{ m.content }}{{ '{' * 60000 }}{{ m.tool_calls | tojson }}{% endfor %}",
                "{% for m in messages %}{{ m.content }}{{ '{\"a\":' * 9000 }}{{ m.tool_calls | tojson }}{% endfor %}",
                "{% for m in messages %}{{ m.content }}{{ '<think>' * 8000 }}{{ m.tool_calls | tojson }}{% endfor %}",
                "{% for m in messages %}{{ '[A' * 20000 + '<a' * 9000 }}{{ m.tool_calls | tojson }}{% endfor %}",
                "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
                "{{ raise_exception('no') }}",
                "{% for m in messages %}{{ (m.tool_calls | tojson)[::-1] }}{{ m.content }}{% endfor %}",
                "{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.name }}mark_key=markvalue"
                        + "{{ c.function.arguments | length }}{% endfor %}{{ m.content }}{% endfor %}",
                "markvalue mark_key elsevalue next_key{% for m in messages %}{{ m.content }}{{ m.tool_calls }}{%"
                        + " endfor %}",
                "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}aded_mark_tool next_key "
                        + "{{ c.function.arguments }}markvalue mark_key 73519{% endfor %}{% endfor %}"
            })
    void probe_hostileTemplate_endsSoon(String source) {
        Counting counting = new Counting(Templates.of(source));

        Dialect dialect = Patience.during(counting, () -> DialectProbe.probe(counting, "<|end|>"::equals));

        assertThat(dialect.describe()).isNotEmpty();
        assertThat(counting.renderings).isLessThanOrEqualTo(MOST_RENDERINGS);
        // One look each thousand steps or so; a rendering that goes on too long is told by one more.
        assertThat(counting.looks).isLessThanOrEqualTo(40_000 + MOST_RENDERINGS);
        assertThat(counting.longest).isLessThanOrEqualTo(MOST_WRITTEN);
    }

    /** Counts what a template is asked for, how far it gets, and how much it writes. */
    private static final class Counting implements ChatTemplate, Patience.Limit {
        private final ChatTemplate template;
        private int renderings;
        private int looks;
        private int longest;

        Counting(ChatTemplate template) {
            this.template = template;
        }

        @Override
        public void check() {
            looks++;
        }

        @Override
        public RenderedChat render(List<ChatMessage> messages, boolean addGenerationPrompt) {
            return render(messages, List.of(), TemplateVariables.NONE, addGenerationPrompt);
        }

        @Override
        public RenderedChat render(
                List<ChatMessage> messages,
                List<ToolDefinition> tools,
                TemplateVariables variables,
                boolean addGenerationPrompt) {
            renderings++;
            RenderedChat chat = template.render(messages, tools, variables, addGenerationPrompt);
            longest = Math.max(longest, chat.text().length());
            return chat;
        }

        @Override
        public String description() {
            return template.description();
        }
    }

    @Test
    void probe_anyOrderOfTheParts_neverFails() {
        List<String> parts = List.of(
                "{{ m.content }}",
                "{{ c.function.name }}",
                "{{ c.function.arguments | tojson }}",
                "{{ c.function.arguments }}",
                "{% for k, v in c.function.arguments.items() %}{{ v }}<{{ k }}>{% endfor %}",
                "{% for k, v in c.function.arguments.items() %}<{{ k }}>{{ v }}</{{ k }}>{% endfor %}",
                "{% for k in c.function.arguments %}{{ k }}{% endfor %}",
                "{{ c.id }}",
                "{{ m.reasoning_content }}",
                "<|end|>",
                "</think>",
                "mark_key",
                "elsevalue",
                "{",
                "}",
                "\"",
                "{% if loop.last %}next_key{% endif %}");
        Seeds.with(random -> {
            for (int i = 0; i < 400; i++) {
                StringBuilder source = new StringBuilder("{% for m in messages %}");
                for (int part = random.nextInt(3); part >= 0; part--) {
                    source.append(parts.get(random.nextInt(parts.size())));
                }
                source.append("{% for c in m.tool_calls or [] %}");
                for (int part = random.nextInt(6); part >= 0; part--) {
                    source.append(parts.get(random.nextInt(parts.size())));
                }
                source.append("{% endfor %}{% endfor %}");
                assertThat(Templates.dialect(source.toString()).describe())
                        .as(source.toString())
                        .isNotEmpty();
            }
        });
    }
}
