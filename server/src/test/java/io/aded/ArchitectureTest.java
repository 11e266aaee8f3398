package io.aded;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.aded.model.TargetModel;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The picture of the house, kept true: which package may use which. */
class ArchitectureTest {
    private static final String ROOT = "io.aded.";

    /** Package to the packages of ours that it may use, itself aside. The command line wires everything. */
    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            Map.entry("model", Set.of()),
            // Three rooms of pure Java, for what a library would believe without looking; errors are the shared ones.
            Map.entry("gguf", Set.of("model")),
            Map.entry("grammar", Set.of("model")),
            Map.entry("template", Set.of("model")),
            Map.entry("llama", Set.of("model", "gguf", "grammar", "template")),
            Map.entry("draft", Set.of("model")),
            Map.entry("telemetry", Set.of()),
            Map.entry("engine", Set.of("model", "draft", "telemetry")),
            // Requests name draft modes and sampling settings, and errors are the shared ones.
            Map.entry("rpc", Set.of("model", "draft", "engine", "telemetry")),
            // Errors are the shared ones here too.
            Map.entry("store", Set.of("model", "draft")),
            // A build is fetched by the store's downloader, and tried by the binding in another process.
            Map.entry("natives", Set.of("model", "llama", "store")),
            // Measuring runs engines and loads servers; it reads recordings and knows no command line.
            Map.entry("lab", Set.of("model", "draft", "telemetry", "engine", "rpc", "store")),
            Map.entry(
                    "cli",
                    Set.of(
                            "model",
                            "gguf",
                            "llama",
                            "draft",
                            "telemetry",
                            "engine",
                            "rpc",
                            "store",
                            "natives",
                            "lab")));

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

    static Set<String> rooms() {
        return MAY_USE.keySet();
    }

    @ParameterizedTest
    @MethodSource("rooms")
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
    void packagesOfDrafters_haveNoCycles() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        return room(type).equals("draft")
                                ? SliceIdentifier.of(type.getPackageName())
                                : SliceIdentifier.ignore();
                    }

                    @Override
                    public String getDescription() {
                        return "the packages of drafters";
                    }
                })
                .should()
                .beFreeOfCycles()
                .check(ours);
    }

    @Test
    void generatedApi_isKnownToServicesAndTheirCallersOnly() {
        classes()
                .that(resideInAnyPackage("io.aded.."))
                .and(describe(
                        "are neither rpc nor lab nor cli",
                        type -> !Set.of("rpc", "lab", "cli").contains(room(type))))
                .should()
                .onlyDependOnClassesThat(describe(
                        "are not generated", type -> !type.getPackageName().startsWith("io.aded.v1")))
                .check(ours);
    }

    /** What differs between builds of llama.cpp, raw pointers and all, stays behind the binding. */
    @Test
    void libraryLines_areKnownToTheBindingOnly() {
        noClasses()
                .that(describe("are not in llama", type -> !room(type).equals("llama")))
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.aded.llama.abi.."))
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
    void grpc_isKnownToServicesAndTheirCallersOnly() {
        noClasses()
                .that(describe(
                        "are neither rpc nor lab nor cli",
                        type -> !Set.of("rpc", "lab", "cli").contains(room(type))))
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.grpc..", "com.google.protobuf..", "com.google.rpc.."))
                .check(ours);
    }

    @Test
    void commandLineParser_isKnownToCommandLineOnly() {
        noClasses()
                .that(describe("are not in cli", type -> !room(type).equals("cli")))
                .should()
                .dependOnClassesThat(resideInAnyPackage("picocli.."))
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
