package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What applications are compiled against is written down in {@code api.txt}, a line each, so that a change of it is
 * seen in a review. After one that is meant: {@code -Daded.api=write}.
 */
final class PublicApiTest {
    private static final Path BASELINE = Path.of("api.txt");

    @Test
    void api_isAsItIsWrittenDown() throws IOException, URISyntaxException {
        String found = classes()
                .filter(PublicApiTest::isOpen)
                .sorted(Comparator.comparing(Class::getName))
                .map(PublicApiTest::describe)
                .collect(Collectors.joining("\n"));
        if ("write".equals(System.getProperty("aded.api"))) {
            Files.writeString(BASELINE, found);
        }
        assertThat(found)
                .as("the public API is not that of client-java/api.txt; if that is meant, say what it breaks in "
                        + "CHANGELOG.md and run this test with -Daded.api=write")
                .isEqualTo(Files.readString(BASELINE));
    }

    @Test
    void api_namesNoTypeOfGrpcButTheGivenChannel() throws IOException {
        assertThat(Files.readAllLines(BASELINE))
                .filteredOn(line -> line.contains("io.grpc") || line.contains("com.google") || line.contains("aded.v1"))
                .containsExactly("  static io.aded.client.AdedClient.Builder builder(io.grpc.ManagedChannel)");
    }

    private static Stream<Class<?>> classes() throws IOException, URISyntaxException {
        Path folder = Path.of(AdedClient.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        List<Class<?>> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".class")).toList()) {
                String name =
                        folder.relativize(file).toString().replace('/', '.').replaceAll("\\.class$", "");
                if (!name.endsWith("package-info")) {
                    try {
                        found.add(Class.forName(name, false, PublicApiTest.class.getClassLoader()));
                    } catch (ClassNotFoundException impossible) {
                        throw new AssertionError(impossible);
                    }
                }
            }
        }
        return found.stream();
    }

    private static boolean isOpen(Class<?> type) {
        boolean open = Modifier.isPublic(type.getModifiers()) && !type.isAnonymousClass() && !type.isSynthetic();
        return open && (type.getDeclaringClass() == null || isOpen(type.getDeclaringClass()));
    }

    private static String describe(Class<?> type) {
        List<String> lines = new ArrayList<>();
        for (Field field : type.getDeclaredFields()) {
            if (isOpen(field.getModifiers()) && !field.isSynthetic()) {
                lines.add("  " + (field.isEnumConstant() ? "" : modifiers(field.getModifiers()))
                        + name(field.getGenericType()) + " " + field.getName());
            }
        }
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (isOpen(constructor.getModifiers()) && !constructor.isSynthetic()) {
                lines.add("  new" + parameters(constructor));
            }
        }
        for (Method method : type.getDeclaredMethods()) {
            if (isOpen(method.getModifiers()) && !method.isSynthetic() && !isOfRecord(type, method)) {
                lines.add("  " + modifiers(method.getModifiers()) + name(method.getGenericReturnType()) + " "
                        + method.getName() + parameters(method));
            }
        }
        lines.sort(Comparator.naturalOrder());
        return head(type) + "\n" + String.join("\n", lines) + (lines.isEmpty() ? "" : "\n");
    }

    private static String head(Class<?> type) {
        String kind = type.isRecord()
                ? "record"
                : type.isEnum()
                        ? "enum"
                        : type.isAnnotation() ? "annotation" : type.isInterface() ? "interface" : "class";
        String components = type.isRecord()
                ? Arrays.stream(type.getRecordComponents())
                        .map(PublicApiTest::describe)
                        .collect(Collectors.joining(", ", "(", ")"))
                : "";
        Type above = type.getGenericSuperclass();
        boolean plain = above == null || above == Object.class || type.isRecord() || type.isEnum();
        String below = type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses())
                        .map(Class::getSimpleName)
                        .collect(Collectors.joining(", ", " permits ", ""))
                : "";
        String interfaces = Arrays.stream(type.getGenericInterfaces())
                .map(PublicApiTest::name)
                .collect(Collectors.joining(", "));
        return kind + " " + type.getCanonicalName() + components + (plain ? "" : " extends " + name(above))
                + (interfaces.isEmpty() ? "" : " implements " + interfaces) + below;
    }

    private static String describe(RecordComponent component) {
        return name(component.getGenericType()) + " " + component.getName();
    }

    /** What a record has by being one. */
    private static boolean isOfRecord(Class<?> type, Method method) {
        return type.isRecord()
                && (List.of("equals", "hashCode", "toString").contains(method.getName())
                        || Arrays.stream(type.getRecordComponents())
                                .anyMatch(component -> component.getAccessor().equals(method)));
    }

    private static boolean isOpen(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static String modifiers(int modifiers) {
        String said = Modifier.toString(modifiers & (Modifier.STATIC | Modifier.PROTECTED | Modifier.ABSTRACT));
        return said.isEmpty() ? "" : said + " ";
    }

    private static String parameters(Executable executable) {
        return Arrays.stream(executable.getGenericParameterTypes())
                .map(PublicApiTest::name)
                .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String name(Type type) {
        return type.getTypeName().replace('$', '.').replace("java.lang.", "").replace("java.util.", "");
    }
}
