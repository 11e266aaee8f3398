package io.aded.cli;

import io.aded.lab.offline.RecordedSets;
import io.aded.lab.recording.Recordings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which recorded answers. */
final class RecordingOptions {
    @Parameters(arity = "1..*", paramLabel = "FILE|DIR", description = "Recordings, or folders of them (*.bin).")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--headerless", description = "They are of version 0, as recordings were before they had a header.")
    private boolean headerless;

    /** Reads them. */
    RecordedSets read() {
        return RecordedSets.of(Recordings.read(files, headerless));
    }

    /** What they are, for files that are made of them. */
    String description() {
        return Recordings.read(files, headerless).entrySet().stream()
                .map(set -> set.getKey() + ": " + set.getValue().answers().size() + " answers of "
                        + set.getValue().facts().getOrDefault("model", "an unknown model"))
                .collect(Collectors.joining(", "));
    }
}
