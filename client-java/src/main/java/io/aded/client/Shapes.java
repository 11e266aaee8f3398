package io.aded.client;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds what Java types are in JSON. Those that are nothing are refused by name, when they are first asked about. */
final class Shapes {
    /** A type without variables: what is the same is equal. */
    private record Concrete(Class<?> raw, List<Concrete> arguments) {}

    private final Map<Concrete, Shape> known = new HashMap<>();

    private Shapes() {}

    /**
     * The shape of a type.
     *
     * @throws IllegalArgumentException if the type, or one within it, is none of JSON; the message names it
     */
    static Shape of(Type type) {
        String path = type instanceof Class<?> named ? named.getSimpleName() : type.getTypeName();
        return new Shapes().shape(concrete(type, Map.of(), path), path);
    }

    private Shape shape(Concrete type, String path) {
        Class<?> raw = type.raw();
        Shape simple = simple(raw);
        if (simple != null) {
            return simple;
        }
        if (raw.isEnum()) {
            return new Shape.Choice(raw);
        }
        if (raw.isArray()) {
            Concrete element = type.arguments().get(0);
            return new Shape.Several(shape(element, path + "[]"), false, elements -> array(element.raw(), elements));
        }
        if (raw == List.class || raw == Collection.class || raw == Iterable.class) {
            return new Shape.Several(shape(type.arguments().get(0), path + "[]"), false, Collections::unmodifiableList);
        }
        if (raw == Set.class) {
            return new Shape.Several(
                    shape(type.arguments().get(0), path + "[]"),
                    true,
                    elements -> Collections.unmodifiableSet(new LinkedHashSet<>(elements)));
        }
        if (raw == Map.class) {
            if (type.arguments().get(0).raw() != String.class) {
                throw refused(path, "a map whose keys are no strings, as those of JSON are");
            }
            return new Shape.Named(shape(type.arguments().get(1), path + "{}"));
        }
        if (raw == Optional.class) {
            return new Shape.Perhaps(shape(type.arguments().get(0), path), true);
        }
        Shape made = known.get(type);
        if (made != null) {
            return made;
        }
        if (raw.isRecord()) {
            return record(type, path);
        }
        if (raw.isSealed()) {
            return oneOf(type, path);
        }
        throw refused(path, "a " + raw.getName());
    }

    private static @Nullable Shape simple(Class<?> type) {
        if (type == String.class || type == CharSequence.class) {
            return new Shape.Text(null, text -> text);
        } else if (type == boolean.class || type == Boolean.class) {
            return new Shape.Truth();
        } else if (type == byte.class || type == Byte.class) {
            return whole(Byte.MIN_VALUE, Byte.MAX_VALUE, BigInteger::byteValueExact);
        } else if (type == short.class || type == Short.class) {
            return whole(Short.MIN_VALUE, Short.MAX_VALUE, BigInteger::shortValueExact);
        } else if (type == int.class || type == Integer.class) {
            return whole(Integer.MIN_VALUE, Integer.MAX_VALUE, BigInteger::intValueExact);
        } else if (type == long.class || type == Long.class) {
            return whole(Long.MIN_VALUE, Long.MAX_VALUE, BigInteger::longValueExact);
        } else if (type == BigInteger.class) {
            return new Shape.Whole(null, null, number -> number);
        } else if (type == double.class || type == Double.class) {
            return new Shape.Fraction(double.class);
        } else if (type == float.class || type == Float.class) {
            return new Shape.Fraction(float.class);
        } else if (type == BigDecimal.class || type == Number.class) {
            return new Shape.Fraction(BigDecimal.class);
        } else if (type == LocalDate.class) {
            return new Shape.Text("date", LocalDate::parse);
        } else if (type == Instant.class) {
            return new Shape.Text(
                    "date-time", text -> OffsetDateTime.parse(text).toInstant());
        } else if (type == OffsetDateTime.class) {
            return new Shape.Text("date-time", OffsetDateTime::parse);
        } else if (type == UUID.class) {
            return new Shape.Text("uuid", UUID::fromString);
        } else if (type == URI.class) {
            return new Shape.Text("uri", URI::create);
        } else if (type == Object.class) {
            return new Shape.Anything();
        }
        return null;
    }

    private static Shape whole(long least, long most, Shape.Whole.Narrowing narrowing) {
        return new Shape.Whole(BigInteger.valueOf(least), BigInteger.valueOf(most), narrowing);
    }

    private static Object array(Class<?> element, List<@Nullable Object> elements) {
        Object array = Array.newInstance(element, elements.size());
        for (int i = 0; i < elements.size(); i++) {
            Array.set(array, i, elements.get(i));
        }
        return array;
    }

