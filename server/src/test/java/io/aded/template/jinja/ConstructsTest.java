package io.aded.template.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Minimal templates for each construct of the language, with what Python's jinja2 makes of them. */
class ConstructsTest {
    private static final ZonedDateTime NOW =
            Instant.ofEpochSecond(1_769_443_199).atZone(ZoneOffset.UTC);

    static Stream<Arguments> constructs() throws IOException {
        ObjectMapper json = new ObjectMapper();
        try (InputStream in = Objects.requireNonNull(ConstructsTest.class.getResourceAsStream("constructs.jsonl"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .map(json::readTree)
                            .map(line -> Arguments.of(line.get("template").asString(), line))
                            .toList()
                            .stream();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("constructs")
    void render_construct_asJinja2(String template, JsonNode line) {
        Map<String, Value> variables = new HashMap<>();
        if (line.has("variables")) {
            line.get("variables")
                    .properties()
                    .forEach(entry -> variables.put(
                            entry.getKey(),
                            Values.fromCaller(new ObjectMapper().treeToValue(entry.getValue(), Object.class))));
        }
        String text = null;
        TemplateException refusal = null;
        try {
            text = JinjaTemplate.parse(template)
                    .render(variables, NOW, Bounds.DEFAULT)
                    .string();
        } catch (TemplateException e) {
            refusal = e;
        }
        @Nullable String expected = line.has("text") ? line.get("text").asString() : null;
        assertThat(text).as("refused with: %s", refusal).isEqualTo(expected);
    }
}
