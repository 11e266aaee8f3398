package io.aded;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.aded.model.TargetModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The picture of the house, kept true. Which room uses which stands in ARCHITECTURE.md, and nowhere else: this test
 * reads it there and holds the compiled classes against it.
 */
class ArchitectureTest {
    private static final String ROOT = "io.aded.";

    /** Room to the rooms that it uses, as the table of ARCHITECTURE.md has it. */
    private static Map<String, Set<String>> table = Map.of();

    /** The lines of the picture in ARCHITECTURE.md, the topmost first; each with its rooms. */
    private static List<Set<String>> picture = List.of();

    private static JavaClasses ours;

    @BeforeAll
    static void read() throws IOException {
        String document = Files.readString(Path.of("..", "ARCHITECTURE.md"));
        table = table(document);
        picture = picture(document);
        // What our classes name is all that the rules ask about; reading the libraries behind it would take a minute.
        ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
        ours = new ClassFileImporter()
                .importUrl(
                        TargetModel.class.getProtectionDomain().getCodeSource().getLocation());
    }

    /** Rows such as {@code | `draft` | what might come next | `model` |}. */
    private static Map<String, Set<String>> table(String document) {
        Pattern quoted = Pattern.compile("`([a-z]+)`");
        Map<String, Set<String>> rows = new TreeMap<>();
        for (String line : section(document, "## The rooms").lines().toList()) {
            String[] cells = line.split("\\|");
            if (cells.length == 4 && cells[1].strip().matches("`[a-z]+`")) {
                Set<String> uses = quoted.matcher(cells[3])
                        .results()
                        .map(found -> found.group(1))
                        .collect(Collectors.toCollection(TreeSet::new));
                assertThat(rows.put(cells[1].strip().replace("`", ""), uses))
                        .as("an earlier row of " + cells[1])
                        .isNull();
            }
        }
        return rows;
    }

    /** Lines such as {@code decoding     engine   natives}: what the line is called, and its rooms. */
    private static List<Set<String>> picture(String document) {
        String block = section(document, "## Bird's eye").split("```text\n")[1].split("```")[0];
        return block.lines()
                .map(line -> Set.copyOf(List.of(line.strip().split(" +"))
                        .subList(1, line.strip().split(" +").length)))
                .toList();
    }

    private static String section(String document, String heading) {
        int start = document.indexOf(heading + "\n");
        assertThat(start).as("place of \"" + heading + "\" in ARCHITECTURE.md").isNotNegative();
        int end = document.indexOf("\n## ", start);
        return document.substring(start, end < 0 ? document.length() : end);
    }

    private static String room(JavaClass type) {
        String name = type.getPackageName();
        return name.startsWith(ROOT) ? name.substring(ROOT.length()).split("\\.")[0] : "";
    }

    @Test
    void rooms_areThoseOfTheTableAndThePicture() {
        Set<String> rooms = ours.stream().map(ArchitectureTest::room).collect(Collectors.toCollection(TreeSet::new));
        assertThat(ours.size()).isGreaterThan(50);
        assertThat(table.keySet())
                .as("rooms in the table of ARCHITECTURE.md; to the packages there are")
                .isEqualTo(rooms);
        assertThat(picture.stream().flatMap(Set::stream))
                .as("rooms in the picture of ARCHITECTURE.md")
                .containsExactlyInAnyOrderElementsOf(rooms);
    }