    private Shape.Members record(Concrete type, String path) {
        Class<?> raw = type.raw();
        RecordComponent[] components = raw.getRecordComponents();
        Shape.Members shape = new Shape.Members(raw, constructor(raw, components, path), description(raw));
        known.put(type, shape);
        Map<String, Concrete> bindings = bindings(type);
        List<Shape.Members.Member> members = new ArrayList<>();
        for (RecordComponent component : components) {
            String where = path + "." + component.getName();
            Shape found = shape(concrete(component.getGenericType(), bindings, where), where);
            if (nullable(component) && !(found instanceof Shape.Perhaps)) {
                found = new Shape.Perhaps(found, false);
            }
            members.add(new Shape.Members.Member(component.getName(), found, description(component)));
        }
        shape.complete(members);
        return shape;
    }

    private static Constructor<?> constructor(Class<?> type, RecordComponent[] components, String path) {
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
            constructor.setAccessible(true);
            return constructor;
        } catch (NoSuchMethodException impossible) {
            throw new IllegalStateException("a record without its constructor: " + type.getName(), impossible);
        } catch (InaccessibleObjectException closed) {
            throw new IllegalArgumentException(
                    path + " is a record of a module that does not open its package: write \"opens "
                            + type.getPackageName() + " to io.aded.client;\" in its module-info.java",
                    closed);
        }
    }

    private Shape oneOf(Concrete type, String path) {
        Shape.OneOf shape = new Shape.OneOf(type.raw());
        known.put(type, shape);
        Map<String, Shape.Members> variants = new LinkedHashMap<>();
        leaves(type.raw()).forEach(leaf -> {
            String where = path + "(" + leaf.getSimpleName() + ")";
            if (!leaf.isRecord()) {
                throw refused(where, "a " + leaf.getName() + ", which is no record");
            }
            Shape.Members variant = (Shape.Members) shape(concrete(leaf, Map.of(), where), where);
            if (Arrays.stream(leaf.getRecordComponents())
                    .anyMatch(each -> each.getName().equals(Shape.TAG))) {
                throw new IllegalArgumentException(where + "." + Shape.TAG
                        + ": this name tells the records of a sealed interface apart; give the component another");
            }
            if (variants.put(leaf.getSimpleName(), variant) != null) {
                throw new IllegalArgumentException(where + ": two records of a sealed interface have this name");
            }
        });
        shape.complete(variants);
        return shape;
    }

    private static Stream<Class<?>> leaves(Class<?> type) {
        return type.isSealed() ? Arrays.stream(type.getPermittedSubclasses()).flatMap(Shapes::leaves) : Stream.of(type);
    }

    private static Map<String, Concrete> bindings(Concrete type) {
        Map<String, Concrete> bindings = new HashMap<>();
        TypeVariable<?>[] variables = type.raw().getTypeParameters();
        for (int i = 0; i < variables.length; i++) {
            bindings.put(variables[i].getName(), type.arguments().get(i));
        }
        return bindings;
    }

    private static Concrete concrete(Type type, Map<String, Concrete> bindings, String path) {
        if (type instanceof Class<?> raw) {
            if (raw.isArray()) {
                return new Concrete(raw, List.of(concrete(raw.getComponentType(), bindings, path)));
            }
            if (raw.getTypeParameters().length > 0) {
                throw refused(path, "a " + raw.getName() + " that does not say of what");
            }
            return new Concrete(raw, List.of());
        }
        if (type instanceof ParameterizedType generic) {
            List<Concrete> arguments = Arrays.stream(generic.getActualTypeArguments())
                    .map(argument -> concrete(argument, bindings, path))
                    .toList();
            return new Concrete((Class<?>) generic.getRawType(), arguments);
        }
        if (type instanceof WildcardType wildcard) {
            return concrete(wildcard.getUpperBounds()[0], bindings, path);
        }
        if (type instanceof GenericArrayType array) {
            return new Concrete(Object[].class, List.of(concrete(array.getGenericComponentType(), bindings, path)));
        }
        Concrete bound = type instanceof TypeVariable<?> variable ? bindings.get(variable.getName()) : null;
        if (bound == null) {
            throw refused(path, "a " + type.getTypeName() + ", of which nothing is known");
        }
        return bound;
    }

    /** By whatever annotation of that name, on the component or on its type: JSpecify's and others. */
    private static boolean nullable(RecordComponent component) {
        return Stream.of(component, component.getAnnotatedType(), component.getAccessor())
                .map(AnnotatedElement.class::cast)
                .flatMap(element -> Arrays.stream(element.getAnnotations()))
                .anyMatch(annotation ->
                        annotation.annotationType().getSimpleName().equals("Nullable"));
    }

    private static String description(AnnotatedElement element) {
        Description description = element.getAnnotation(Description.class);
        return description == null ? "" : description.value();
    }

    private static IllegalArgumentException refused(String path, String what) {
        return new IllegalArgumentException(path + " is " + what + ", which has no JSON schema here. Allowed: records, "
                + "enums, sealed interfaces of records; List, Set, arrays, Map<String, …>, Optional; String, boolean, "
                + "numbers, LocalDate, Instant, OffsetDateTime, UUID, URI, Object. For others give a schema and a "
                + "reader: JsonType.of(schema, reader)");
    }
}
