import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Runs palantir-java-format (120 columns) over the Java sources below a directory, build output left out, and looks for
 * comments that are wider, which the formatter leaves as they are.
 *
 * <p>Arguments: {@code check} (exit 1 and name the files that would change) or {@code apply} (change them), then the
 * directory. Wide comments are named in either case; only a check fails on them.
 */
final class FormatSources {
    private static final Set<String> SKIPPED = Set.of("target", "node_modules", ".git", ".venv", "shared");

    private static final int COLUMNS = 120;

    private FormatSources() {}

    public static void main(String[] arguments) throws IOException {
        boolean apply = switch (arguments[0]) {
            case "apply" -> true;
            case "check" -> false;
            default -> throw new IllegalArgumentException("is " + arguments[0] + "; allowed: check, apply");
        };
        Path root = Path.of(arguments[1]).toRealPath();
        Formatter formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        List<Path> sources = sourcesBelow(root);
        List<Path> changed = sources.parallelStream()
                .filter(source -> !reformat(formatter, source, apply))
                .sorted()
                .toList();
        changed.forEach(
                source -> System.out.println((apply ? "formatted " : "not formatted: ") + root.relativize(source)));
        if (!apply && !changed.isEmpty()) {
            System.out.println(
                    changed.size() + " of " + sources.size() + " Java files are not formatted. To mend them:\n"
                            + "    mvn -q -B -pl .ci/format verify -Dformat=apply");
        }
        List<String> wide = sources.stream()
                .flatMap(source -> wideComments(source).map(line -> root.relativize(source) + ":" + line))
                .toList();
        wide.forEach(place -> System.out.println("comment wider than " + COLUMNS + " columns: " + place));
        if (!apply && !(wide.isEmpty() && changed.isEmpty())) {
            System.exit(1);
        }
    }

    /** The numbers of lines that are a comment, or end in one, and are too wide. An address cannot be broken. */
    private static Stream<Integer> wideComments(Path source) {
        List<String> lines;
        try {
            lines = Files.readAllLines(source);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return IntStream.range(0, lines.size())
                .filter(i -> lines.get(i).codePointCount(0, lines.get(i).length()) > COLUMNS)
                .filter(i -> lines.get(i).strip().matches("(\\*|//|/\\*).*|.*[;{,)] // .*"))
                .filter(i -> !lines.get(i).contains("://"))
                .mapToObj(i -> i + 1);
    }

    /** Whether the file was as it should be. */
    private static boolean reformat(Formatter formatter, Path source, boolean apply) {
        try {
            String before = Files.readString(source);
            String after = formatter.formatSourceAndFixImports(before);
            if (apply && !after.equals(before)) {
                Files.writeString(source, after);
            }
            return after.equals(before);
        } catch (FormatterException e) {
            throw new IllegalStateException(source + " cannot be parsed: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> sourcesBelow(Path root) throws IOException {
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                boolean skipped = SKIPPED.contains(String.valueOf(directory.getFileName()));
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().endsWith(".java")) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return found;
    }
}
