package io.aded.cli;

import io.aded.lab.offline.RecordedSets;
import io.aded.lab.recording.Recordings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Parameters;

/** Which recorded answers. */
final class RecordingOptions {
    @Parameters(arity = "1..*", paramLabel = "FILE|DIR", description = "Recordings, or folders of them (*.bin).")
    private List<Path> files = new ArrayList<>();

    /** Reads them. */
    RecordedSets read() {
        return RecordedSets.of(Recordings.read(files));
    }
}
