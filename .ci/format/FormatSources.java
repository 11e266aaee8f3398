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

/**
 * Runs palantir-java-format (120 columns) over the Java sources below a directory, build output left out.
 *
 * <p>Arguments: {@code check} (exit 1 and name the files that would change) or {@code apply} (change them), then the
 * directory.
 */
final class FormatSources {
    private static final Set<String> SKIPPED = Set.of("target", "node_modules", ".git", ".venv", "shared");

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
            System.exit(1);
        }
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
