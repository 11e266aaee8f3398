import com.sun.source.tree.ArrayAccessTree;
import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.BlockTree;
import com.sun.source.tree.BreakTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.CompoundAssignmentTree;
import com.sun.source.tree.ContinueTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.ReturnTree;
import com.sun.source.tree.StatementTree;
import com.sun.source.tree.ThrowTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.UnaryTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.Writer;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherExecutionRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Swaps every two statements of a block, in the methods where the order of statements is what makes the output right,
 * and runs the tests of that class on each result.
 *
 * <p>A swap that compiles and passes the tests must be one that cannot matter: each of the two statements, and each one
 * between, neither writes what the other reads or writes nor leaves the block. That is decided from what the statements
 * name, and from {@link #EFFECTS} for what the methods they call do. Any other survivor is a missing test, and fails.
 *
 * <pre>mvn -B -Dquick -Pswaps -pl server -am process-test-classes</pre>
 *
 * <p>{@code -Dswaps=-v} lists the swaps that cannot matter too, each with its reason, {@code -Dswaps=Candidates} runs
 * one class; see docs/testing.md.
 */
final class Swaps {
    /** A class, the methods in which to swap (none: all), and its tests. */
    private record Target(String type, List<String> methods, List<String> tests) {
        String simpleName() {
            return type.substring(type.lastIndexOf('.') + 1);
        }
    }

    private static final List<Target> TARGETS = List.of(
            new Target("io.aded.engine.Verification", List.of("walk"), List.of("io.aded.engine.VerificationTest")),
            new Target(
                    "io.aded.draft.adaptive.EvidenceWeights",
                    List.of(),
                    List.of("io.aded.draft.adaptive.EvidenceWeightsTest", "io.aded.draft.adaptive.EvidencePriorTest")),
            new Target(
                    "io.aded.draft.adaptive.Candidates",
                    List.of("gather"),
                    List.of("io.aded.draft.adaptive.CandidatesTest")));

    /**
     * What a method does beside reading its arguments, as "reads > writes"; one that is not here may do anything. A
     * receiver that changes nothing is not named: while one context's candidates are gathered, no row is.
     */
    private static final Map<String, String> EFFECTS = new HashMap<>();

    static {
        for (String pure : List.of(
                // of numbers
                "min clamp sqrt exp isFinite bin log2 lengthBucket runBucket gapBucket resumedBucket frequencyBucket",
                // of what stands still meanwhile
                "trigram find sightings weight age count recency length matches resumeAt resumeLength gap run",
                "isPlainGreedy cells probabilities size token allocate order")) {
            Arrays.stream(pure.split(" ")).forEach(name -> EFFECTS.put(name, ">"));
        }
        // A candidate that is added leaves those before it as they are: their token, and which match is theirs.
        String added = "size slots trigramRank trigramWeight bigramRank bigramWeight runnerUpBin latestBin";
        EFFECTS.put("addMatches", "epoch " + added + "> tokens matchLength matchAt votes " + added);
        for (String adds : List.of("addRow", "addTokensOfNoContext", "resumed")) {
            EFFECTS.put(adds, "epoch " + added + ">" + added);
        }
        EFFECTS.put("bestMatch", "matchLength matchAt >");
        EFFECTS.put("suffixCell", "matchLength matchAt votes longest >");
        EFFECTS.put("expect", "> expected");
        EFFECTS.put("fill", "> slots strength nothing");
        EFFECTS.put("put", "> facts");
    }

    /** Swaps that cannot matter for a reason that is not in the names: the method, both statements, the reason. */
    private static final List<List<String>> REASONS = List.of(
            List.of(
                    "learn",
                    "if (owed < SMALLEST_ERROR) { continue; }",
                    "error = -owed;",
                    "the error is this candidate's own, and if it is passed over nobody reads it"),
            List.of(
                    "read",
                    "if (!envelope.fact(EVIDENCE).equals(Candidates.LAYOUT) || envelope.body().remaining() !="
                            + " Float.BYTES * Candidates.CELLS) { throw new AdedException.InvalidArtifact("
                            + " \"PRIOR_DOES_NOT_FIT\", what + \" was fitted to other evidence (\" +"
                            + " envelope.fact(EVIDENCE) + \"); this build's is: \" + Candidates.LAYOUT); }",
                    "float[] weights = new float[Candidates.CELLS];",
                    "an empty array of a fixed length; if the file is refused nobody reads it"));

    private static final String INDEPENDENT = "neither writes what the other, or one between, reads or writes";
    /** A mutant that runs for longer does not end. */
    private static final long SECONDS = 120;

    private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();
    private static final JavaFileManager FILES = COMPILER.getStandardFileManager(null, null, null);

    private enum Outcome {
        DOES_NOT_COMPILE,
        FAILS_A_TEST,
        CANNOT_MATTER,
        UNEXPLAINED
    }

    private final Path module;
    private final boolean verbose;

    private Swaps(Path module, boolean verbose) {
        this.module = module;
        this.verbose = verbose;
    }

    public static void main(String[] arguments) throws Exception {
        List<String> options = List.of(arguments[1].split(","));
        Swaps swaps = new Swaps(Path.of(arguments[0]), options.contains("-v"));
        List<Target> chosen = TARGETS.stream()
                .filter(target -> options.contains(target.simpleName()))
                .toList();
        long unexplained = 0;
        for (Target target : chosen.isEmpty() ? TARGETS : chosen) {
            unexplained += swaps.run(target);
        }
        if (unexplained > 0) {
            System.out.println(unexplained + " swaps need a test, or a reason");
        }
        // A mutant that runs for ever has a thread of its own.
        System.exit(unexplained > 0 ? 1 : 0);
    }

    private long run(Target target) throws Exception {
        Path file = module.resolve("src/main/java/" + target.type().replace('.', '/') + ".java");
        String source = Files.readString(file);
        if (!passes(target, compile(target.type(), source))) {
            throw new IllegalStateException(target.tests() + " fail already");
        }
        Map<Outcome, Long> outcomes = swaps(target, source).stream()
                .collect(Collectors.groupingBy(swap -> outcome(target, source, swap), Collectors.counting()));
        System.out.printf(
                "%s%s: %d swaps do not compile, %d fail a test, %d cannot matter, %d unexplained%n",
                target.simpleName(),
                target.methods().isEmpty() ? "" : target.methods(),
                outcomes.getOrDefault(Outcome.DOES_NOT_COMPILE, 0L),
                outcomes.getOrDefault(Outcome.FAILS_A_TEST, 0L),
                outcomes.getOrDefault(Outcome.CANNOT_MATTER, 0L),
                outcomes.getOrDefault(Outcome.UNEXPLAINED, 0L));
        return outcomes.getOrDefault(Outcome.UNEXPLAINED, 0L);
    }

    private Outcome outcome(Target target, String source, Swap swap) {
        Map<String, byte[]> classes = compile(target.type(), swap.applied(source));
        if (classes.isEmpty()) {
            return Outcome.DOES_NOT_COMPILE;
        }
        boolean passes = passes(target, classes);
        String reason = swap.cannotMatter() ? INDEPENDENT : swap.reason(source);
        if (passes && reason != null) {
            if (verbose) {
                System.out.println("cannot matter: " + swap.described(source) + "\n    " + reason);
            }
            return Outcome.CANNOT_MATTER;
        }
        if (!passes && reason == null) {
            return Outcome.FAILS_A_TEST;
        }
        System.out.println((passes ? "SURVIVES: " : "MATTERS, although said not to: ") + swap.described(source));
        return Outcome.UNEXPLAINED;
    }

    // ---- The swaps ----

    /** Two statements of one block, by their place in it. */
    private record Swap(String method, List<int[]> places, List<Effects> effects, int first, int second) {
        String applied(String source) {
            int[] a = places.get(first);
            int[] b = places.get(second);
            return source.substring(0, a[0])
                    + source.substring(b[0], b[1])
                    + source.substring(a[1], b[0])
                    + source.substring(a[0], a[1])
                    + source.substring(b[1]);
        }

        /** Whether both may move past each other and past all that stands between. */
        boolean cannotMatter() {
            for (int between = first + 1; between <= second; between++) {
                if (!effects.get(first).commutes(effects.get(between))
                        || !effects.get(second).commutes(effects.get(between - 1))) {
                    return false;
                }
            }
            return true;
        }

        String reason(String source) {
            String one = shown(source, places.get(first));
            String other = shown(source, places.get(second));
            return REASONS.stream()
                    .filter(known -> known.subList(0, 3).equals(List.of(method, one, other)))
                    .map(List::getLast)
                    .findFirst()
                    .orElse(null);
        }

        String described(String source) {
            return "%s, line %d\n    %s\n    %s"
                    .formatted(
                            method,
                            source.substring(0, places.get(first)[0]).lines().count(),
                            shown(source, places.get(first)),
                            shown(source, places.get(second)));
        }

        private static String shown(String source, int[] place) {
            return source.substring(place[0], place[1]).replaceAll("\\s+", " ");
        }
    }

    private static List<Swap> swaps(Target target, String source) throws Exception {
        JavacTask task =
                (JavacTask) COMPILER.getTask(null, null, null, null, null, List.of(text(target.type(), source)));
        CompilationUnitTree unit = task.parse().iterator().next();
        SourcePositions positions = Trees.instance(task).getSourcePositions();
        List<Swap> swaps = new ArrayList<>();
        new TreeScanner<Void, String>() {
            @Override
            public Void visitMethod(MethodTree method, String outer) {
                String name = method.getName().toString();
                return target.methods().isEmpty() || target.methods().contains(name)
                        ? super.visitMethod(method, name)
                        : null;
            }

            @Override
            public Void visitBlock(BlockTree block, String method) {
                List<int[]> places = new ArrayList<>();
                List<Effects> effects = new ArrayList<>();
                for (StatementTree statement : block.getStatements()) {
                    places.add(new int[] {
                        (int) positions.getStartPosition(unit, statement),
                        (int) positions.getEndPosition(unit, statement)
                    });
                    effects.add(Effects.of(statement));
                }
                for (int first = 0; method != null && first < places.size(); first++) {
                    for (int second = first + 1; second < places.size(); second++) {
                        swaps.add(new Swap(method, places, effects, first, second));
                    }
                }
                return super.visitBlock(block, method);
            }
        }.scan(unit, null);
        return swaps;
    }

    // ---- What a statement does ----

    /** What a statement reads, what it writes, and whether it may do more than that. */
    private record Effects(Set<String> reads, Set<String> writes, boolean[] anything) {
        static Effects of(Tree statement) {
            Effects effects = new Effects(new HashSet<>(), new HashSet<>(), new boolean[1]);
            new Reader(effects).scan(statement, null);
            return effects;
        }

        boolean commutes(Effects other) {
            return !anything[0]
                    && !other.anything[0]
                    && disjoint(writes, other.writes)
                    && disjoint(writes, other.reads)
                    && disjoint(reads, other.writes);
        }

        private static boolean disjoint(Set<String> some, Set<String> others) {
            return some.stream().allMatch(one -> others.stream().allMatch(other -> distinct(one, other)));
        }

        /** Places are names, or "array[index + number]"; two of one array are distinct if only the number differs. */
        private static boolean distinct(String one, String other) {
            if (one.equals(other)) {
                return false;
            }
            String[] a = one.split("\\[", 2);
            String[] b = other.split("\\[", 2);
            if (!a[0].equals(b[0])) {
                return true;
            }
            return a.length == 2
                    && b.length == 2
                    && a[1].split("\\+")[0].equals(b[1].split("\\+")[0])
                    && !a[1].contains("?")
                    && !b[1].contains("?");
        }
    }

    private static final class Reader extends TreeScanner<Void, Void> {
        private final Effects effects;
        private int loops;

        Reader(Effects effects) {
            this.effects = effects;
        }

        @Override
        public Void visitIdentifier(IdentifierTree name, Void unused) {
            effects.reads().add(place(name));
            return null;
        }

        @Override
        public Void visitMemberSelect(MemberSelectTree select, Void unused) {
            // A constant or a field of another object, which none of these methods writes.
            return select.getExpression() instanceof IdentifierTree ? null : super.visitMemberSelect(select, unused);
        }

        @Override
        public Void visitArrayAccess(ArrayAccessTree access, Void unused) {
            effects.reads().add(place(access));
            return scan(access.getIndex(), null);
        }

        @Override
        public Void visitVariable(VariableTree variable, Void unused) {
            effects.writes().add(variable.getName().toString());
            return scan(variable.getInitializer(), null);
        }

        @Override
        public Void visitAssignment(AssignmentTree assignment, Void unused) {
            write(assignment.getVariable());
            return scan(assignment.getExpression(), null);
        }

        @Override
        public Void visitCompoundAssignment(CompoundAssignmentTree assignment, Void unused) {
            write(assignment.getVariable());
            return super.visitCompoundAssignment(assignment, unused);
        }

        @Override
        public Void visitUnary(UnaryTree unary, Void unused) {
            if (unary.getKind().toString().matches(".*(INCREMENT|DECREMENT)")) {
                write(unary.getExpression());
            }
            return super.visitUnary(unary, unused);
        }

        @Override
        public Void visitMethodInvocation(MethodInvocationTree call, Void unused) {
            ExpressionTree method = call.getMethodSelect();
            String name = method instanceof MemberSelectTree select
                    ? select.getIdentifier().toString()
                    : method.toString();
            String effect = EFFECTS.get(name);
            if (effect == null) {
                effects.anything()[0] = true;
            } else {
                String[] sides = effect.split(">", -1);
                add(sides[0], effects.reads());
                add(sides[1], effects.writes());
            }
            return scan(call.getArguments(), null);
        }

        private static void add(String places, Set<String> to) {
            Arrays.stream(places.split(" ")).filter(place -> !place.isEmpty()).forEach(to::add);
        }

        @Override
        public Void visitNewClass(NewClassTree made, Void unused) {
            effects.anything()[0] = true;
            return null;
        }

        @Override
        public Void visitLambdaExpression(LambdaExpressionTree lambda, Void unused) {
            effects.anything()[0] = true;
            return null;
        }

        @Override
        public Void visitReturn(ReturnTree leaves, Void unused) {
            effects.anything()[0] = true;
            return null;
        }

        @Override
        public Void visitThrow(ThrowTree leaves, Void unused) {
            effects.anything()[0] = true;
            return null;
        }

        @Override
        public Void visitBreak(BreakTree leaves, Void unused) {
            effects.anything()[0] |= loops == 0;
            return null;
        }

        @Override
        public Void visitContinue(ContinueTree leaves, Void unused) {
            effects.anything()[0] |= loops == 0;
            return null;
        }

        @Override
        public Void scan(Tree tree, Void unused) {
            boolean loop = tree != null && tree.getKind().toString().endsWith("_LOOP");
            loops += loop ? 1 : 0;
            super.scan(tree, unused);
            loops -= loop ? 1 : 0;
            return null;
        }

        private void write(ExpressionTree target) {
            effects.writes().add(place(target));
            if (target instanceof ArrayAccessTree access) {
                scan(access.getIndex(), null);
            }
        }

        private static String place(ExpressionTree target) {
            return switch (target) {
                case IdentifierTree name -> name.getName().toString();
                case ArrayAccessTree access -> place(access.getExpression()) + "[" + index(access.getIndex()) + "]";
                default -> target.toString();
            };
        }

        private static String index(ExpressionTree index) {
            if (index instanceof IdentifierTree name) {
                return name + "+0";
            }
            return index instanceof BinaryTree sum
                            && sum.getKind() == Tree.Kind.PLUS
                            && sum.getLeftOperand() instanceof IdentifierTree name
                            && sum.getRightOperand() instanceof LiteralTree number
                    ? name + "+" + number
                    : "?";
        }
    }

    // ---- Compiling and running ----

    private static JavaFileObject text(String type, String source) {
        return new SimpleJavaFileObject(
                URI.create("string:///" + type.replace('.', '/') + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return source;
            }
        };
    }

    /** The classes of a source by name; none if it does not compile. */
    private static Map<String, byte[]> compile(String type, String source) {
        Map<String, ByteArrayOutputStream> written = new HashMap<>();
        JavaFileManager inMemory = new ForwardingJavaFileManager<>(FILES) {
            @Override
            public JavaFileObject getJavaFileForOutput(
                    Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
                return new SimpleJavaFileObject(URI.create("memory:///" + name), kind) {
                    @Override
                    public OutputStream openOutputStream() {
                        return written.computeIfAbsent(name, _ -> new ByteArrayOutputStream());
                    }
                };
            }
        };
        List<String> options = List.of("-proc:none", "-nowarn", "-cp", System.getProperty("java.class.path"));
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        boolean compiles = COMPILER.getTask(
                        Writer.nullWriter(), inMemory, messages, options, null, List.of(text(type, source)))
                .call();
        if (!compiles && messages.getDiagnostics().stream().noneMatch(message -> message.getSource() != null)) {
            throw new IllegalStateException("the compiler failed: " + messages.getDiagnostics());
        }
        Map<String, byte[]> classes = new HashMap<>();
        if (compiles) {
            written.forEach((name, bytes) -> classes.put(name, bytes.toByteArray()));
        }
        return classes;
    }

    /** Loads our classes anew for each run: the changed one, and all that see it. */
    private static final class Loader extends URLClassLoader {
        private final Map<String, byte[]> changed;

        Loader(URL[] urls, Map<String, byte[]> changed) {
            super(urls, Swaps.class.getClassLoader());
            this.changed = changed;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("io.aded.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                if (known != null) {
                    return known;
                }
                byte[] bytes = changed.get(name);
                return bytes == null ? findClass(name) : defineClass(name, bytes, 0, bytes.length);
            }
        }
    }

    private boolean passes(Target target, Map<String, byte[]> classes) {
        CompletableFuture<Boolean> passed = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                passed.complete(execute(target, classes));
            } catch (Throwable e) {
                passed.complete(false);
            }
        });
        try {
            return passed.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean execute(Target target, Map<String, byte[]> classes) throws Exception {
        URL[] places = {
            module.resolve("target/classes/").toUri().toURL(),
            module.resolve("target/test-classes/").toUri().toURL()
        };
        try (Loader loader = new Loader(places, classes)) {
            Thread.currentThread().setContextClassLoader(loader);
            LauncherDiscoveryRequestBuilder tests = LauncherDiscoveryRequestBuilder.request();
            for (String test : target.tests()) {
                tests.selectors(DiscoverySelectors.selectClass(loader.loadClass(test)));
            }
            CancellationToken atTheFirstFailure = CancellationToken.create();
            boolean[] failed = new boolean[1];
            int[] run = new int[1];
            TestExecutionListener listener = new TestExecutionListener() {
                @Override
                public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                    run[0]++;
                    if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                        failed[0] = true;
                        atTheFirstFailure.cancel();
                    }
                }
            };
            LauncherFactory.create()
                    .execute(LauncherExecutionRequestBuilder.request(tests.build())
                            .cancellationToken(atTheFirstFailure)
                            .listeners(listener)
                            .build());
            return !failed[0] && run[0] > 1;
        }
    }
}
