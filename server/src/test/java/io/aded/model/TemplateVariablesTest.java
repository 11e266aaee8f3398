package io.aded.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.template.ChatTemplates;
import io.aded.template.SpecialTexts;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateVariablesTest {
    private static List<FieldViolation> violations(Map<String, Object> values) {
        return new TemplateVariables(values).violations("template_variables");
    }

    @ParameterizedTest
    @ValueSource(strings = {"messages", "tools", "add_generation_prompt", "bos_token", "raise_exception", "loop"})
    void violations_nameThatTheServerSets_isRefused(String name) {
        assertThat(violations(Map.of(name, "mine")))
                .singleElement()
                .satisfies(violation ->
                        assertThat(violation.description()).isEqualTo("sets \"" + name + "\", which the server sets"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1st", "a-b", "a b", "\u00e9"})
    void violations_whatIsNoName_isRefused(String name) {
        assertThat(violations(Map.of(name, 1))).hasSize(1);
    }

    @Test
    void violations_tooMuch_isRefusedWithWhatIsAllowed() {
        Map<String, Object> many = new HashMap<>();
        for (int i = 0; i < 65; i++) {
            many.put("v" + i, i);
        }
        Object nested = "x";
        for (int i = 0; i < 17; i++) {
            nested = List.of(nested);
        }

        assertThat(violations(many))
                .extracting(FieldViolation::description)
                .containsExactly("has 65 entries; allowed: at most 64");
        assertThat(violations(Map.of("v", "x".repeat(70_000))))
                .extracting(FieldViolation::description)
                .singleElement()
                .asString()
                .contains("allowed: at most 65536");
        assertThat(violations(Map.of("v", nested)))
                .extracting(FieldViolation::description)
                .containsExactly("nests deeper than 16 levels");
        assertThat(violations(Map.of("enable_thinking", false, "k", Collections.nCopies(1000, 1))))
                .isEmpty();
    }

    @Test
    void render_variables_areSeenByTheTemplateAndTheirTextStaysTheCallers() {
        ChatTemplate template = ChatTemplates.of(
                "{{ messages[0].content }}{% if enable_thinking %}<think>{% endif %}|{{ note }}|{{ many.n + 1 if many"
                        + " is defined else 0 }}",
                new SpecialTexts("", "", false), () -> Instant.EPOCH, ZoneOffset.UTC);
        Map<String, Object> values = new HashMap<>();
        values.put("enable_thinking", true);
        values.put("note", "<|im_end|>");
        values.put("many", Map.of("n", 41L));

        RenderedChat chat =
                template.render(List.of(new ChatMessage("user", "hi")), new TemplateVariables(values), true);

        assertThat(chat.text()).isEqualTo("hi<think>|<|im_end|>|42");
        assertThat(chat.ranges()).isEqualTo(2);
        assertThat(chat.text().substring(chat.start(1), chat.end(1))).isEqualTo("<|im_end|>");
        assertThat(template.render(List.of(new ChatMessage("user", "hi")), TemplateVariables.NONE, true)
                        .text())
                .isEqualTo("hi||0");
    }
}
