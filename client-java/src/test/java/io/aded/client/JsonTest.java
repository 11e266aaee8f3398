package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTest {
    private record Pair(String name, Optional<Integer> number) {}

    @Test
    void parse_everyKindOfValue_isThatOfJava() {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("a", Arrays.asList(true, false, null));
        members.put("b", new BigDecimal("-0.5e-3"));
        members.put("", "\"\\/\b\f\n\r\té😀");
        assertThat(Json.parse(" {\"a\": [true, false, null],\n"
                        + "\"b\":-0.5e-3, \"\":\"\\\"\\\\\\/\\b\\f\\n"
                        + "\\r"
                        + "\\t\\u00e9\\ud83d\\ude00\"} "))
                .isEqualTo(members);
        assertThat(Json.parse("[]")).isEqualTo(List.of());
        assertThat(Json.parse("{}")).isEqualTo(Map.of());
        assertThat(Json.parse("0")).isEqualTo(BigDecimal.ZERO);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[1",
                "[1,]",
                "{\"a\"}",
                "{\"a\":1,}",
                "{a:1}",
                "01",
                "1.",
                ".5",
                "+1",
                "1e",
                "-",
                "tru",
                "nul",
                "\"",
                "\"\\x\"",
                "\"\\u12g4\"",
                "\"\n\"",
                "1 2",
                "[1 2]",
                "{\"a\":1,\"a\":2}",
                "NaN",
                "'a'",
                "1e99999999999"
            })
    void parse_whatIsNoJson_isRefusedWithThePlace(String text) {
        assertThatExceptionOfType(Json.Malformed.class)
                .isThrownBy(() -> Json.parse(text))
                .withMessageContaining("at character");
    }

    @Test
    void parse_manyLevels_isRefusedInsteadOfOverflowing() {
        assertThatExceptionOfType(Json.Malformed.class)
                .isThrownBy(() -> Json.parse("[".repeat(100_000)))
                .withMessageContaining("more than 256 levels");
    }

    @Test
    void write_valuesOfJava_areJson() {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("list", Arrays.asList(1, 2.5, null, true));
        members.put("array", new int[] {1, 2});
        members.put("record", new Pair("a\"\\\n\u0001", Optional.empty()));
        members.put("other", new Pair("b", Optional.of(3)));
        members.put("unit", TimeUnit.DAYS);
        assertThat(Json.write(members))
                .isEqualTo("{\"list\":[1,2.5,null,true],\"array\":[1,2],\"record\":{\"name\":\"a\\\"\\\\\\n\\u0001\"},"
                        + "\"other\":{\"name\":\"b\",\"number\":3},\"unit\":\"DAYS\"}");
        assertThat(Json.write(Map.of())).isEqualTo("{}");
    }

    @Test
    void write_whatHasNoJson_isRefused() {
        List<Object> endless = new ArrayList<>();
        endless.add(endless);
        assertThatIllegalArgumentException().isThrownBy(() -> Json.write(Double.NaN));
        assertThatIllegalArgumentException().isThrownBy(() -> Json.write(endless));
    }
}
