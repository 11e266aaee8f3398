package io.aded.client;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a Java type is in JSON: the schema of its values, and its values from JSON. Made by {@link Shapes}. */
abstract sealed class Shape {
    /** JSON that is no value of a type; the message says where, and what was wanted. */
    static final class Misfit extends RuntimeException {
        private static final long serialVersionUID = 1;

        Misfit(String path, @Nullable Object json, String wanted) {
            super(path + " is " + shown(json) + ", " + wanted);
        }

        Misfit(String message) {
            super(message);
        }

        private static String shown(@Nullable Object json) {
            String text = Json.write(json);
            return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "…";
        }

        private static final int MOST_SHOWN = 80;
    }

    /** Name of the member that tells the variants of a sealed interface apart. */
    static final String TAG = "type";

    /** Digits of an integer that are read; a longer one costs time that grows with their square. */
    private static final int MOST_DIGITS = 1000;

    /** The schema, written where it stands. */
    abstract Map<String, @Nullable Object> schema(SchemaWriter writer);

    /**
     * The value that JSON says.
     *
     * @param path where it was found
     * @throws Misfit if it is none of this type
     */
    abstract @Nullable Object read(@Nullable Object json, String path);

    /** The name that it has as a definition in a schema, if it contains itself. */
    String name() {
        return "";
    }

    private static Map<String, @Nullable Object> ofType(String type) {
        Map<String, @Nullable Object> schema = new LinkedHashMap<>();
        schema.put("type", type);
        return schema;
    }

    /** Any value of JSON, as {@link Json} reads it. */
    static final class Anything extends Shape {
        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            return new LinkedHashMap<>();
        }