    static Set<String> rooms() {
        return table.keySet();
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void room_usesWhatTheTableSays(String room) {
        Set<String> used = ours.stream()
                .filter(type -> room(type).equals(room))
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .map(dependency -> room(dependency.getTargetClass().getBaseComponentType()))
                .filter(other -> table.containsKey(other) && !other.equals(room))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(used)
                .as("what " + room + " uses; to the table of ARCHITECTURE.md")
                .isEqualTo(table.get(room));
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void room_usesNothingAboveItInThePicture(String room) {
        int line = 0;
        while (!picture.get(line).contains(room)) {
            line++;
        }
        Set<String> above =
                picture.subList(0, line).stream().flatMap(Set::stream).collect(Collectors.toSet());
        assertThat(table.get(room)).noneMatch(above::contains);
    }

    @Test
    void rooms_haveNoCycles() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(ours);
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

    /** See {@code llama.ProcessEnd}: any other way may end in a fault of native code. */
    @Test
    void processes_areHaltedInOnePlaceOnly() {
        noClasses()
                .that(describe(
                        "are not llama.ProcessEnd", type -> !type.getFullName().equals("io.aded.llama.ProcessEnd")))
                .should()
                .callMethodWhere(describe(
                        "it halts the process",
                        call -> call.getTarget().getFullName().startsWith("java.lang.Runtime.halt(")))
                .check(ours);
    }

    /** Where the system's language has digits of its own, they would be in schemas, prompts and names of files. */
    @Test
    void formats_nameTheirLocale() {
        Set<String> formatting = Set.of("format", "formatted", "printf");
        Set<String> owners = Set.of("java.lang.String", "java.io.PrintStream");
        noClasses()
                .should()
                .callMethodWhere(describe(
                        "it formats in the system's language",
                        call -> formatting.contains(call.getName())
                                && owners.contains(call.getTargetOwner().getName())
                                && !call.getTarget()
                                        .getRawParameterTypes()
                                        .getFirst()
                                        .getName()
                                        .equals("java.util.Locale")))
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

    /** What tells the time, chances or the environment to whoever asks, by its class and name. */
    private static final Set<String> SOURCES = Set.of(
            "java.lang.System.nanoTime",
            "java.lang.System.currentTimeMillis",
            "java.lang.System.getenv",
            "java.time.Clock.systemUTC",
            "java.time.Clock.systemDefaultZone",
            "java.time.Instant.now",
            "java.time.InstantSource.system",
            "java.time.LocalDate.now",
            "java.time.LocalDateTime.now",
            "java.time.ZoneId.systemDefault",
            "java.time.ZonedDateTime.now",
            "java.lang.Math.random",
            "java.security.SecureRandom.<init>",
            "java.util.Random.<init>",
            "java.util.UUID.randomUUID",
            "java.util.concurrent.ThreadLocalRandom.current");

    /** Who may ask, and why: the exceptions of ARCHITECTURE.md's thirteenth invariant. */
    private static final Map<String, String> MAY_ASK = Map.ofEntries(
            // Where a program begins: what is passed in from there on.
            Map.entry("cli.AlignCommand", "the date in a file, and the clock of a bar"),
            Map.entry("cli.AlignRecordOptions", "the date in a file"),
            Map.entry("cli.DraftCommand", "the date in a file"),
            Map.entry("cli.Logging", "the clock of the log"),
            Map.entry("cli.ProgressPrinter", "how often a bar is drawn"),
            Map.entry("cli.RecordCommand", "the date in a file, and the clock of a bar"),
            Map.entry("engine.Engine", "the clock, where an embedder names none"),
            Map.entry("rpc.AdedServer", "the clocks, where an embedder names none"),
            Map.entry("serving.Serving", "the clock, where an embedder names none"),
            Map.entry("telemetry.Telemetry", "the clocks, where an embedder names none"),
            Map.entry("llama.LlamaLibrary", "the environment, where an embedder names none"),
            Map.entry("llama.LlamaModel", "the clock and the zone of chat templates"),
            Map.entry("natives.NativesStore", "the date of an installation"),
            Map.entry("store.ProcessEnvironment", "the environment itself"),
            // Threads of their own that wait, where a monitor or the system's sleep may end too soon.
            Map.entry("engine.Crew", "when helpers sleep"),
            Map.entry("host.EngineGuard", "looks at engines once a second"),
            Map.entry("serving.PreparationPool", "how long a thread without work stays"),
            Map.entry("store.Downloader", "pauses, and transfers that stall"),
            // What nobody is to guess, or what no two may have alike.
            Map.entry("llama.SamplerChains", "a seed, where the caller states none"),
            Map.entry("serving.Conversations", "names of conversations"),
            Map.entry("rpc.PathClaim", "a mark that nobody else writes"),
            Map.entry("rpc.Statuses", "the number under which the log has a fault"),
            Map.entry("rpc.UnixSocket", "a name beside the socket's"),
            // Measuring.
            Map.entry("lab.experiment.BareContender", "measures"),
            Map.entry("lab.experiment.Benchmark", "measures"),
            Map.entry("lab.experiment.ExperimentPlan", "the date of a report"),
            Map.entry("lab.load.Attack", "measures"),
            Map.entry("lab.load.LoadPlan", "the date of a report"),
            Map.entry("lab.load.LoadSession", "the clock of a bar"),
            Map.entry("lab.load.Pace", "sends when it is time"),
            Map.entry("lab.load.StandInModel", "sleeps for as long as a pass takes"),
            Map.entry("lab.offline.Replay", "measures"),
            Map.entry("lab.schema.RandomAnswers", "measures"));

    @Test
    void clocksChanceAndEnvironment_areAskedByThoseOfTheListOnly() {
        Set<String> asking = new TreeSet<>();
        for (JavaClass type : ours) {
            boolean asks = type.getAccessesFromSelf().stream()
                    .filter(access -> !(access.getTarget() instanceof CodeUnitAccessTarget called)
                            || !called.getName().equals("<init>")
                            || called.getRawParameterTypes().isEmpty()) // with a seed it is no source
                    .anyMatch(access -> SOURCES.contains(access.getTargetOwner().getName() + "."
                            + access.getTarget().getName()));
            if (asks) {
                asking.add(type.getName().substring(ROOT.length()).replaceFirst("\\$.*", ""));
            }
        }
        assertThat(asking).isEqualTo(new TreeSet<>(MAY_ASK.keySet()));
    }
}
