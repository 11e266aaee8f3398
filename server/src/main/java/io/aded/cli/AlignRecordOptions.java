package io.aded.cli;

import io.aded.engine.AnswerRecorder;
import io.aded.host.AdedVersion;
import io.aded.lab.alignment.TrafficExport;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.store.WritableFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether answers are kept whose callers allow it, and where. */
final class AlignRecordOptions {
    private static final int USUAL_MEGABYTES = 1024;

    @Option(
            names = "--align-record",
            paramLabel = "DIR",
            description = "Keep there, to align draft models by (docs/alignment.md), prompts and answers of the turns"
                    + " whose callers allow it (draft.allow_training), and of no others. Default: nothing is kept.")
    private @Nullable Path folder;

    @Option(
            names = "--align-record-limit",
            paramLabel = "MB",
            description = "The most that is kept there; then nothing more is. Default: 1024.")
    private @Nullable Integer megabytes;

    /** What opens the recorder; null if nothing is to be kept. */
    AnswerRecorder.@Nullable Opener opener(Terminal terminal) {
        Path kept = folder;
        int most = megabytes == null ? USUAL_MEGABYTES : megabytes;
        List<FieldViolation> wrong = new ArrayList<>();
        LoadOptions.within(wrong, "--align-record-limit", most, 1, 1 << 24);
        LoadOptions.refuse(
                wrong,
                kept == null && megabytes != null,
                "--align-record-limit",
                "bounds a folder that is not named; name it with --align-record");
        LoadOptions.refuse(
                wrong,
                kept != null && Files.exists(kept) && !Files.isDirectory(kept),
                "--align-record",
                "names " + kept + ", which is a file; allowed: a folder");
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        if (kept != null) {
            WritableFile.require(kept.resolve("export.json"), "what is kept for alignment");
        }
        return kept == null
                ? null
                : TrafficExport.opener(
                        kept,
                        most * 1_000_000L,
                        InstantSource.system()
                                .instant()
                                .truncatedTo(ChronoUnit.SECONDS)
                                .toString(),
                        AdedVersion.text(),
                        terminal::note);
    }
}