        @Override
        @Nullable
        Object read(@Nullable Object json, String path) {
            return json;
        }
    }

    /** Text, and what is written as text of a format that JSON Schema names. */
    static final class Text extends Shape {
        /** Makes a value of text; throws a {@link RuntimeException} if it cannot. */
        interface Parser {
            Object parse(String text);
        }

        private final @Nullable String format;
        private final Parser parser;

        Text(@Nullable String format, Parser parser) {
            this.format = format;
            this.parser = parser;
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            Map<String, @Nullable Object> schema = ofType("string");
            if (format != null) {
                schema.put("format", format);
            }
            return schema;
        }

        @Override
        Object read(@Nullable Object json, String path) {
            if (!(json instanceof String text)) {
                throw new Misfit(path, json, "not of type string");
            }
            try {
                return parser.parse(text);
            } catch (RuntimeException wrong) {
                throw new Misfit(path, json, "no " + format);
            }
        }
    }

    /** Truth. */
    static final class Truth extends Shape {
        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            return ofType("boolean");
        }

        @Override
        Object read(@Nullable Object json, String path) {
            if (json instanceof Boolean truth) {
                return truth;
            }
            throw new Misfit(path, json, "not of type boolean");
        }
    }

    /** Whole numbers of some range, which is in the schema: what is valid under it fits the type. */
    static final class Whole extends Shape {
        /** Makes a number of the type from one that is within its range. */
        interface Narrowing {
            Object narrow(BigInteger number);
        }

        private final @Nullable BigInteger least;
        private final @Nullable BigInteger most;
        private final Narrowing narrowing;

        Whole(@Nullable BigInteger least, @Nullable BigInteger most, Narrowing narrowing) {
            this.least = least;
            this.most = most;
            this.narrowing = narrowing;
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            Map<String, @Nullable Object> schema = ofType("integer");
            if (least != null && most != null) {
                schema.put("minimum", least);
                schema.put("maximum", most);
            }
            return schema;
        }

        @Override
        Object read(@Nullable Object json, String path) {
            if (!(json instanceof BigDecimal number)) {
                throw new Misfit(path, json, "not of type integer");
            }
            if ((long) number.precision() - number.scale() > MOST_DIGITS) {
                throw new Misfit(path, json, "an integer of more than " + MOST_DIGITS + " digits");
            }
            BigInteger whole;
            try {
                whole = number.toBigIntegerExact();
            } catch (ArithmeticException fraction) {
                throw new Misfit(path, json, "not of type integer");
            }
            if (least != null && most != null && (whole.compareTo(least) < 0 || whole.compareTo(most) > 0)) {
                throw new Misfit(path, json, "not within " + least + " to " + most);
            }
            return narrowing.narrow(whole);
        }
    }

    /** Numbers with a fraction. */
    static final class Fraction extends Shape {
        private final Class<?> type;

        Fraction(Class<?> type) {
            this.type = type;
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            return ofType("number");
        }

        @Override
        Object read(@Nullable Object json, String path) {
            if (!(json instanceof BigDecimal number)) {
                throw new Misfit(path, json, "not of type number");
            }
            if (type == BigDecimal.class) {
                return number;
            }
            if (type == float.class) {
                float single = number.floatValue();
                return finite(single, single, json, path);
            }
            double twice = number.doubleValue();
            return finite(twice, twice, json, path);
        }

        private static Object finite(double value, Object boxed, Object json, String path) {
            if (Double.isInfinite(value)) {
                throw new Misfit(path, json, "too large");
            }
            return boxed;
        }
    }

    /** One of several constants, by name. */
    static final class Choice extends Shape {
        private final Map<String, Object> constants = new LinkedHashMap<>();

        Choice(Class<?> type) {
            for (Object constant : type.getEnumConstants()) {
                constants.put(((Enum<?>) constant).name(), constant);
            }
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            Map<String, @Nullable Object> schema = new LinkedHashMap<>();
            schema.put("enum", List.copyOf(constants.keySet()));
            return schema;
        }

        @Override
        Object read(@Nullable Object json, String path) {
            Object constant = json instanceof String name ? constants.get(name) : null;
            if (constant == null) {
                throw new Misfit(path, json, "none of " + constants.keySet());
            }
            return constant;
        }
    }

    /** Several values of one type: a list, a set or an array. */
    static final class Several extends Shape {
        /** Makes the collection or array of a type. */
        interface Gathering {
            Object gather(List<@Nullable Object> elements);
        }

        private final Shape element;
        private final boolean distinct;
        private final Gathering gathering;

        Several(Shape element, boolean distinct, Gathering gathering) {
            this.element = element;
            this.distinct = distinct;
            this.gathering = gathering;
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            Map<String, @Nullable Object> schema = ofType("array");
            schema.put("items", writer.write(element));
            return schema;
        }

        @Override
        Object read(@Nullable Object json, String path) {
            if (!(json instanceof List<?> list)) {
                throw new Misfit(path, json, "not of type array");
            }
            Collection<@Nullable Object> elements = distinct ? new LinkedHashSet<>() : new ArrayList<>(list.size());
            for (int i = 0; i < list.size(); i++) {
                elements.add(element.read(list.get(i), path + "[" + i + "]"));
            }
            return gathering.gather(new ArrayList<>(elements));
        }
    }

    /** Values by names that the type does not know. */
    static final class Named extends Shape {
        private final Shape value;

        Named(Shape value) {
            this.value = value;
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            Map<String, @Nullable Object> schema = ofType("object");
            schema.put("additionalProperties", writer.write(value));
            return schema;
        }

        @Override
        Object read(@Nullable Object json, String path) {
            if (!(json instanceof Map<?, ?> map)) {
                throw new Misfit(path, json, "not of type object");
            }
            Map<String, @Nullable Object> read = new LinkedHashMap<>();
            map.forEach((name, member) -> read.put(String.valueOf(name), value.read(member, path + "." + name)));
            return read;
        }
    }

    /** A member that may be missing, or null, which is the same. */
    static final class Perhaps extends Shape {
        private final Shape value;
        private final boolean wrapped;

        /**
         * @param wrapped whether it is an {@link Optional}; else null stands for what is missing
         */
        Perhaps(Shape value, boolean wrapped) {
            this.value = value;
            this.wrapped = wrapped;
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            return writer.write(value);
        }

        @Override
        @Nullable
        Object read(@Nullable Object json, String path) {
            Object read = json == null ? null : value.read(json, path);
            return wrapped ? Optional.ofNullable(read) : read;
        }
    }

    /** A record: an object with its components, those that must be there and those that may. */
    static final class Members extends Shape {
        /** One component. */
        record Member(String name, Shape shape, String description) {
            boolean required() {
                return !(shape instanceof Perhaps);
            }
        }

        private final Class<?> type;
        private final Constructor<?> constructor;
        private final String description;
        private List<Member> members = List.of();

        Members(Class<?> type, Constructor<?> constructor, String description) {
            this.type = type;
            this.constructor = constructor;
            this.description = description;
        }

        /** Once, before it is used: components may be of the type itself, which must be there first. */
        void complete(List<Member> all) {
            members = List.copyOf(all);
        }

        List<Member> members() {
            return members;
        }

        @Override
        String name() {
            return type.getSimpleName();
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            return schema(writer, null);
        }

        /**
         * @param tag what its member {@link #TAG} must be; null if it has none
         */
        Map<String, @Nullable Object> schema(SchemaWriter writer, @Nullable String tag) {
            Map<String, @Nullable Object> properties = new LinkedHashMap<>();
            List<String> required = new ArrayList<>();
            if (tag != null) {
                properties.put(TAG, Map.of("const", tag));
                required.add(TAG);
            }
            for (Member member : members) {
                Map<String, @Nullable Object> schema = writer.write(member.shape());
                if (!member.description().isEmpty()) {
                    schema.put("description", member.description());
                }
                properties.put(member.name(), schema);
                if (member.required()) {
                    required.add(member.name());
                }
            }
            Map<String, @Nullable Object> schema = ofType("object");
            if (!description.isEmpty()) {
                schema.put("description", description);
            }
            schema.put("properties", properties);
            schema.put("required", required);
            schema.put("additionalProperties", false);
            return schema;
        }

        @Override
        Object read(@Nullable Object json, String path) {
            if (!(json instanceof Map<?, ?> map)) {
                throw new Misfit(path, json, "not of type object");
            }
            return read(map, path, null);
        }

        Object read(Map<?, ?> map, String path, @Nullable String tag) {
            for (Object name : map.keySet()) {
                if (members.stream().noneMatch(member -> member.name().equals(name))
                        && !(tag != null && TAG.equals(name))) {
                    throw new Misfit(path + " has \"" + name + "\", which " + name() + " does not know");
                }
            }
            Object[] arguments = new Object[members.size()];
            Arrays.setAll(arguments, i -> read(members.get(i), map, path));
            try {
                return constructor.newInstance(arguments);
            } catch (InvocationTargetException refused) {
                throw new Misfit(path + ": " + refused.getCause());
            } catch (ReflectiveOperationException impossible) {
                throw new IllegalStateException("cannot make a " + type.getName(), impossible);
            }
        }

        private static @Nullable Object read(Member member, Map<?, ?> map, String path) {
            if (member.required() && !map.containsKey(member.name())) {
                throw new Misfit(path + " lacks \"" + member.name() + "\"");
            }
            return member.shape().read(map.get(member.name()), path + "." + member.name());
        }
    }

    /** A sealed interface of records: one of them, told apart by its name in the member {@link #TAG}. */
    static final class OneOf extends Shape {
        private final Class<?> type;
        private Map<String, Members> variants = Map.of();

        OneOf(Class<?> type) {
            this.type = type;
        }

        void complete(Map<String, Members> all) {
            variants = new LinkedHashMap<>(all);
        }

        @Override
        String name() {
            return type.getSimpleName();
        }

        @Override
        Map<String, @Nullable Object> schema(SchemaWriter writer) {
            List<Object> written = new ArrayList<>();
            variants.forEach((tag, variant) -> written.add(variant.schema(writer, tag)));
            Map<String, @Nullable Object> schema = new LinkedHashMap<>();
            schema.put("anyOf", written);
            return schema;
        }

        @Override
        Object read(@Nullable Object json, String path) {
            if (!(json instanceof Map<?, ?> map)) {
                throw new Misfit(path, json, "not of type object");
            }
            Object tag = map.get(TAG);
            Members variant = tag instanceof String name ? variants.get(name) : null;
            if (variant == null) {
                throw new Misfit(path + "." + TAG, tag, "none of " + variants.keySet());
            }
            return variant.read(map, path, String.valueOf(tag));
        }
    }
}
