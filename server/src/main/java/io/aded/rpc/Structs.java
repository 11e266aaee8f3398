package io.aded.rpc;

import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.aded.model.TemplateVariables;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Protobuf's JSON values as plain ones, and back. */
final class Structs {
    /** Whole numbers up to here are exact in JSON's only kind of number. */
    private static final double LARGEST_WHOLE = 1L << 53;

    private Structs() {}

    static TemplateVariables variables(Struct struct) {
        return new TemplateVariables(map(struct));
    }

    private static Map<String, @Nullable Object> map(Struct struct) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        struct.getFieldsMap().forEach((name, value) -> map.put(name, plain(value)));
        return map;
    }

    private static @Nullable Object plain(Value value) {
        return switch (value.getKindCase()) {
            case NULL_VALUE, KIND_NOT_SET -> null;
            case BOOL_VALUE -> value.getBoolValue();
            case NUMBER_VALUE -> number(value.getNumberValue());
            case STRING_VALUE -> value.getStringValue();
            case LIST_VALUE ->
                value.getListValue().getValuesList().stream()
                        .map(Structs::plain)
                        .toList();
            case STRUCT_VALUE -> map(value.getStructValue());
        };
    }

    /** A template that prints 5 is to print no 5.0. */
    private static Number number(double number) {
        if (number == Math.rint(number) && Math.abs(number) <= LARGEST_WHOLE) {
            return (long) number;
        }
        return number;
    }

    static Struct struct(TemplateVariables variables) {
        return struct(variables.values());
    }

    private static Struct struct(Map<?, ?> values) {
        Struct.Builder struct = Struct.newBuilder();
        values.forEach((name, value) -> struct.putFields(String.valueOf(name), value(value)));
        return struct.build();
    }

    private static Value value(@Nullable Object plain) {
        Value.Builder value = Value.newBuilder();
        return switch (plain) {
            case null -> value.setNullValue(NullValue.NULL_VALUE).build();
            case Boolean truth -> value.setBoolValue(truth).build();
            case Number number -> value.setNumberValue(number.doubleValue()).build();
            case List<?> list ->
                value.setListValue(ListValue.newBuilder()
                                .addAllValues(list.stream().map(Structs::value).toList()))
                        .build();
            case Map<?, ?> map -> value.setStructValue(struct(map)).build();
            default -> value.setStringValue(plain.toString()).build();
        };
    }
}
