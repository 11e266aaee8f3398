package io.aded;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.aded.model.TargetModel;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The picture of the house, kept true: which package may use which. */
class ArchitectureTest {
    private static final String ROOT = "io.aded.";

    /** Package to the packages of ours that it may use, itself aside. The command line wires everything. */
    private static final Map<String, Set<String>> MAY_USE = Map.of(
            "model", Set.of(),
            "gguf", Set.of("model"),
            "llama", Set.of("model"),
            "draft", Set.of("model"),
            "telemetry", Set.of(),
            "engine", Set.of("model", "draft", "telemetry"),
            // Requests name draft modes and sampling settings, and errors are the shared ones.
            "rpc", Set.of("model", "draft", "engine", "telemetry"),
            // Errors are the shared ones here too.
            "store", Set.of("model", "draft"),
            "cli", Set.of("model", "gguf", "llama", "draft", "telemetry", "engine", "rpc", "store"));

    private static JavaClasses ours;

    @BeforeAll
    static void read() {
        // What our classes name is all that the rules ask about; reading the libraries behind it would take a minute.
        ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
        ours = new ClassFileImporter()
                .importUrl(
                        TargetModel.class.getProtectionDomain().getCodeSource().getLocation());
    }

    private static String room(JavaClass type) {
        String name = type.getPackageName();
        return name.startsWith(ROOT) ? name.substring(ROOT.length()).split("\\.")[0] : "";
    }

    @Test
    void packages_areThoseOfThePicture() {
        Set<String> rooms = ours.stream().map(ArchitectureTest::room).collect(Collectors.toSet());
        assertThat(rooms).as("packages that the picture does not know").isSubsetOf(MAY_USE.keySet());
        assertThat(ours.size()).isGreaterThan(50);
    }

    @ParameterizedTest
    @ValueSource(strings = {"model", "gguf", "llama", "draft", "telemetry", "engine", "rpc", "store", "cli"})
    void package_usesOnlyWhatItMay(String room) {
        Set<String> allowed = MAY_USE.get(room);
        noClasses()
                .that(describe("are in " + room, type -> room(type).equals(room)))
                .should()
                .dependOnClassesThat(describe(
                        "are ours but neither in " + room + " nor in " + allowed,
                        type -> type.getPackageName().startsWith(ROOT)
                                && MAY_USE.containsKey(room(type))
                                && !room(type).equals(room)
                                && !allowed.contains(room(type))))
                .allowEmptyShould(true)
                .check(ours);
    }

    @Test
    void generatedApi_isKnownToServicesAndCommandLineOnly() {
        classes()
                .that(resideInAnyPackage("io.aded.."))
                .and(describe(
                        "are neither rpc nor cli", type -> !Set.of("rpc", "cli").contains(room(type))))
                .should()
                .onlyDependOnClassesThat(describe(
                        "are not generated", type -> !type.getPackageName().startsWith("io.aded.v1")))
                .check(ours);
    }

    @Test
    void nativeMemory_isKnownToTheBindingOnly() {
        noClasses()
                .that(describe("are not in llama", type -> !room(type).equals("llama")))
                .should()
                .dependOnClassesThat(describe(
                        "belong to foreign functions and memory",
                        type -> type.getPackageName().startsWith("java.lang.foreign")
                                // A file's mapping lives as long as an arena says; that is no native code.
                                && !(type.getSimpleName().equals("Arena"))))
                .check(ours);
    }

    @Test
    void grpc_isKnownToServicesAndCommandLineOnly() {
        noClasses()
                .that(describe(
                        "are neither rpc nor cli", type -> !Set.of("rpc", "cli").contains(room(type))))
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.grpc..", "com.google.protobuf..", "com.google.rpc.."))
                .check(ours);
    }

    @Test
    void openTelemetrySdk_isKnownToTelemetryOnly() {
        noClasses()
                .that(describe("are not in telemetry", type -> !room(type).equals("telemetry")))
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("io.opentelemetry.sdk..", "io.opentelemetry.exporter..", "io.prometheus.."))
                .check(ours);
    }
}
