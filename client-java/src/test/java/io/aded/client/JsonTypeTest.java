package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTypeTest {
    private enum Colour {
        RED,
        BLUE
    }

    @Description("A place.")
    private record City(
            @Description("as its people call it") String name,
            int population,
            List<String> rivers,
            Optional<Colour> colour,
            @Nullable Boolean capital,
            Map<String, Double> shares) {}

    private record Tree(double value, List<Tree> children) {}

    private sealed interface Figure permits Circle, Square {}

    private record Circle(double radius) implements Figure {}

    private record Square(double side) implements Figure {}

    private sealed interface Term permits Number, Sum {}

    private record Number(int value) implements Term {}

    private record Sum(Term left, Term right) implements Term {}

    private record Box<T>(T content, T[] more) {}

    private record Boxes(Box<Colour> colours, Box<? extends Set<Long>> numbers) {}

    private record Formats(
            LocalDate day, Instant at, UUID id, URI link, BigDecimal price, BigInteger count, short[] s) {}

    private record Age(int years) {
        Age {
            if (years < 0) {
                throw new IllegalArgumentException("years is " + years);
            }
        }
    }

    private record WithDate(List<Date> when) {}

    private record WithKeys(Map<Integer, String> byNumber) {}

    private record WithRaw(@SuppressWarnings("rawtypes") List raw) {}

    private sealed interface Tagged permits Wrong {}

    private record Wrong(String type) implements Tagged {}

    private sealed interface Open permits Anybody {}

    private static non-sealed class Anybody implements Open {}

    @Test
    void schema_ofRecord_namesComponentsInOrderAndWhatIsRequired() {
        assertThat(JsonType.of(City.class).schema())
                .isEqualTo(
                        "{\"type\":\"object\",\"description\":\"A"
                            + " place.\",\"properties\":{\"name\":{\"type\":\"string\",\"description\":\"as its people"
                            + " call it\"},"
                            + "\"population\":{\"type\":\"integer\",\"minimum\":-2147483648,\"maximum\":2147483647},"
                            + "\"rivers\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
                            + "\"colour\":{\"enum\":[\"RED\",\"BLUE\"]},\"capital\":{\"type\":\"boolean\"},"
                            + "\"shares\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}},"
                            + "\"required\":[\"name\",\"population\",\"rivers\",\"shares\"],\"additionalProperties\":false}");
    }

    @Test
    void schema_ofTypeThatContainsItself_isADefinition() {
        assertThat(JsonType.of(Tree.class).schema())
                .isEqualTo("{\"$ref\":\"#/$defs/Tree\",\"$defs\":{\"Tree\":{\"type\":\"object\",\"properties\":{"
                        + "\"value\":{\"type\":\"number\"},"
                        + "\"children\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/Tree\"}}},"
                        + "\"required\":[\"value\",\"children\"],\"additionalProperties\":false}}}");
    }

    @Test
    void schema_ofSealedInterface_isAnyOfItsRecordsByName() {
        assertThat(JsonType.of(Figure.class).schema())
                .isEqualTo("{\"anyOf\":[{\"type\":\"object\",\"properties\":{\"type\":{\"const\":\"Circle\"},"
                        + "\"radius\":{\"type\":\"number\"}},\"required\":[\"type\",\"radius\"],"
                        + "\"additionalProperties\":false},{\"type\":\"object\",\"properties\":{"
                        + "\"type\":{\"const\":\"Square\"},\"side\":{\"type\":\"number\"}},"
                        + "\"required\":[\"type\",\"side\"],\"additionalProperties\":false}]}");
    }

    @Test
    void read_nestedValues_areOfTheirTypes() {
        assertThat(JsonType.of(City.class).read("""
            {"name": "Rome", "population": 2748000, "rivers": ["Tiber"], "colour": "RED", "capital": true,
             "shares": {"a": 0.5, "b": 1}}\
            """))
                .isEqualTo(new City(
                        "Rome",
                        2_748_000,
                        List.of("Tiber"),
                        Optional.of(Colour.RED),
                        true,
                        Map.of("a", 0.5, "b", 1.0)));
        assertThat(JsonType.of(City.class)
                        .read("{\"name\": \"\", \"population\": 1E3, \"rivers\": [], \"colour\": null,"
                                + " \"shares\": {}}"))
                .isEqualTo(new City("", 1000, List.of(), Optional.empty(), null, Map.of()));
        assertThat(JsonType.of(Tree.class).read("{\"value\":1,\"children\":[{\"value\":2,\"children\":[]}]}"))
                .isEqualTo(new Tree(1, List.of(new Tree(2, List.of()))));
        assertThat(JsonType.of(Term.class)
                        .read("{\"type\":\"Sum\",\"left\":{\"type\":\"Number\",\"value\":1},"
                                + "\"right\":{\"type\":\"Number\",\"value\":2}}"))
                .isEqualTo(new Sum(new Number(1), new Number(2)));
        assertThat(JsonType.listOf(Colour.class).read("[\"BLUE\",\"RED\"]")).containsExactly(Colour.BLUE, Colour.RED);
        assertThat(JsonType.of(int.class).read("7")).isEqualTo(7);
    }

    @Test
    void read_genericRecordsAndFormats_areOfTheirTypes() {
        Boxes boxes = JsonType.of(Boxes.class)
                .read("{\"colours\":{\"content\":\"RED\",\"more\":[\"BLUE\"]},"
                        + "\"numbers\":{\"content\":[1,2,2],\"more\":[]}}");
        assertThat(boxes.colours().content()).isEqualTo(Colour.RED);
        assertThat(boxes.colours().more()).containsExactly(Colour.BLUE);
        assertThat(boxes.numbers().content()).containsExactly(1L, 2L);
        Formats formats = JsonType.of(Formats.class).read("""
            {"day": "2024-02-29", "at": "2024-02-29T12:00:00+01:00", "price": 1.10, "link": "https://a.example",
             "id": "00000000-0000-0000-0000-00000000000a", "count": 123456789012345678901234567890, "s": [1]}\
            """);
        assertThat(formats.day()).isEqualTo("2024-02-29");
        assertThat(formats.at()).isEqualTo("2024-02-29T11:00:00Z");
        assertThat(formats.id()).isEqualTo(new UUID(0, 10));
        assertThat(formats.price()).isEqualTo(new BigDecimal("1.10"));
        assertThat(formats.count()).isEqualTo("123456789012345678901234567890");
        assertThat(formats.s()).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"name\": \"Ro",
                "null",
                "[]",
                "{\"name\":\"a\",\"population\":1,\"rivers\":[],\"shares\":{},\"x\":2}",
                "{\"name\":\"a\",\"population\":1,\"rivers\":[]}",
                "{\"name\":1,\"population\":1,\"rivers\":[],\"shares\":{}}",
                "{\"name\":\"a\",\"population\":1.5,\"rivers\":[],\"shares\":{}}",
                "{\"name\":\"a\",\"population\":2147483648,\"rivers\":[],\"shares\":{}}",
                "{\"name\":\"a\",\"population\":1e999999999,\"rivers\":[],\"shares\":{}}",
                "{\"name\":\"a\",\"population\":1,\"rivers\":[null],\"shares\":{}}",
                "{\"name\":\"a\",\"population\":1,\"rivers\":[],\"shares\":{\"a\":1e400}}",
                "{\"name\":\"a\",\"population\":1,\"rivers\":[],\"shares\":{},\"colour\":\"GREEN\"}"
            })
    void read_whatDoesNotFit_hasTheText(String text) {
        assertThatExceptionOfType(AdedClientException.BadAnswer.class)
                .isThrownBy(() -> JsonType.of(City.class).read(text))
                .satisfies(bad -> assertThat(bad.text()).isEqualTo(text))
                .withMessageStartingWith("the answer is no City: ");
    }

    @Test
    void read_whatDoesNotFit_saysWhereAndWhatWasWanted() {
        assertThatExceptionOfType(AdedClientException.BadAnswer.class)
                .isThrownBy(() -> JsonType.of(Tree.class).read("{\"value\":1,\"children\":[{\"value\":\"x\"}]}"))
                .withMessage("the answer is no Tree: Tree.children[0].value is \"x\", not of type number");
        assertThatExceptionOfType(AdedClientException.BadAnswer.class)
                .isThrownBy(() -> JsonType.of(Figure.class).read("{\"type\":\"Oval\"}"))
                .withMessage("the answer is no Figure: Figure.type is \"Oval\", none of [Circle, Square]");
    }

    @Test
    void read_recordThatRefuses_isABadAnswer() {
        assertThatExceptionOfType(AdedClientException.BadAnswer.class)
                .isThrownBy(() -> JsonType.of(Age.class).read("{\"years\":-1}"))
                .withMessageContaining("years is -1");
    }

    static List<Arguments> refused() {
        return List.of(
                Arguments.of(WithDate.class, "WithDate.when[] is a java.util.Date"),
                Arguments.of(WithKeys.class, "WithKeys.byNumber is a map whose keys are no strings"),
                Arguments.of(WithRaw.class, "WithRaw.raw is a java.util.List that does not say of what"),
                Arguments.of(Tagged.class, "Tagged(Wrong).type: this name"),
                Arguments.of(Open.class, "Open(Anybody) is a " + Anybody.class.getName()),
                Arguments.of(Thread.class, "Thread is a java.lang.Thread"),
                Arguments.of(char.class, "char is a char"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void of_typeWithoutJson_isRefusedByName(Class<?> type, String message) {
        assertThatIllegalArgumentException().isThrownBy(() -> JsonType.of(type)).withMessageStartingWith(message);
    }

    @Test
    void of_ownSchemaAndReader_usesThem() {
        JsonType<Integer> length = JsonType.of("{\"type\":\"string\"}", String::length);
        assertThat(length.constraint()).isEqualTo(Constraint.jsonSchema("{\"type\":\"string\"}"));
        assertThat(length.read("\"ab\"")).isEqualTo(4);
        JsonType<Integer> failing = JsonType.of("{}", json -> {
            throw new IOException("no");
        });
        assertThatExceptionOfType(AdedClientException.BadAnswer.class)
                .isThrownBy(() -> failing.read("1"))
                .withCauseInstanceOf(IOException.class);
        assertThat(JsonType.of(Age.class).withSchema("{\"$comment\":\"\"}").schema())
                .isEqualTo("{\"$comment\":\"\"}");
    }
}
